/** Targets that a request has skipped and may return to. */
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type * as Bench from "../health/Bench.ts"
import type { BenchedTarget } from "./BenchedTargets.ts"

/** A target and its backend. */
export interface Candidate<out P> {
  readonly backend: P
  readonly target: Target
}

/** The skipped targets of one request. */
export class Skipped<P extends Backend> {
  /** Because of their own limit. */
  #limited: ReadonlyArray<BenchedTarget<P>> = []
  /** Because they are at a learned limit. */
  #full: Array<Candidate<P>> = []
  /** In favour of others: they share the endpoint of a failed target, or were benched for a timeout when another target timed out. */
  #avoided: Array<Candidate<P>> = []
  /** Because another process was probing them: until when they are not tried again, by target. */
  readonly #probed = new Map<string, number>()

  /** A target was skipped because of its own limit. */
  limit(backend: P, target: Target, why: Bench.Benched): void {
    this.#limited = [...this.#limited, { backend, target, why }]
  }

  /** A target was skipped because it is at a learned limit. */
  fill(backend: P, target: Target): void {
    this.#full.push({ backend, target })
  }

  /** A target was skipped in favour of others. */
  avoid(backend: P, target: Target): void {
    this.#avoided.push({ backend, target })
  }

  /** Another process is probing a target: it is not tried again until then. */
  probing({ key }: Target, until: number): void {
    this.#probed.set(key, until)
  }

  /** Whether another process was probing a target when it was last checked. */
  isProbed({ key }: Target, now: number): boolean {
    return (this.#probed.get(key) ?? 0) > now
  }

  /** Targets that were skipped because they are at a learned limit. */
  get full(): ReadonlyArray<Candidate<P>> {
    return this.#full
  }

  /** Targets that were skipped in favour of others. */
  get avoided(): ReadonlyArray<Candidate<P>> {
    return this.#avoided
  }

  /** Among the targets that were skipped for their own limit and may still be tried, the one that can be called soonest. */
  soonestLimited(
    allows: (target: Target) => boolean,
    whyLimited: (target: Target) => Bench.Benched | undefined
  ): BenchedTarget<P> | undefined {
    let soonest: BenchedTarget<P> | undefined
    for (const { backend, target, why } of this.#limited) {
      if (!allows(target)) continue
      // Another request may have used the limit meanwhile.
      const known = whyLimited(target) ?? why
      if (soonest === undefined || known.until < soonest.why.until) soonest = { backend, target, why: known }
    }
    return soonest
  }

  /** The run returns to a target that was skipped because of its own limit. */
  comeBackTo(target: Target): void {
    this.#limited = this.#limited.filter((limited) => limited.target !== target)
  }

  /** The run starts again, so it will reach these targets again. */
  restart(): void {
    this.#limited = []
    this.#full = []
    this.#avoided = []
  }
}
