/** The cases of the lifetime law: every way to make a request, every transport and every way to leave. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ChainLanguageModel, FailoverLanguageModel } from "../../src/ai/index.ts"
import { Chain, Failover, Failure, Model, type Provider } from "../../src/index.ts"
import {
  Anthropic,
  HttpClientTransport,
  OpenAi,
  type Transport,
  UndiciTransport,
  type Wire
} from "../../src/providers/index.ts"
import { UpstreamRouter } from "../../src/router/index.ts"
import type { Behaviour, Step } from "../support/FaultServer.ts"
import { sseHead } from "../support/FaultServer.ts"

/** Every transport. */
export const transports: Readonly<Record<string, Layer.Layer<Transport>>> = {
  undici: UndiciTransport.layer(),
  "effect/http over undici": Layer.provide(HttpClientTransport.layer, NodeHttpClient.layerUndici),
  "effect/http over fetch": Layer.provide(HttpClientTransport.layer, FetchHttpClient.layer)
}

// -- protocols ------------------------------------------------------------------------------------------------------

type AnyProvider = Provider.Provider<Wire.Request<never>, Wire.Answer, Wire.Chunk>

/** One protocol: how its provider is made, the request, and what its server sends. */
export interface Dialect {
  readonly make: (origin: string) => Effect.Effect<AnyProvider, never, Transport>
  /** The same for the layers of effect/ai; absent for an operation that they do not use. */
  readonly chat?: (origin: string) => Effect.Effect<OpenAi.Provider | Anthropic.Provider, never, Transport>
  readonly request: Wire.Request<never>
  /** Events that are held back. */
  readonly held: string
  readonly content: string
  /** The rest of a complete stream, its final event included. */
  readonly last: string
  readonly error: string
}

const data = (json: object | string, event?: string) =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof json === "string" ? json : JSON.stringify(json)}\n\n`
const typed = (json: { readonly type: string; readonly [key: string]: unknown }) => data(json, json.type)
const chat = (delta: object, finish_reason: string | null = null) =>
  data({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }]
  })

const policy = {
  retries: { times: 0 },
  // A benched target is half-open again at once, so the requests under test are probes.
  cooldown: { transient: { base: 1, max: 1 } },
  threshold: { unknown: 1 }
} as const

const openAi = (origin: string) => OpenAi.make({ name: "p", baseUrl: `${origin}/v1`, policy })
const anthropic = (origin: string) => Anthropic.make({ name: "p", baseUrl: origin, policy })

const messages = [{ role: "user", content: "hi" }]

export const dialects: Readonly<Record<string, Dialect>> = {
  "OpenAI's chats": {
    make: openAi,
    chat: openAi,
    request: { operation: "chat/completions" as never, body: { model: "m", messages } },
    held: chat({ role: "assistant", content: "" }),
    content: chat({ content: "a" }),
    last: chat({}, "stop") + data("[DONE]"),
    error: data({ error: { message: "boom", type: "server_error", code: "server_error" } })
  },
  "OpenAI's responses": {
    make: openAi,
    request: { operation: "responses" as never, body: { model: "m", input: "hi" } },
    held: typed({ type: "response.created", response: { id: "r", status: "in_progress", output: [] } }),
    content: typed({
      type: "response.output_text.delta",
      item_id: "i",
      output_index: 0,
      content_index: 0,
      delta: "a"
    }),
    last: typed({
      type: "response.completed",
      response: {
        id: "r",
        status: "completed",
        output: [
          { type: "message", id: "i", role: "assistant", content: [{ type: "output_text", text: "a" }] }
        ]
      }
    }),
    error: typed({ type: "error", code: "server_error", message: "boom" })
  },
  "Anthropic's messages": {
    make: anthropic,
    chat: anthropic,
    request: { operation: "messages" as never, body: { model: "m", max_tokens: 10, messages } },
    held:
      typed({
        type: "message_start",
        message: {
          id: "m",
          type: "message",
          role: "assistant",
          model: "m",
          content: [],
          usage: { input_tokens: 1, output_tokens: 1 }
        }
      }) + typed({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    content: typed({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } }),
    last:
      typed({ type: "content_block_stop", index: 0 }) +
      typed({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } }) +
      typed({ type: "message_stop" }),
    error: typed({ type: "error", error: { type: "api_error", message: "boom" } })
  }
}

// -- ways to make a request -----------------------------------------------------------------------------------------

/** The request, and the chains that it may use. */
export interface Asked {
  readonly chain: Chain.Chain<AnyProvider>
  readonly chat: Chain.Chain<OpenAi.Provider | Anthropic.Provider> | undefined
  readonly request: Wire.Request<never>
}

/** A stream that has not begun. It lives in the scope of its reader. */
type Streaming = (asked: Asked) => Stream.Stream<unknown, unknown, Failover.Failover>

const ai = (layer: Layer.Layer<LanguageModel.LanguageModel, never, Failover.Failover>) =>
  Stream.unwrap(
    Effect.map(Layer.build(layer), (context) =>
      Stream.provideContext(LanguageModel.streamText({ prompt: "hi" }), context)
    )
  )

const router = ({ chain }: Asked) => UpstreamRouter.make({ primary: chain, check: Effect.void, policy })

const scoped = <A, E, E2, R>(f: Effect.Effect<Stream.Stream<A, E, R>, E2, R | Scope.Scope>) =>
  Stream.unwrap(f)

const classify = (error: unknown) =>
  Failure.isFailure(error) ? error : new Failure.Transient({ reason: "Unknown", message: "odd" })

/** Every way to request a stream. */
export const streams: Readonly<Record<string, Streaming>> = {
  "Failover.stream": ({ chain, request }) => Failover.stream(chain, request),
  "Failover.open": ({ chain, request }) =>
    scoped(Effect.map(Failover.open(chain, request), ({ value }) => value)),
  "Failover.useStream, a flow": ({ chain, request }) =>
    Failover.useStream(chain, (backend, target) => backend.stream(request, target), {
      classify,
      phase: (c) => c.phase
    }),
  "Failover.useStream, a pump": ({ chain, request }) =>
    Failover.useStream(
      chain,
      (backend, target) => Stream.map(backend.stream(request, target), (chunk) => chunk),
      {
        classify,
        phase: (chunk) => chunk.phase
      }
    ),
  "UpstreamRouter.stream": (asked) =>
    scoped(Effect.map(router(asked), (made) => UpstreamRouter.stream(made, asked.request))),
  "UpstreamRouter.open": (asked) =>
    scoped(
      Effect.flatMap(router(asked), (made) =>
        Effect.map(UpstreamRouter.open(made, asked.request), ({ value }) => value)
      )
    ),
  ChainLanguageModel: ({ chat }) => ai(ChainLanguageModel.layerNoDeps(chat!)),
  FailoverLanguageModel: ({ chat }) =>
    ai(
      FailoverLanguageModel.layerNoDeps(
        [FailoverLanguageModel.member("chained/m", ChainLanguageModel.layerNoDeps(chat!))],
        { policy }
      )
    )
}

type Whole = (asked: Asked) => Effect.Effect<unknown, unknown, Failover.Failover>

const generate = (layer: Layer.Layer<LanguageModel.LanguageModel, never, Failover.Failover>) =>
  Effect.provide(LanguageModel.generateText({ prompt: "hi" }), layer)

/** Every way to request a whole answer. */
export const wholes: Readonly<Record<string, Whole>> = {
  "Failover.complete": ({ chain, request }) => Failover.complete(chain, request),
  "Failover.use": ({ chain, request }) =>
    Failover.use(chain, (backend, target) => backend.complete(request, target), { classify }),
  "UpstreamRouter.complete": (asked) =>
    Effect.scoped(Effect.flatMap(router(asked), (made) => UpstreamRouter.complete(made, asked.request))),
  ChainLanguageModel: ({ chat }) => generate(ChainLanguageModel.layerNoDeps(chat!)),
  FailoverLanguageModel: ({ chat }) =>
    generate(
      FailoverLanguageModel.layerNoDeps(
        [FailoverLanguageModel.member("chained/m", ChainLanguageModel.layerNoDeps(chat!))],
        { policy }
      )
    )
}

/** The request to one server. */
export const askedOf = (dialect: Dialect, origin: string): Effect.Effect<Asked, never, Transport> =>
  Effect.gen(function* () {
    const provider = yield* dialect.make(origin)
    const chats = dialect.chat === undefined ? undefined : yield* dialect.chat(origin)
    return {
      chain: Chain.make(Model.make(provider, "m")),
      chat: chats === undefined ? undefined : Chain.make(Model.make(chats, "m")),
      request: dialect.request
    }
  })

// -- ways to leave --------------------------------------------------------------------------------------------------

/** One way to leave: what the server sends, and how the caller reads. The server never ends the stream itself. */
export interface Leaving {
  readonly plays: (dialect: Dialect) => Behaviour
  readonly reads: (
    stream: Stream.Stream<unknown, unknown, Failover.Failover>
  ) => Effect.Effect<unknown, unknown, Failover.Failover>
}

const hang: Step = { hang: true }
const silence = (): Behaviour => [hang]
const headOnly = (): Behaviour => [sseHead, hang]
const beforeCommit = ({ held }: Dialect): Behaviour => [sseHead, { send: held }, hang]
const afterCommit = ({ content, held }: Dialect): Behaviour => [
  sseHead,
  { send: held + content },
  { wait: 1 },
  { send: content },
  hang
]
/** More than all buffers on the way hold, so the connection is paused. */
const flood = ({ content, held }: Dialect): Behaviour => [
  sseHead,
  { send: held },
  ...Array.from({ length: 30 }, (): Step => ({ send: content.repeat(1_000) })),
  hang
]

/** Every way to leave. */
export const leavings: Readonly<Record<string, Leaving>> = {
  "an end, and a server that does not close": {
    plays: ({ content, held, last }) => [sseHead, { send: held + content + last }, hang],
    reads: Stream.runDrain
  },
  "an error before the commit": {
    plays: ({ error, held }) => [sseHead, { send: held + error }, hang],
    reads: Stream.runDrain
  },
  "an error after the commit": {
    plays: ({ content, error, held }) => [
      sseHead,
      { send: held + content },
      { wait: 5 },
      { send: error },
      hang
    ],
    reads: Stream.runDrain
  },
  "a malformed event after the commit": {
    plays: ({ content, held }) => [
      sseHead,
      { send: held + content },
      { wait: 5 },
      { send: "data: {{\n\n" },
      hang
    ],
    reads: Stream.runDrain
  },
  "take(1)": { plays: afterCommit, reads: (stream) => Stream.runDrain(Stream.take(stream, 1)) },
  "take(1) of a flood": { plays: flood, reads: (stream) => Stream.runDrain(Stream.take(stream, 1)) },
  runHead: { plays: afterCommit, reads: Stream.runHead },
  "a consumer that fails": {
    plays: afterCommit,
    reads: Stream.runForEach(() => Effect.fail("no more"))
  },
  "a consumer that dies": {
    plays: afterCommit,
    reads: Stream.runForEach(() => Effect.die("a bug"))
  },
  "a timeout before the head": {
    plays: silence,
    reads: (stream) => Effect.timeout(Stream.runDrain(stream), 60)
  },
  "a timeout after the head": {
    plays: headOnly,
    reads: (stream) => Effect.timeout(Stream.runDrain(stream), 60)
  },
  "a timeout before the commit": {
    plays: beforeCommit,
    reads: (stream) => Effect.timeout(Stream.runDrain(stream), 60)
  },
  "a timeout after the commit": {
    plays: afterCommit,
    reads: (stream) => Effect.timeout(Stream.runDrain(stream), 60)
  },
  "a slow consumer that is interrupted": {
    plays: flood,
    reads: (stream) =>
      Effect.timeout(
        Stream.runForEach(stream, () => Effect.never),
        100
      )
  },
  "a scope that is closed": {
    plays: afterCommit,
    reads: (stream) => Effect.scoped(Effect.flatMap(Stream.toPull(stream), (pull) => pull))
  },
  "a scope that is closed before anything is read": {
    plays: afterCommit,
    reads: (stream) => Effect.scoped(Stream.toPull(stream))
  },
  "an async iterator that returns early": {
    plays: afterCommit,
    reads: (stream) =>
      Effect.contextWith((context: Context.Context<Failover.Failover>) =>
        Effect.promise(async () => {
          for await (const _ of Stream.toAsyncIterableWith(stream, context)) break
        })
      )
  },
  "a merged stream that is left": {
    plays: afterCommit,
    reads: (stream) => Stream.runDrain(Stream.take(Stream.merge(stream, Stream.never), 1))
  }
}

/** Ways to leave a whole answer. */
export const wholeLeavings: Readonly<Record<string, readonly [Behaviour, "fails" | "timeout"]>> = {
  "a timeout before the head": [[hang], "timeout"],
  "a timeout in the body": [
    [{ head: 200, headers: { "content-type": "application/json" } }, { send: "{" }, hang],
    "timeout"
  ],
  "an error whose body does not end": [
    [{ head: 500, headers: { "content-type": "application/json" } }, { send: "{" }, hang],
    "fails"
  ]
}

/** A real clock that counts the sleeps under way. */
export const countingClock = (
  real: Clock.Clock
): { readonly clock: Clock.Clock; readonly sleepers: () => number } => {
  let sleepers = 0
  const clock: Clock.Clock = Object.assign(Object.create(real) as Clock.Clock, {
    sleep: (duration: Parameters<Clock.Clock["sleep"]>[0]) =>
      Effect.acquireUseRelease(
        Effect.sync(() => void sleepers++),
        () => real.sleep(duration),
        () => Effect.sync(() => void sleepers--)
      )
  })
  return { clock, sleepers: () => sleepers }
}
