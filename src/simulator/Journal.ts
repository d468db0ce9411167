/** What happened in a simulation: every request with its calls, as the runtime's own events tell it. */
import type { Action, FailoverEvent, Observer } from "../events/FailoverEvent.ts"
import { classOf, type Failure, type FailureClass } from "../failure/Failure.ts"
import type { RunError } from "../failure/RunError.ts"

/** One call to a target. Times are milliseconds since the start of the simulation. */
export interface Call {
  readonly target: string
  readonly at: number
  readonly probe: boolean
  /** How it ended: `undefined` while it is under way, and for good when its request ended first. */
  readonly outcome: "answered" | FailureClass | undefined
  /** What decided, such as `code=insufficient_quota`; where it failed. */
  readonly evidence: string | undefined
  /** What followed, where it failed. */
  readonly next: Action["_tag"] | undefined
}

/** One request. Times are milliseconds. */
export interface Asked {
  /** Since the start. */
  readonly at: number
  /** `broken`: its stream broke off after its first word. */
  readonly state: "pending" | "answered" | "failed" | "broken"
  readonly calls: ReadonlyArray<Call>
  /** Who answered. */
  readonly by: string | undefined
  /** Until its first word as a stream, else until its answer. */
  readonly took: number | undefined
  /** How much of that was over before the call that was answered began. */
  readonly lost: number | undefined
  /** What the caller got instead. */
  readonly error: string | undefined
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

interface Entry extends Mutable<Omit<Asked, "calls">> {
  readonly calls: Array<Mutable<Call>>
}

/** Writes down what happens to requests. */
export class Journal {
  readonly #startAt: number
  readonly #requests: Array<Entry> = []

  constructor(startAt: number) {
    this.#startAt = startAt
  }

  get requests(): ReadonlyArray<Asked> {
    return this.#requests
  }

  /** A request comes; gives the id by which events name it. */
  asked(now: number): string {
    const entry: Entry = {
      at: now - this.#startAt,
      state: "pending",
      calls: [],
      by: undefined,
      took: undefined,
      lost: undefined,
      error: undefined
    }
    return String(this.#requests.push(entry) - 1)
  }

  /** A request has been answered to its end, or has failed. */
  ended(id: string, error: RunError | Failure | undefined): void {
    const entry = this.#requests[Number(id)]!
    entry.state = error === undefined ? "answered" : entry.by === undefined ? "failed" : "broken"
    entry.error = error === undefined ? undefined : nameOf(error)
  }

  readonly observer: Observer = (event) => {
    const entry = this.#requests[Number(event.run.about?.requestId)]
    if (entry === undefined) return
    if (event._tag === "AttemptStarted") entry.calls.push(this.#begun(event))
    const call = entry.calls.at(-1)
    if (call === undefined) return
    switch (event._tag) {
      case "AttemptFailed":
        call.outcome = classOf(event.failure)
        call.evidence = event.failure.evidence
        call.next = event.action._tag
        break
      case "AttemptSucceeded":
        call.outcome = "answered"
        entry.by = event.target.key
        entry.took = event.elapsed
        entry.lost = event.elapsed - event.duration
        break
      case "StreamEnded":
        if (event.failure !== undefined) {
          call.outcome = classOf(event.failure)
          call.evidence = event.failure.evidence
        }
        break
    }
  }

  #begun({ at, probe, target }: Extract<FailoverEvent, { readonly _tag: "AttemptStarted" }>): Mutable<Call> {
    return {
      target: target.key,
      at: at - this.#startAt,
      probe,
      outcome: undefined,
      evidence: undefined,
      next: undefined
    }
  }
}

const nameOf = (error: RunError | Failure): string =>
  "attempts" in error || error._tag === "AllBenched" ? error._tag : classOf(error)
