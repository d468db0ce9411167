/** The guarantees of the types. Nothing here runs: `tsc` is the test, and an expected error that does not occur fails it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  Backend,
  Chain,
  Failover,
  Failure,
  Model,
  Phase,
  Provider,
  ProviderService,
  type RunError
} from "../../src/index.ts"
import { Anthropic, OpenAi } from "../../src/providers/index.ts"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>): void => undefined

interface Short {
  readonly prompt: string
}
interface Long extends Short {
  readonly system: string
}

declare const providerA: Provider.Provider<Short, "answer of a", "chunk of a">
class A extends ProviderService.Service<A, typeof providerA>()("a") {
  static readonly layer = Layer.succeed(A, providerA)
}
declare const providerB: Provider.Provider<Long, "answer of b", "chunk of b">
class B extends ProviderService.Service<B, typeof providerB>()("b") {
  static readonly layer = Layer.succeed(B, providerB)
}

const request: Long = { prompt: "p", system: "s" }
const chain = Chain.make(A.model("large"), B.model("small"))
const nested = Chain.make(A.model("large"), Chain.make(B.model("small")))

// The type of a chain has the requirements of its models, nested or not.
export const needs = [
  same<typeof nested, typeof chain>(true),
  same<(typeof chain)["models"][number], Model.Model<typeof providerA | typeof providerB, A | B>>(true)
]

// A call requires the runtime and the providers, and nothing else.
const answer = Failover.complete(chain, request)
const stream = Failover.stream(chain, request)
const opened = Failover.open(chain, request)
export const calls = [
  same<
    typeof answer,
    Effect.Effect<"answer of a" | "answer of b", RunError.RunError, A | B | Failover.Failover>
  >(true),
  same<
    typeof stream,
    Stream.Stream<
      "chunk of a" | "chunk of b",
      RunError.RunError | RunError.StreamBroken,
      A | B | Failover.Failover
    >
  >(true),
  same<Effect.Services<typeof opened>, A | B | Failover.Failover | Scope.Scope>(true)
]

// With all layers it runs. Without one of them it does not compile.
const runtime = Failover.layer()
export const run = () => [
  Effect.runPromise(Effect.provide(answer, [runtime, A.layer, B.layer])),
  // @ts-expect-error the layer of B is missing
  Effect.runPromise(Effect.provide(answer, [runtime, A.layer])),
  // @ts-expect-error the runtime is missing
  Effect.runPromise(Effect.provide(answer, [A.layer, B.layer]))
]

// A request has to suit every provider of the chain.
// @ts-expect-error the providers of B need a system prompt
export const tooShort = Failover.complete(chain, { prompt: "p" })
// If no request suits all providers, the type of the request is a sentence, which the compiler shows.
const mixed = Chain.make(OpenAi.model("gpt-5.2"), Anthropic.model("claude-sonnet-5"))
// @ts-expect-error two protocols
export const twoProtocols = Failover.complete(mixed, { body: {} })
export const saysWhatToDo = same<
  Parameters<typeof Failover.complete<OpenAi.Provider | Anthropic.Provider, never>>[1],
  "The providers of this chain take different requests. Use ChainLanguageModel of effect-failover/ai, which has one request for all protocols."
>(true)
export const shortIsEnough = Failover.complete(Chain.make(A.model("large")), { prompt: "p" })

// A chain for one kind of failure adds its requirements.
const special = Chain.onContentPolicy(Chain.make(A.model("large")), Chain.make(B.model("small")))
const specially = Failover.complete(special, request)
export const specials = same<Effect.Services<typeof specially>, A | B | Failover.Failover>(true)

// The generic form: the backend has the type of its service, and `classify` that of the errors.
interface Closed {
  readonly _tag: "Closed"
}
declare const today: Effect.Effect<"rain", Closed, Scope.Scope>
const oslo = Backend.make("oslo", { today })
const forecast = Failover.use(
  Chain.make(Model.make(oslo, "forecast")),
  (backend, target) => Effect.as(backend.service.today, target.key),
  { classify: (error) => new Failure.Transient({ reason: "Connection", message: error._tag }) }
)
export const generic = [
  same<typeof forecast, Effect.Effect<string, RunError.RunError, Scope.Scope | Failover.Failover>>(true),
  // @ts-expect-error the service has no such error
  Failover.use(Chain.make(Model.make(oslo, "forecast")), (backend) => backend.service.today, {
    classify: (error: "unheard of") => new Failure.BadRequest({ reason: "Invalid", message: error })
  })
]

// An error that is no failure requires `classify`, which may pass it to the caller.
const days = Chain.make(Model.make(oslo, "forecast"))
const handed = Failover.use(days, (backend) => backend.service.today, {
  classify: (error) =>
    error._tag === "Closed" ? Failover.notMine : new Failure.Transient({ reason: "Connection", message: "" })
})
declare const ours: Effect.Effect<"sun", Failure.RateLimit>
const needless = Failover.use(days, () => ours)
declare const rains: Stream.Stream<"rain", Closed>
const streamed = Failover.useStream(days, () => rains, { classify: () => Failover.notMine })
export const classified = [
  same<typeof handed, Effect.Effect<"rain", RunError.RunError | Closed, Scope.Scope | Failover.Failover>>(
    true
  ),
  same<typeof needless, Effect.Effect<"sun", RunError.RunError, Failover.Failover>>(true),
  same<
    typeof streamed,
    Stream.Stream<"rain", RunError.RunError | RunError.StreamBroken | Closed, Failover.Failover>
  >(true),
  // @ts-expect-error `Closed` is no failure
  Failover.use(days, (backend) => backend.service.today),
  // @ts-expect-error `Closed` is no failure
  Failover.useStream(days, () => rains, { phase: () => Phase.content })
]

// An empty chain and an unknown reason do not have the required types.
// @ts-expect-error at least one link
export const empty = Chain.make()
// @ts-expect-error not one of the reasons of AuthDead
export const reasonless = () => new Failure.AuthDead({ reason: "Tired", message: "" })

// The chunks of a provider are those of its `stream`. Without one there is one chunk, the whole answer.
const whole = Provider.make("whole", { complete: (text: string) => Effect.succeed(text.length) })
const streaming = Provider.make("streaming", {
  complete: (text: string) => Effect.succeed(text.length),
  stream: (text) => Stream.make(text),
  phase: (chunk) => (chunk === "" ? Phase.held : Phase.content)
})
Provider.make("untyped", {
  complete: (text: string) => Effect.succeed(text.length),
  // @ts-expect-error: the error of an attempt has to be a failure
  stream: () => Stream.fail(new Error("broke"))
})
export const made = [
  same<typeof whole, Provider.Made<string, number, number>>(true),
  same<typeof streaming, Provider.Made<string, number, string>>(true)
]
