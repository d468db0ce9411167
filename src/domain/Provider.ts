/** An Effect service that can answer a request, whole or as a stream, with typed failures. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BadRequest, Failure } from "../failure/Failure.ts"
import type { Options } from "../policy/Policy.ts"
import * as Checks from "../util/Checks.ts"
import * as Backend from "./Backend.ts"
import type { Credential } from "./Credential.ts"
import { type HasModels, models } from "./HasModels.ts"
import type { Phase } from "./Phase.ts"
import type { Strategy } from "./Strategy.ts"
import type { Target } from "./Target.ts"

/**
 * Limits how much of a stream is held back until its commit point. `sizeOf` measures a chunk, for example in bytes. More than
 * `most` in total is a `Transient` failure with reason `Malformed`, and the run moves on. Chunks after the commit point are
 * not measured.
 */
export interface Holding<Chunk> {
  sizeOf(chunk: Chunk): number
  readonly most: number
}

/**
 * A service that answers requests. It makes one attempt per call and does not retry: retries, benches and fallbacks
 * are the runtime's task. `target` names the model, the credential and the policy to use. The provider enforces
 * `target.policy.timeouts.headers` and `.connect`; the runtime enforces the other timeouts.
 *
 * Interrupting either call must stop what it started.
 *
 * @category models
 */
export interface Provider<in Request, out Answer, out Chunk> extends Backend.Backend {
  /** One attempt at a whole answer. An answer without content is a `Transient` failure with reason `Empty`. */
  readonly complete: (request: Request, target: Target) => Effect.Effect<Answer, Failure>
  /**
   * One attempt at a stream. An error event inside it is a failure of the stream, whatever the HTTP status. The
   * provider need not detect a missing end: the runtime does so from the phases.
   */
  readonly stream: (request: Request, target: Target) => Stream.Stream<Chunk, Failure>
  /**
   * What a chunk means. It is called once for each chunk and should be cheap. Without it every chunk is content, and the end
   * of the stream completes the answer.
   */
  phase?(chunk: Chunk): Phase
  /** How much of a stream may be held back until its commit point. Without it there is no limit. */
  readonly holding?: Holding<Chunk> | undefined
  /**
   * Whether a request may be sent to two targets at once (`Policy.HedgeOptions`). Return false if an answer has a side effect
   * that must not happen twice, such as a stored response. Without it every request may be hedged.
   */
  mayHedge?(request: Request): boolean
  /**
   * The request for a second try after it was refused as invalid: without the field that the refusal names. `undefined` when
   * there is nothing to change.
   */
  readonly secondTry?: (<R extends Request>(request: R, refusal: BadRequest) => R | undefined) | undefined
  /**
   * The same request without its output limit (`max_tokens`), for the one retry after `BadRequest/MaxTokens`; `undefined`
   * when it has none.
   */
  readonly withoutOutputLimit?:
    | (<R extends Request>(request: R, failure: BadRequest) => R | undefined)
    | undefined
}

/** Any provider. */
export type AnyProvider = Provider<never, unknown, unknown>

/** The request that all members of a union of providers accept. */
type CommonRequest<P extends AnyProvider> = [P] extends [Provider<infer Request, unknown, unknown>]
  ? Request
  : never

/** The request that any member of a union of providers accepts. */
type EachRequest<P extends AnyProvider> =
  P extends Provider<infer Request, unknown, unknown> ? Request : never

/** The members of a union that are assignable to all others. */
type Matching<Request, Common> = Request extends Common ? Request : never

/**
 * The request that every provider of a chain takes. When the providers take different requests (of two protocols, for
 * example), it is a sentence that appears in the compiler's error.
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

/** How a provider is used: its credentials, their order, and its policy. */
export interface ProviderOptions {
  /** Default: one credential named `default`, without a key. */
  readonly credentials?: NonEmptyReadonlyArray<Credential> | undefined
  /** The order in which the credentials are tried. Default `sequential`. */
  readonly strategy?: Strategy | undefined
  /** The base URL of credentials that have none of their own. */
  readonly baseUrl?: string | undefined
  /** Policy options for all models of this provider. They override the runtime's. */
  readonly policy?: Options | undefined
}

/** The functions of a provider; see `Provider`. Without `stream`, its streams have one chunk, the whole answer. */
export interface Calls<in Request, out Answer, in out Chunk> {
  readonly complete: (request: Request, target: Target) => Effect.Effect<Answer, Failure>
  readonly stream?: ((request: Request, target: Target) => Stream.Stream<Chunk, Failure>) | undefined
  readonly phase?: ((chunk: Chunk) => Phase) | undefined
}

/** A provider with a `model` method: `provider.model("large")`. */
export interface Made<in Request, out Answer, out Chunk>
  extends Provider<Request, Answer, Chunk>,
    HasModels {}

/**
 * Makes a provider from functions. Without `stream`, a stream has one chunk, the whole answer. Without `phase`, every chunk
 * is content and the end of the stream completes the answer. `target.endpoint` is the base URL, and
 * `target.credential.apiKey` the key, if they are set. Throws `InvalidOptions` for a name that is not allowed in a bench
 * key, for two credentials with the same name, for an invalid policy, and for a call that is not a function.
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
export const make = <Request, Answer, Chunk = Answer>(
  name: string,
  calls: Calls<Request, Answer, Chunk>,
  options: ProviderOptions = {}
): Made<Request, Answer, Chunk> => {
  const { service, ...backend } = Backend.make(name, calls, options)
  const { complete, phase, stream } = service
  const where = `Provider.make: the provider ${JSON.stringify(name)}`
  if (complete === undefined) Checks.refuse(where, ["complete is missing; it has to be a function"])
  Checks.fields(where, service, {
    complete: Checks.callable,
    stream: Checks.callable,
    phase: Checks.callable
  })
  // without `stream`, `Chunk` is its default: the answer
  const whole = (request: Request, target: Target) =>
    Stream.fromEffect(complete(request, target)) as Stream.Stream<unknown, Failure> as Stream.Stream<
      Chunk,
      Failure
    >
  return {
    ...backend,
    ...models,
    complete,
    stream: stream ?? whole,
    ...(phase === undefined ? {} : { phase })
  }
}
