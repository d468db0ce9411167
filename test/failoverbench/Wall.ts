/**
 * The wall: a provider with OpenAI's protocol that fails on purpose.
 *
 * The name of the model selects the fault. `fb-ok` always answers, `fb-s01-…` to `fb-s16-…` have one fault each, as the
 * benchmark's catalogue describes them. Every attempt is recorded, since the provider's view of a gateway is half of
 * the score.
 *
 * https://github.com/failoverbench/failoverbench, `scenarios/catalogue.yaml`
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as FaultServer from "../support/FaultServer.ts"

/** The answer to every request: sixty words, compared exactly. */
export const text =
  "A provider keeps its word on calm days; what counts is the other days. When it throttles you, wait as long as it asks. When it falls silent, leave. When a stream breaks, say so, or bring the whole answer from somewhere else. Never pass half an answer off as a whole one, and go back soon after it recovered."

const words = text.split(" ")

/** One attempt that the upstream received. */
export interface Attempt {
  readonly model: string
  /** Milliseconds since the last reset. */
  readonly at: number
  /** Characters of the prompt. */
  readonly size: number
  /** How it was answered: `200`, `429`, `reset`, … */
  readonly answer: string
}

/** A running wall. */
export interface Wall {
  /** Its address, as a provider's base URL: `http://127.0.0.1:8401/v1`. */
  readonly baseUrl: string
  /** The attempts since the last reset. */
  readonly attempts: () => ReadonlyArray<Attempt>
  /** Milliseconds since the last reset. */
  readonly now: () => number
  /** Forgets all attempts. Faults that depend on time or on earlier attempts start again. */
  readonly reset: () => void
}

/** The options of the wall. */
export interface Options {
  /** The port. Default: a free one. */
  readonly port?: number | undefined
  /** The factor of all times; 1 for the published ones. */
  readonly scale: number
}

/** The times of the benchmark's full profile, in milliseconds. */
export const times = {
  retryAfter: 2_000,
  slowStart: 20_000,
  stall: 30_000,
  silence: 120_000,
  outage: 60_000,
  token: 15
}

/** The inputs of a fault. */
interface Ask {
  readonly model: string
  readonly stream: boolean
  readonly usage: boolean
  readonly promptWords: number
  /** The last message is the beginning of an answer that the model is to continue. */
  readonly isPrefilled: boolean
  /** The number of requests for this model so far, this one included. */
  readonly attempt: number
  /** Milliseconds since the last reset. */
  readonly at: number
  readonly time: (name: keyof typeof times) => number
}

type Reply = readonly [answer: string, behaviour: FaultServer.Behaviour]

/** Starts a wall. It closes with its scope. */
export const make = ({ port = 0, scale }: Options): Effect.Effect<Wall, never, Scope.Scope> =>
  Effect.map(FaultServer.makeAt(port), (server) => {
    let attempts: Array<Attempt> = []
    let since = performance.now()
    const now = () => performance.now() - since
    server.answer((request) => {
      const body = JSON.parse(request.body)
      const model = String(body.model)
      const at = now()
      const messages: ReadonlyArray<{ readonly role: string; readonly content: string }> = body.messages
      const prompt = messages.map(({ content }) => content).join(" ")
      const [answer, behaviour] = replyTo({
        model,
        stream: body.stream === true,
        usage: body.stream_options?.include_usage === true,
        promptWords: prompt.split(" ").length,
        isPrefilled: messages.at(-1)?.role === "assistant",
        attempt: attempts.filter((one) => one.model === model).length + 1,
        at,
        time: (name) => times[name] * scale
      })
      attempts.push({ model, at, size: prompt.length, answer })
      return behaviour
    })
    return {
      baseUrl: `${server.origin}/v1`,
      attempts: () => [...attempts],
      now,
      reset: () => {
        attempts = []
        since = performance.now()
      }
    }
  })

const replyTo = (ask: Ask): Reply => {
  const [, name] = /^fb-(ok-noprefill|ok|s\d\d)/.exec(ask.model) ?? []
  const fault = faults[name ?? ""]
  return fault === undefined ? refusal(404, "model_not_found", `there is no model ${ask.model}`) : fault(ask)
}

// -- good answers -------------------------------------------------------------------------------------------------

const usageOf = ({ promptWords }: Ask) => ({
  prompt_tokens: promptWords,
  completion_tokens: words.length,
  total_tokens: promptWords + words.length
})

const whole = (ask: Ask): Reply => [
  "200",
  FaultServer.json({
    id: "chatcmpl-wall",
    object: "chat.completion",
    created: 1_700_000_000,
    model: ask.model,
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    usage: usageOf(ask)
  })
]

const event = ({ model }: Ask, more: object): FaultServer.Step => ({
  send: `data: ${JSON.stringify({ id: "chatcmpl-wall", object: "chat.completion.chunk", created: 1_700_000_000, model, ...more })}\n\n`
})

const delta = (ask: Ask, content: object, finish_reason: string | null = null) =>
  event(ask, { choices: [{ index: 0, delta: content, finish_reason }] })

/** A timer fires about a millisecond late, so shorter pauses are combined. */
const shortestPause = 4

/** The words in this range, each as an event with a pause after it. */
const tokens = (ask: Ask, from = 0, to = words.length): FaultServer.Behaviour => {
  const pause = ask.time("token")
  const together = Math.max(1, Math.ceil(shortestPause / pause))
  return words.slice(from, to).flatMap((word, index): FaultServer.Behaviour => {
    const event = delta(ask, { content: from + index === 0 ? word : ` ${word}` })
    return (index + 1) % together === 0 ? [event, { wait: pause * together }] : [event]
  })
}

const begin = (ask: Ask): FaultServer.Behaviour => [
  FaultServer.sseHead,
  delta(ask, { role: "assistant", content: "" })
]

/** The events after the text. */
const finish = (ask: Ask): FaultServer.Behaviour => [
  delta(ask, {}, "stop"),
  ...(ask.usage ? [event(ask, { choices: [], usage: usageOf(ask) })] : [])
]

const done: FaultServer.Behaviour = [{ send: "data: [DONE]\n\n" }, { end: true }]

const ok = (ask: Ask): Reply =>
  ask.stream ? ["200", [...begin(ask), ...tokens(ask), ...finish(ask), ...done]] : whole(ask)

// -- faults -------------------------------------------------------------------------------------------------------

const refusal = (
  status: number,
  code: string | null,
  message: string,
  headers?: Readonly<Record<string, string>>
): Reply => {
  const type = status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error"
  return [
    code === "invalid_prefill" ? code : String(status),
    FaultServer.json({ error: { message, type, param: null, code } }, status, headers)
  ]
}

const overloaded = (): Reply => refusal(503, "overloaded", "The engine is currently overloaded.")

const cut = (ask: Ask): Reply => ["cut", [...begin(ask), ...tokens(ask, 0, 40), { cut: true }]]

const faults: Readonly<Record<string, (ask: Ask) => Reply>> = {
  ok,
  "ok-noprefill": (ask) =>
    ask.isPrefilled
      ? refusal(400, "invalid_prefill", "The conversation must end with a user message.")
      : ok(ask),
  s01: (ask) =>
    ask.attempt > 1
      ? ok(ask)
      : refusal(429, "rate_limit_exceeded", "Rate limit reached.", {
          "retry-after": String(ask.time("retryAfter") / 1000)
        }),
  s02: () => refusal(429, "rate_limit_exceeded", "Rate limit reached."),
  s03: (ask) => (ask.attempt > 1 ? ok(ask) : refusal(500, null, "The server had an error.")),
  s04: overloaded,
  s05: (ask) => (ask.attempt > 1 ? ok(ask) : ["reset", [{ reset: true }]]),
  s06: (ask) => ["silence", [{ wait: ask.time("silence") }, { cut: true }]],
  s07: (ask) => {
    const { stream } = ask
    const [answer, [head, ...rest]] = ok(ask)
    const wait = { wait: ask.time("slowStart") }
    return [answer, stream ? [head!, wait, ...rest] : [wait, head!, ...rest]]
  },
  s08: cut,
  s09: (ask) => ["stall", [...begin(ask), ...tokens(ask, 0, 20), { wait: ask.time("stall") }, { cut: true }]],
  s10: (ask) => [
    "malformed",
    [
      ...begin(ask),
      ...tokens(ask, 0, 10),
      { send: 'data: {"id": "chatcmpl-wall", "choices": [{"delta": {"content": \n\n' },
      ...tokens(ask, 10),
      ...finish(ask),
      ...done
    ]
  ],
  s11: (ask) => ["200", [...begin(ask), ...tokens(ask), ...finish(ask), { end: true }]],
  s12: () =>
    refusal(
      400,
      "context_length_exceeded",
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9631 tokens."
    ),
  s13: () =>
    refusal(400, "content_policy_violation", "Your request was rejected as a result of our safety system."),
  s14: cut,
  s15: (ask) => (ask.at < ask.time("outage") ? overloaded() : ok(ask)),
  s16: overloaded
}
