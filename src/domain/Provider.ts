/** An Effect service that can answer a request, whole or as a stream, with typed failures. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BadRequest, Failure } from "../failure/Failure.ts"
import type { Options } from "../policy/Policy.ts"
import * as Backend from "./Backend.ts"
import type { Credential } from "./Credential.ts"
import { type HasModels, models } from "./HasModels.ts"
import type { Phase } from "./Phase.ts"
import type { Strategy } from "./Strategy.ts"
import type { Target } from "./Target.ts"

/**
 * A bound on what is held back of a stream until its commit point: more than `most` of what `sizeOf` measures (bytes,
 * for one) is a `Transient` failure with reason `Malformed`, and the run moves on. What has been handed over is not
 * measured.
 */
export interface Holding<Chunk> {
  sizeOf(chunk: Chunk): number
  readonly most: number
}

/**
 * A service that answers requests. It makes one attempt per call and has no retries of its own: those, the rests and
 * the fallbacks are the runtime's. `target` says which model and which credential to use, and under which policy
 * (`target.policy.timeouts.headers` and `.connect` are the provider's to keep; the other timeouts are the runtime's).
 *
 * Interrupting either call must stop what it started.
 *
 * @category models
 */
export interface Provider<in Request, out Answer, out Chunk> extends Backend.Backend {
  /** One attempt at a whole answer. An answer without content is a `Transient` failure with reason `Empty`. */
  readonly complete: (request: Request, target: Target) => Effect.Effect<Answer, Failure>
  /**
   * One attempt at a stream. An error event inside it, on whatever HTTP status, is a failure of the stream. It need
   * not notice a missing end: the runtime does, by the phases.
   */
  readonly stream: (request: Request, target: Target) => Stream.Stream<Chunk, Failure>
  /**
   * What one of this provider's own chunks means; called once per chunk, so it should be cheap. Without it every chunk is
   * content, and the end of the stream completes the answer.
   */
  phase?(chunk: Chunk): Phase
  /** How much of a stream may be held back until its commit point; without it there is no bound. */
  readonly holding?: Holding<Chunk> | undefined
  /**
   * Whether a request may be sent to two targets at once (`Policy.HedgeOptions`): not if answering it leaves something behind
   * that must not be there twice, such as a stored response. Without it every request may be.
   */
  mayHedge?(request: Request): boolean
  /**
   * The request as it may be tried once more after it was refused as invalid: without what the refusal names. `undefined`
   * where there is nothing to change.
   */
  readonly secondTry?:
    | (<Asked extends Request>(request: Asked, refusal: BadRequest) => Asked | undefined)
    | undefined
  /**
   * The same request without its output-token limit, for the one retry after `BadRequest/MaxTokens`; `undefined`
   * when it has none.
   */
  readonly withoutTokenCap?:
    | (<R extends Request>(request: R, failure: BadRequest) => R | undefined)
    | undefined
}

/** Any provider. */
export type AnyProvider = Provider<never, unknown, unknown>

/** What all members of a union of providers take. */
type CommonRequest<P extends AnyProvider> = [P] extends [Provider<infer Request, unknown, unknown>]
  ? Request
  : never

/** What any member of a union of providers takes. */
type EachRequest<P extends AnyProvider> =
  P extends Provider<infer Request, unknown, unknown> ? Request : never

/** Members of a union that have all of the others, and so are what each of them takes. */
type Matching<Request, Common> = Request extends Common ? Request : never

/**
 * The request that every provider of a chain takes. Where the providers take different requests (those of two protocols, say),
 * it is a sentence instead, for the compiler to show.
 */
export type RequestOf<P extends AnyProvider> = [EachRequest<P>] extends [CommonRequest<P>]
  ? CommonRequest<P>
  : [Matching<EachRequest<P>, CommonRequest<P>>] extends [never]
    ? "The providers of this chain take different requests. Use ChainLanguageModel of effect-failover/ai, which has one request for all protocols."
    : CommonRequest<P>

/** The whole answer of a provider. */
export type AnswerOf<P extends AnyProvider> =
  P extends Provider<never, infer Answer, unknown> ? Answer : never

/** A chunk of a provider's streams. */
export type ChunkOf<P extends AnyProvider> = P extends Provider<never, unknown, infer Chunk> ? Chunk : never

/** How a provider is used: with which credentials, in which order, under which policy. */
export interface ProviderOptions {
  /** Default: one named `default`, without a key. */
  readonly credentials?: NonEmptyReadonlyArray<Credential> | undefined
  /** The order in which the credentials are tried. Default `sequential`. */
  readonly strategy?: Strategy | undefined
  /** The endpoint of credentials without a base URL of their own. */
  readonly baseUrl?: string | undefined
  /** Laid over the runtime's policy for all models of this provider. */
  readonly policy?: Options | undefined
}

/** What a provider with whole answers is made of. Its streams are the whole answer as their only chunk. */
export interface AnswerCalls<in Request, out Answer> {
  readonly complete: (request: Request, target: Target) => Effect.Effect<Answer, Failure>
}

/** What a provider with streams is made of; see `Provider`. */
export interface StreamCalls<in Request, out Answer, in out Chunk> extends AnswerCalls<Request, Answer> {
  readonly stream: (request: Request, target: Target) => Stream.Stream<Chunk, Failure>
  readonly phase?: ((chunk: Chunk) => Phase) | undefined
}

/** A provider whose models are values: `provider.model("large")`. */
export interface Made<in Request, out Answer, out Chunk>
  extends Provider<Request, Answer, Chunk>,
    HasModels {}

/**
 * Makes a provider from functions. Without `stream` a stream is the whole answer as its only chunk; without `phase` every
 * chunk is content, and the end of the stream completes the answer. Throws `InvalidOptions` for a name that cannot stand
 * in a bench key, two credentials of one name, or an invalid policy.
 *
 * @example
 * import { Chain, Failover, Provider } from "effect-failover"
 * import { Effect } from "effect"
 *
 * const parrot = Provider.make("parrot", {
 *   complete: (text: string) => Effect.succeed(text.toUpperCase())
 * })
 * const loud = Failover.complete(Chain.make(parrot.model("grey")), "hello").pipe(
 *   Effect.provide(Failover.layer())
 * )
 * Effect.runSync(loud) // => "HELLO"
 */
export const make: {
  <Request, Answer, Chunk>(
    name: string,
    calls: StreamCalls<Request, Answer, Chunk>,
    options?: ProviderOptions
  ): Made<Request, Answer, Chunk>
  <Request, Answer>(
    name: string,
    calls: AnswerCalls<Request, Answer>,
    options?: ProviderOptions
  ): Made<Request, Answer, Answer>
} = <Request, Answer>(
  name: string,
  calls: AnswerCalls<Request, Answer> & Partial<StreamCalls<Request, Answer, Answer>>,
  options: ProviderOptions = {}
): Made<Request, Answer, Answer> => {
  const { service, ...backend } = Backend.make(name, calls, options)
  const { complete, phase, stream } = service
  return {
    ...backend,
    ...models,
    complete,
    stream: stream ?? ((request, target) => Stream.fromEffect(complete(request, target))),
    ...(phase === undefined ? {} : { phase })
  }
}
