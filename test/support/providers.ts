/** What the wire tests share: transports, targets, and valid answers in both protocols. */
import * as diagnostics from "node:diagnostics_channel"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import type { HttpProvider } from "../../src/providers/HttpProvider.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as HttpClientTransport from "../../src/providers/transport/HttpClientTransport.ts"
import type { Transport } from "../../src/providers/transport/Transport.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import type * as Wire from "../../src/providers/wire/Wire.ts"

/** Every transport. All of them must behave alike. */
export const transports: ReadonlyArray<readonly [name: string, layer: Layer.Layer<Transport>]> = [
  ["undici", UndiciTransport.layer()],
  ["effect/http", Layer.provide(HttpClientTransport.layer, NodeHttpClient.layerUndici)],
  ["fetch", Layer.provide(HttpClientTransport.layer, FetchHttpClient.layer)]
]

/** A key that must appear only in its header. */
export const key = "sk-very-secret-0123456789"

/** A target of a provider under test. */
export const target = (policy: Policy.Options = {}, credential = Credential.make("main", { apiKey: key })) =>
  Target.make({ provider: "p", model: "model-1", credential, policy: Policy.make(policy) })

/** One protocol as the tests use it. */
export interface Dialect {
  readonly name: string
  readonly path: string
  /** One type for both protocols: the providers' operations are erased to `never`. */
  readonly make: (baseUrl: string) => Effect.Effect<HttpProvider<never>, never, Transport>
  readonly request: Wire.Request<never>
  readonly answer: object
  readonly events: ReadonlyArray<string>
  readonly error: (type: string, message: string) => object
}

const sse = (json: object | string, event?: string) =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof json === "string" ? json : JSON.stringify(json)}\n\n`

const chat = (delta: object, finish_reason: string | null = null) =>
  sse({ id: "c-1", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })

const message = (json: { readonly type: string; readonly [key: string]: unknown }) => sse(json, json.type)

export const openai: Dialect = {
  name: "OpenAI",
  path: "/v1/chat/completions",
  make: (baseUrl) => OpenAi.make({ name: "p", baseUrl: `${baseUrl}/v1` }),
  request: {
    operation: "chat/completions" as never,
    body: { model: "smart", messages: [{ role: "user", content: "hi" }] }
  },
  answer: {
    id: "c-1",
    unknown_field: [1],
    choices: [{ index: 0, message: { role: "assistant", content: "hello 漢🦊" }, finish_reason: "stop" }]
  },
  events: [
    chat({ role: "assistant", content: "" }),
    ": keep-alive\n\n",
    chat({ content: "hel" }),
    chat({ content: "lo 漢🦊" }),
    chat({}, "stop"),
    sse({ id: "c-1", choices: [], usage: { total_tokens: 3 } }),
    sse("[DONE]")
  ],
  error: (type, message) => ({ error: { type, code: type, message } })
}

export const anthropic: Dialect = {
  name: "Anthropic",
  path: "/v1/messages",
  make: (baseUrl) => Anthropic.make({ name: "p", baseUrl }),
  request: {
    operation: "messages" as never,
    body: { model: "smart", max_tokens: 100, messages: [{ role: "user", content: "hi" }] }
  },
  answer: {
    id: "m-1",
    type: "message",
    unknown_field: [1],
    content: [{ type: "text", text: "hello 漢🦊" }],
    stop_reason: "end_turn"
  },
  events: [
    message({ type: "message_start", message: { id: "m-1", content: [] } }),
    message({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    message({ type: "ping" }),
    message({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hel" } }),
    message({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "lo 漢🦊" } }),
    message({ type: "content_block_stop", index: 0 }),
    message({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }),
    message({ type: "message_stop" })
  ],
  error: (type, message) => ({ type: "error", error: { type, message } })
}

export const dialects = [openai, anthropic]

/** Builds a transport that lives as long as the test. */
export const withTransport =
  (layer: Layer.Layer<Transport>) =>
  <A, E>(effect: Effect.Effect<A, E, Transport | Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
    Effect.flatMap(Layer.build(Layer.fresh(layer)), (context) => Effect.provideContext(effect, context))

/** What a stream emitted, and the failure that it ended with. */
export const hear = (stream: Stream.Stream<Wire.Chunk, Failure>) =>
  Effect.suspend(() => {
    const chunks: Array<Wire.Chunk> = []
    return stream.pipe(
      Stream.runForEach((chunk) => Effect.sync(() => void chunks.push(chunk))),
      Effect.match({
        onSuccess: () => ({ chunks, failure: undefined }),
        onFailure: (failure: Failure) => ({ chunks, failure })
      })
    )
  })

/** All bytes of chunks as text. */
export const textOf = (chunks: ReadonlyArray<Wire.Chunk>): string =>
  Buffer.concat(chunks.map((chunk) => chunk.bytes)).toString()

/**
 * Waits until undici has received the head, or the end, of this many answers of an origin, and until its waiting fibers have
 * run. undici reuses a connection one turn after the end, and fibers may need some turns as well.
 */
export const undiciHeard = (origin: string, what: "head" | "end") =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const heard = { answers: 0 }
        const listener = (message: unknown) => {
          const { request } = message as { readonly request: { readonly origin?: unknown } }
          if (String(request.origin).startsWith(origin)) heard.answers++
        }
        diagnostics.subscribe(channels[what], listener)
        return { heard, listener }
      }),
      ({ listener }) => Effect.sync(() => diagnostics.unsubscribe(channels[what], listener))
    ),
    ({ heard }) =>
      (answers: number) =>
        Effect.andThen(
          eventually(() => heard.answers === answers),
          Effect.replicateEffect(turn, 10, { discard: true })
        )
  )

// https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
const channels = { head: "undici:request:headers", end: "undici:request:trailers" }

/** One turn of the event loop. */
const turn = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Waits until a condition holds. Fails after a time that is long even for a busy machine. */
export const eventually = (condition: () => boolean): Effect.Effect<void, string> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.fail("it never came to that"))).pipe(
    Effect.retry(Schedule.max([Schedule.spaced("10 millis"), Schedule.recurs(1500)]))
  )
