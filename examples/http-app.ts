/**
 * An HTTP application whose answers fail over. The application knows a service, `Assistant`; behind it is a chain of
 * two providers; failover is a layer. A request that no target can answer gets a status that a client can act on.
 *
 *     npm run build && npm exec -- node examples/http-app.ts
 *
 * It starts the server, sends six requests, prints the responses, and stops.
 */
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Clock, Console, Context, Duration, Effect, Layer, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema
} from "effect/http-api"
import { Chain, Failover, Failure, Model, ProviderService, type RunError } from "effect-failover"
import { Scripted } from "effect-failover/testing"

// -- the API: what callers may send, and what they may get ---------------------------------------------------------

/** No target can answer now. `retryAfter`: whole seconds until a retry makes sense. */
export class Busy extends Schema.TaggedError<Busy>()("Busy", { retryAfter: Schema.Int }) {}

/** All targets failed, or the deadline passed. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()(
  "NoAnswer",
  { message: Schema.String },
  { httpApiStatus: 502 }
) {}

/** The question itself was refused. */
export class Refused extends Schema.TaggedError<Refused>()(
  "Refused",
  { message: Schema.String },
  { httpApiStatus: 422 }
) {}

/** The same as a response: 503, with the header that clients and proxies understand. */
const BusyResponse = Busy.pipe(
  HttpApiSchema.encodeToWithHeaders(
    {
      body: Schema.Struct({ _tag: Schema.Literal("Busy") }).pipe(HttpApiSchema.status(503)),
      headers: { "retry-after": Schema.Int }
    },
    {
      decode: ({ headers }) => new Busy({ retryAfter: headers["retry-after"] }),
      encode: ({ retryAfter }) => ({
        body: { _tag: "Busy" as const },
        headers: { "retry-after": retryAfter }
      })
    }
  )
)

export class Api extends HttpApi.make("assistant").add(
  HttpApiGroup.make("chat")
    .add(
      HttpApiEndpoint.post("ask", "/ask", {
        payload: Schema.Struct({ question: Schema.NonEmptyString }),
        success: Schema.Struct({ text: Schema.String, from: Schema.String }),
        error: [BusyResponse, NoAnswer, Refused]
      })
    )
    .middleware(HttpApiMiddleware.ProblemDetails)
) {}

// -- the application: one service, and the chain behind it -----------------------------------------------------------

class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {}
class Backup extends ProviderService.Service<Backup, Scripted.Scripted>()("backup") {}

export class Assistant extends Context.Service<
  Assistant,
  {
    readonly ask: (
      question: string
    ) => Effect.Effect<{ readonly text: string; readonly from: string }, RunError.RunError>
  }
>()("example/Assistant") {
  static readonly layerNoDeps = Layer.effect(
    Assistant,
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const chain = Chain.make(Model.make(yield* Primary, "large"), Model.make(yield* Backup, "small"))
      return {
        ask: Effect.fn("Assistant.ask")(function* (question: string) {
          const { target, value } = yield* failover.answer(chain, question, { deadline: "20 seconds" })
          return { text: value, from: target.key }
        })
      }
    })
  )
}

/** Run errors as errors of this API. No text of a provider about our keys is passed on. */
const toApiError = Effect.fnUntraced(function* (error: RunError.RunError) {
  switch (error._tag) {
    case "AllBenched": {
      const now = yield* Clock.currentTimeMillis
      const wait = error.retryAt === undefined ? 60_000 : error.retryAt - now
      return yield* new Busy({ retryAfter: Math.max(1, Math.ceil(wait / 1000)) })
    }
    case "ChainExhausted":
      return yield* new NoAnswer({ message: `none of ${error.attempts.length} attempts had an answer` })
    case "DeadlineExceeded":
      return yield* new NoAnswer({ message: "no answer in time" })
    case "BadRequest":
    case "ContextExceeded":
      return yield* new Refused({ message: error.message })
  }
})

const ChatHandlers = HttpApiBuilder.group(
  Api,
  "chat",
  Effect.fnUntraced(function* (handlers) {
    const assistant = yield* Assistant
    return handlers.handleAll({
      ask: ({ payload }) => assistant.ask(payload.question).pipe(Effect.catch(toApiError))
    })
  })
)

/** Everything but the providers and the server. */
export const Routes = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(ChatHandlers),
  Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true })),
  Layer.provide(Assistant.layerNoDeps),
  Layer.provide(Failover.layer({ policy: { whenAllBenched: "fail" } }))
)

// -- the providers: here they follow a script; in an application they are OpenAi.layer, Anthropic.layer ----------------

const Providers = Layer.mergeAll(
  Layer.sync(Primary, () =>
    Scripted.make(Primary.provider, [
      ["Good morning."],
      [new Failure.BadRequest({ reason: "ContentPolicy", message: "not about that" })],
      [new Failure.RateLimit({ message: "slow down", retryAfter: Duration.seconds(30) })]
    ])
  ),
  Layer.sync(Backup, () =>
    Scripted.make(Backup.provider, [
      ["Morning!"],
      [new Failure.AuthDead({ reason: "Balance", message: "out of credit" })]
    ])
  )
)

// -- the server, and a client that shows what it does ----------------------------------------------------------------

const Server = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provide(Providers),
  Layer.provideMerge(
    NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "1 second" })
  )
)

const Live = Layer.mergeAll(Server, FetchHttpClient.layer)

export const main = Effect.gen(function* () {
  const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const ask = Effect.fnUntraced(function* (question: string) {
    const response = yield* HttpClientRequest.post(`${url}/ask`).pipe(
      HttpClientRequest.bodyJsonUnsafe({ question }),
      HttpClient.execute
    )
    const retryAfter = response.headers["retry-after"]
    yield* Console.log(
      `${response.status} ${yield* response.text}${retryAfter === undefined ? "" : ` (retry-after: ${retryAfter})`}`
    )
    return response.status
  })
  return [
    yield* ask("Greet me"), // the primary answers
    yield* ask("Something improper"), // refused: no other provider is asked
    yield* ask("Greet me again"), // the primary is throttled, the backup answers
    yield* ask("And again"), // the primary is benched, the backup has run out of credit
    yield* ask("And again"), // both are benched
    yield* ask("") // not a question
  ]
}).pipe(Effect.provide(Live))

if (import.meta.main) NodeRuntime.runMain(main)
