/** The targets that a request does not try (again): tried ones, models that refused it, and windows that are too small. */
import type { Target } from "../domain/Target.ts"
import type { ContextExceeded } from "../failure/Failure.ts"

/** The exclusions of one request. */
export class Exclusions {
  /** Targets that were given up, or are called by a hedge, since the last restart. */
  #tried: Set<string> | undefined
  /** Every target that has been given up, also before the last restart. */
  #asked: Set<string> | undefined
  /** Models, as `provider/model`, that have refused this request. */
  #refusedBy: Set<string> | undefined
  #windowAbove = 0
  #windowAtLeast = 0
  /** Whether an attempt of this run timed out. */
  hasHung = false

  /** Whether a target may be tried: it was not tried since the last restart, and its window is large enough. */
  allows(target: Target): boolean {
    return this.#tried?.has(target.key) !== true && this.fits(target.contextWindow)
  }

  /** Whether a target has been tried and given up. */
  hasTried(target: Target): boolean {
    return this.#asked?.has(target.key) === true
  }

  /** Whether a target may accept the request: its model has not refused it, and its window is large enough. */
  isWilling(target: Target): boolean {
    return this.#refusedBy?.has(target.benchKeys.model) !== true && this.fits(target.contextWindow)
  }

  /** Whether the prompt may fit into a window, as far as known. */
  fits(contextWindow: number | undefined): boolean {
    return (
      contextWindow === undefined ||
      (contextWindow > this.#windowAbove && contextWindow >= this.#windowAtLeast)
    )
  }

  /** A hedge calls the target, so it is not a candidate any more. */
  take({ key }: Target): void {
    this.#tried ??= new Set()
    this.#tried.add(key)
  }

  /** Gives a target up. */
  giveUp(target: Target): void {
    this.take(target)
    this.#asked ??= new Set()
    this.#asked.add(target.key)
  }

  /** A model has refused the request, and would refuse it with another credential too. */
  refused({ benchKeys }: Target): void {
    this.#refusedBy ??= new Set()
    this.#refusedBy.add(benchKeys.model)
  }

  /** The prompt was too long for a target: from now on models whose window is known to be no larger are skipped. */
  needWindow(target: Target, { actual, limit }: ContextExceeded): void {
    this.#windowAbove = Math.max(this.#windowAbove, limit ?? 0, target.contextWindow ?? 0)
    this.#windowAtLeast = Math.max(this.#windowAtLeast, actual ?? 0)
  }

  /** Starts again; targets that were tried are included if `again`. */
  restart(again: boolean): void {
    // A copy, since a target that a hedge calls later is not given up.
    this.#tried = again ? undefined : new Set(this.#asked)
  }
}
