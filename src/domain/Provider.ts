/** An Effect service that can answer a request, whole or as a stream, with typed failures. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { BadRequest, Failure } from "../failure/Failure.ts"
import type { Backend } from "./Backend.ts"
import type { Phase } from "./Phase.ts"
import type { Target } from "./Target.ts"

/**
 * A bound on what is held back of a stream until its commit point: more than `most` of what `sizeOf` measures (bytes,
 * for one) is a `Transient` failure with reason `Malformed`, and the run moves on. What has been handed over is not
 * measured.
 */
export interface Holding<in Chunk> {
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
export interface Provider<in Request, out Answer, out Chunk> extends Backend {
  /** One attempt at a whole answer. An answer without content is a `Transient` failure with reason `Empty`. */
  readonly complete: (request: Request, target: Target) => Effect.Effect<Answer, Failure>
  /**
   * One attempt at a stream. An error event inside it, on whatever HTTP status, is a failure of the stream. It need
   * not notice a missing end: the runtime does, by the phases.
   */
  readonly stream: (request: Request, target: Target) => Stream.Stream<Chunk, Failure>
  /** What one of this provider's own chunks means; called once per chunk, so it should be cheap. */
  phase(chunk: Chunk): Phase
  /** How much of a stream may be held back until its commit point; without it there is no bound. */
  readonly holding?: Holding<Chunk> | undefined
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
