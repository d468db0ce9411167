/** The caller: the official client sends one request, and its outcome is recorded. */
import * as Effect from "effect/Effect"
import OpenAI, { APIError } from "openai"

/** The request. */
export interface Asking {
  readonly model: string
  readonly fallbacks: ReadonlyArray<string>
  readonly stream: boolean
  /** After how many milliseconds the caller counts a call as a hang. */
  readonly maxWait: number
}

/** How a call ended. Times are milliseconds. */
export interface Call {
  /** A complete answer, a clean error, or neither in time. */
  readonly outcome: "answer" | "error" | "hang"
  readonly text: string
  readonly elapsed: number
  readonly error: string | undefined
  readonly code: string | undefined
  readonly status: number | undefined
  /** The model that the answer names. */
  readonly model: string | undefined
  readonly hasUsage: boolean
}

/** The gateway's address, and how often the client retries by itself. */
export interface Options {
  readonly baseUrl: string
  /** Default 0, since the gateway's retries are under test. */
  readonly maxRetries?: number | undefined
  /** The client's own timeout, in milliseconds. */
  readonly timeout?: number | undefined
}

/** A caller. */
export type Caller = (asking: Asking) => Effect.Effect<Call>

const prompt = "Say in sixty words when a gateway earns trust."

/** Makes a caller. */
export const make = ({ baseUrl, maxRetries = 0, timeout = 600_000 }: Options): Caller => {
  const client = new OpenAI({
    baseURL: baseUrl,
    apiKey: "failoverbench",
    maxRetries,
    timeout,
    logLevel: "off"
  })
  return (asking) => Effect.promise(() => call(client, asking))
}

const call = async (client: OpenAI, asking: Asking): Promise<Call> => {
  const began = performance.now()
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(), asking.maxWait)
  const got = { text: "", model: undefined as string | undefined, hasUsage: false }
  const end = (outcome: Call["outcome"], error?: unknown): Call => ({
    ...got,
    outcome,
    elapsed: performance.now() - began,
    error: error === undefined ? undefined : String(error),
    code: error instanceof APIError ? (error.code ?? undefined) : undefined,
    status: error instanceof APIError ? error.status : undefined
  })
  const { fallbacks, model } = asking
  const body = { model, fallbacks, messages: [{ role: "user" as const, content: prompt }] }
  try {
    if (asking.stream) {
      const stream = await client.chat.completions.create(
        { ...body, stream: true, stream_options: { include_usage: true } },
        { signal: giveUp.signal }
      )
      for await (const chunk of stream) {
        got.model = chunk.model
        got.hasUsage ||= Boolean(chunk.usage)
        for (const choice of chunk.choices) got.text += choice.delta.content ?? ""
      }
    } else {
      const answer = await client.chat.completions.create({ ...body }, { signal: giveUp.signal })
      got.model = answer.model
      got.hasUsage = Boolean(answer.usage)
      got.text = answer.choices[0]?.message.content ?? ""
    }
    // The client ends a stream without an error when it gives it up.
    return end(giveUp.signal.aborted ? "hang" : "answer")
  } catch (error) {
    return end(giveUp.signal.aborted ? "hang" : "error", error)
  } finally {
    clearTimeout(timer)
  }
}
