/** What is asked for and answered: a small chat answer, whole and as a stream of a hundred events. */

/** One kind of request, the same for every system that is measured. */
export interface Payload {
  /** The model's name; it tells the upstream how to answer. */
  readonly name: string
  readonly title: string
  readonly stream: boolean
  /** Events of the stream that the upstream gives to one write. */
  readonly perWrite: number
  /** The most CPU-milliseconds a request may cost the gateway; absent where there is no aim. */
  readonly cpuAim: number | undefined
}

/** Events of a stream, the last word included. */
export const eventCount = 100

/** What is measured, in this order. */
export const payloads: ReadonlyArray<Payload> = [
  { name: "json", title: "JSON", stream: false, perWrite: 1, cpuAim: 0.16 },
  {
    name: "stream-together",
    title: `A stream of ${eventCount} events, ten to a write`,
    stream: true,
    perWrite: 10,
    cpuAim: 0.34
  },
  {
    name: "stream-apart",
    title: `A stream of ${eventCount} events, each a write of its own`,
    stream: true,
    perWrite: 1,
    cpuAim: undefined
  }
]

/** The body of a request. */
export const bodyOf = ({ name, stream }: Payload): string =>
  JSON.stringify({
    model: name,
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: "Tell me about the failover of language models, in a few words. ".repeat(8) }
    ],
    ...(stream && { stream: true })
  })

/** The beginning of the first content of an answer. */
export const firstContent = "word0"

const words = Array.from({ length: eventCount - 3 }, (_, index) => `word${index} `)

/** The whole answer. */
export const answer: string = JSON.stringify({
  id: "chatcmpl-Bench0000000000000000000000",
  object: "chat.completion",
  created: 1_760_000_000,
  model: "bench-1",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: words.join("") },
      logprobs: null,
      finish_reason: "stop"
    }
  ],
  usage: { prompt_tokens: 120, completion_tokens: words.length, total_tokens: 120 + words.length },
  system_fingerprint: "fp_0000000000"
})

const event = (delta: unknown, finishReason: string | null): string =>
  `data: ${JSON.stringify({
    id: "chatcmpl-Bench0000000000000000000000",
    object: "chat.completion.chunk",
    created: 1_760_000_000,
    model: "bench-1",
    system_fingerprint: "fp_0000000000",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }]
  })}\n\n`

/** The events of the streamed answer: a role, the words, a finish and the last word. */
export const events: ReadonlyArray<string> = [
  event({ role: "assistant", content: "" }, null),
  ...words.map((content) => event({ content }, null)),
  event({}, "stop"),
  "data: [DONE]\n\n"
]

/** Whether an answer came to its end: what every system has to pass on. */
export const isWhole = ({ stream }: Payload, text: string): boolean =>
  text.includes(firstContent) && text.includes(words.at(-1)!.trim()) && (!stream || text.includes("[DONE]"))
