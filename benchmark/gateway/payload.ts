/** The payloads: a small chat answer, whole and as a stream of a hundred events. */

/** One kind of request, the same for every system that is measured. */
export interface Payload {
  /** The model's name, which decides how the upstream answers. */
  readonly name: string
  readonly title: string
  readonly stream: boolean
  /** The events of the stream in one write of the upstream. */
  readonly perWrite: number
  /** The most CPU milliseconds of a request in the gateway; absent without an aim. */
  readonly cpuAim: number | undefined
  /** The protocols of callers and target, if they differ. Such payloads are for our gateway only. */
  readonly translated?: { readonly caller: Protocol; readonly target: Protocol } | undefined
}

/** A protocol: chats are OpenAI's, messages Anthropic's. */
export type Protocol = "chats" | "messages"

const paths: Readonly<Record<Protocol, string>> = {
  chats: "/v1/chat/completions",
  messages: "/v1/messages"
}

/** The path to which callers of a gateway post a payload's request. */
export const pathOf = ({ translated }: Payload): string => paths[translated?.caller ?? "chats"]

/** The path at the target, for the cost of a request without a proxy. */
export const targetPathOf = ({ translated }: Payload): string => paths[translated?.target ?? "chats"]

/** The events of a stream, the final one included. */
export const eventCount = 100

/** The payloads, in the order of measurement. */
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
  },
  ...(["messages", "chats"] as const).flatMap((caller): ReadonlyArray<Payload> => {
    const target = caller === "chats" ? "messages" : "chats"
    const common = { cpuAim: undefined, translated: { caller, target } } as const
    const way = `${caller} from a target of ${target}`
    return [
      { ...common, name: `json-${caller}`, title: `JSON translated, ${way}`, stream: false, perWrite: 1 },
      {
        ...common,
        name: `stream-${caller}`,
        title: `A stream of ${eventCount} events translated, ${way}, ten to a write`,
        stream: true,
        perWrite: 10
      }
    ]
  })
]

/** The body of a request in a protocol, by default that of its callers. */
export const bodyOf = (
  payload: Payload,
  protocol: Protocol = payload.translated?.caller ?? "chats"
): string => {
  const { name, stream } = payload
  const system = "You are a helpful assistant."
  const content = "Tell me about the failover of language models, in a few words. ".repeat(8)
  const user = { role: "user", content }
  return JSON.stringify({
    model: name,
    ...(protocol === "chats"
      ? { messages: [{ role: "system", content: system }, user] }
      : { max_tokens: 1024, system, messages: [user] }),
    ...(stream && { stream: true })
  })
}

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

/** The events of the streamed answer: a role, the words, a finish and the final event. */
export const events: ReadonlyArray<string> = [
  event({ role: "assistant", content: "" }, null),
  ...words.map((content) => event({ content }, null)),
  event({}, "stop"),
  "data: [DONE]\n\n"
]

/** The whole answer as a message. */
export const message: string = JSON.stringify({
  id: "msg_Bench00000000000000000000",
  type: "message",
  role: "assistant",
  model: "bench-1",
  content: [{ type: "text", text: words.join("") }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 120, output_tokens: words.length }
})

const named = (type: string, members: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`

/** The events of the message, as many as those of the chat. Three words are joined to others to make room for the protocol's own events. */
export const messageEvents: ReadonlyArray<string> = [
  named("message_start", {
    message: {
      ...JSON.parse(message),
      content: [],
      stop_reason: null,
      usage: { input_tokens: 120, output_tokens: 1 }
    }
  }),
  named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  ...[...words.slice(0, -3), words.slice(-3).join("")].map((text) =>
    named("content_block_delta", { index: 0, delta: { type: "text_delta", text } })
  ),
  named("content_block_stop", { index: 0 }),
  named("message_delta", {
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: words.length }
  }),
  named("message_stop", {})
]

/** The final event of a stream in a protocol. */
const lastWords: Readonly<Record<Protocol, string>> = { chats: "[DONE]", messages: "message_stop" }

/** Whether an answer is complete, as every system has to deliver it. */
export const isWhole = (
  { stream, translated }: Payload,
  text: string,
  protocol: Protocol = translated?.caller ?? "chats"
): boolean =>
  text.includes(firstContent) &&
  text.includes(words.at(-1)!.trim()) &&
  (!stream || text.includes(lastWords[protocol]))
