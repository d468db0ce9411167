/**
 * The caller of one run, as the bench distinguishes callers: its id at a target, and what is remembered about its failures
 * there. All of it is read on first use, since a run without failures needs none.
 */
import type * as Context from "effect/Context"
import { type Asking, CallerId } from "../callers/CallerId.ts"
import type { Repeats } from "../callers/Repeats.ts"
import type { Target } from "../domain/Target.ts"
import type * as Bench from "../health/Bench.ts"
import type { MixedResults } from "../health/MixedResults.ts"
import type { RunClock } from "../time/RunClock.ts"

/** What the runs of a runtime share, as far as it is needed here. */
export interface Remembered {
  readonly repeats?: Repeats | undefined
  readonly mixed?: MixedResults | undefined
}

/** The caller of one run. */
export class RunCaller implements Bench.Who {
  readonly #asking: Partial<Asking>
  readonly #context: Context.Context<never>
  readonly #now: RunClock
  readonly #shared: Remembered
  #id: CallerId | undefined

  constructor(asking: Partial<Asking>, context: Context.Context<never>, now: RunClock, shared: Remembered) {
    this.#asking = asking
    this.#context = context
    this.#now = now
    this.#shared = shared
  }

  get #known(): CallerId {
    this.#id ??= new CallerId(this.#asking, this.#context)
    return this.#id
  }

  /** The id of the caller at a target; `undefined` if nothing identifies the caller. */
  idAt(target: Target): string | undefined {
    return this.#known.at(target)
  }

  /** Whether the caller is named, or its conversation or request has failed at the target before. */
  isKnownAt(target: Target): boolean {
    const id = this.idAt(target)
    if (id === undefined) return false
    return this.isNamed || this.#shared.repeats?.has(target, id, this.#now.millis()) === true
  }

  /** Whether the application named the caller. */
  get isNamed(): boolean {
    return this.#known.isNamed
  }

  /** After how many failed visits in a row, of callers that nothing tells apart, a target counts as down. */
  leastInRowAt(target: Target): number {
    if (this.isNamed) return 1
    return this.#shared.mixed?.leastInRow(target, this.#now.millis()) ?? 1
  }

  /** The request has failed at a target, which was not benched if `wasFree`. */
  hasFailedAt(target: Target, wasFree: boolean): void {
    if (wasFree) this.#shared.mixed?.failed(target, this.#now.millis())
    const id = this.idAt(target)
    if (id === undefined || this.isNamed) return
    this.#shared.repeats?.add(target, id, this.#now.millis())
  }
}
