/** The state of a run's waits: visits to continue, how long it may wait, and whether it has waited without success. */
import type { Place } from "./WaitQueue.ts"

/** The waits of one run. Made on first use: a run that is answered at once has none. */
export class Waits<P extends Place> {
  /** Visits that may continue when no other target is left. */
  unfinished: ReadonlyArray<P> = []
  /** Until when the run waits for targets; set by the first wait. */
  until: number | undefined
  /** Until when the run waits for a retry that the retry budget refused, whatever maxWait is. The retry would have been made by then. */
  retryUntil = 0
  /** Whether the run has waited for a target without result. If so, it does not wait again. */
  hasWaited = false
  /** Whether the run has waited for room at a target without result. If so, it does not wait for room again. */
  hasWaitedForRoom = false
  /** The attempts that the run had made when it last waited without result. It does not wait again for a retry that was due then. */
  attempts: number | undefined

  /** Keeps a visit. A target has at most one. */
  keep(place: P): void {
    if (this.unfinished.length === 0) this.unfinished = [place]
    else this.unfinished = [...this.unfinished.filter((other) => other.target !== place.target), place]
  }

  /** Keeps several visits, one after the other: a long chain may have thousands. */
  keepAll(places: ReadonlyArray<P>): void {
    const latest = new Map<P["target"], P>()
    for (const place of [...this.unfinished, ...places]) {
      latest.delete(place.target)
      latest.set(place.target, place)
    }
    this.unfinished = [...latest.values()]
  }

  /** Drops the visit of a target. */
  drop(target: P["target"]): void {
    this.unfinished = this.unfinished.filter((other) => other.target !== target)
  }

  /** The run waits at least until then for a refused retry. */
  retryBy(moment: number): void {
    this.retryUntil = Math.max(this.retryUntil, moment)
  }
}
