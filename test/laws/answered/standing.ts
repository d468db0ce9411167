/** The standing of each service's target for one request: the state of the bench and of the limits for its caller. */
import * as Context from "effect/Context"
import { CallerId } from "../../../src/callers/CallerId.ts"
import { type SharedState, waitingOf } from "../../../src/engine/SharedState.ts"
import * as Bench from "../../../src/health/Bench.ts"
import type * as EngineBench from "../../../src/health/EngineBench.ts"
import type { Target } from "../../../src/index.ts"

/** The standing of a target for the caller of one request. */
export interface Standing {
  readonly target: string
  /** Why it may not be called. A bench that holds for other callers only does not count. */
  readonly benchedFor: Bench.Benched["reason"] | undefined
  /** Whether another request is probing it. */
  readonly isProbed: boolean
  /** Whether its credential is at its own limit, or the target at a learned one. It may also be benched. */
  readonly isAtLimit: boolean
}

/** The caller of a request. */
export interface Asking {
  readonly caller: string | undefined
  readonly request: string
}

/** The standing as a text. */
export const textOf = ({ benchedFor, isAtLimit, isProbed, target }: Standing): string =>
  `${target} ${benchedFor ?? "callable"}${isProbed ? ", probed" : ""}${isAtLimit ? ", at its limit" : ""}`

/** Reads standings. */
export class Standings {
  readonly #bench: EngineBench.EngineBench
  readonly #kept: SharedState

  constructor(bench: EngineBench.EngineBench, kept: SharedState) {
    this.#bench = bench
    this.#kept = kept
  }

  /** The standing of a target for a request. */
  of(target: Target.Target, asking: Asking, now: number): Standing {
    const why = Bench.peek(this.#bench.stateUnsafe(), target, now, false, whoOf(asking))
    const { room } = waitingOf(this.#kept, this.#bench)
    return {
      target: target.key,
      benchedFor: why?.reason,
      isProbed: why?.probing === true,
      isAtLimit: this.#kept.limits.why(target, now) !== undefined || room.why(target, now) !== undefined
    }
  }

  /** Whether a call that has just begun is a probe or goes to a benched target. Such a call is made once and not repeated. */
  isSingle(target: Target.Target, asking: Asking, now: number): boolean {
    return !Bench.isFree(this.#bench.stateUnsafe(), target, now, whoOf(asking))
  }
}

const whoOf = (asking: Asking): Bench.Who => {
  const id = new CallerId(asking, Context.empty())
  return { idAt: (target) => id.at(target), isKnownAt: () => false }
}
