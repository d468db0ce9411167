/** Records the requests of a simulation from the runtime's events, until each ends and is counted. */
import type { Action, FailoverEvent, Observer } from "../../events/FailoverEvent.ts"
import { classOf, type Failure, type FailureClass } from "../../failure/Failure.ts"
import type { RunError, StreamBroken } from "../../failure/RunError.ts"

/** One call to a target. Times are milliseconds since the start of the simulation. */
export interface Call {
  readonly target: string
  /** Counts from 1 over all calls of the request. */
  readonly attempt: number
  readonly at: number
  readonly probe: boolean
  /** It began beside another call of its request, which took long. */
  readonly hedge: boolean
  /** How it ended; `undefined` while it is under way, and if its request ended before it. */
  readonly outcome: "answered" | "dropped" | FailureClass | undefined
  /** The evidence of its failure, such as `code=insufficient_quota`. */
  readonly evidence: string | undefined
  /** What the run did after its failure. */
  readonly next: Action["_tag"] | undefined
}

/** The record of one request. Times are milliseconds. */
export interface RequestRecord {
  /** Since the start. */
  readonly at: number
  /** The conversation that it is a turn of. */
  readonly conversation: number
  /** Whether it is the last turn. */
  readonly isLast: boolean
  /** `broken`: its stream broke off after its first word. */
  readonly state: "pending" | "answered" | "failed" | "broken"
  readonly calls: ReadonlyArray<Call>
  /** The target that answered. */
  readonly by: string | undefined
  /** The time to the first word of a stream, otherwise to the answer. */
  readonly took: number | undefined
  /** The part of that before the successful call began. */
  readonly lost: number | undefined
  /** What the caller got instead. */
  readonly error: string | undefined
}

/** Whether a call failed. One that was stopped beside a hedge did not. */
export const hasFailed = ({ outcome }: Call): boolean =>
  outcome !== undefined && outcome !== "answered" && outcome !== "dropped"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

interface Entry extends Mutable<Omit<RequestRecord, "calls">> {
  readonly calls: Array<Mutable<Call>>
}

/** Keeps the requests in flight, and passes each to `count` when it ends. */
export class Journal {
  readonly #startAt: number
  readonly #count: (request: RequestRecord) => void
  readonly #open = new Map<string, Entry>()
  #asked = 0

  constructor(startAt: number, count: (request: RequestRecord) => void) {
    this.#startAt = startAt
    this.#count = count
  }

  /** A request arrives; returns its id in events. */
  asked(
    now: number,
    { conversation, isLast }: { readonly conversation: number; readonly isLast: boolean }
  ): string {
    const id = String(this.#asked++)
    this.#open.set(id, {
      at: now - this.#startAt,
      conversation,
      isLast,
      state: "pending",
      calls: [],
      by: undefined,
      took: undefined,
      lost: undefined,
      error: undefined
    })
    return id
  }

  /** A request has its whole answer, or has failed. */
  ended(id: string, error: RunError | StreamBroken | undefined): void {
    const entry = this.#open.get(id)
    if (entry === undefined) return
    this.#open.delete(id)
    entry.state = error === undefined ? "answered" : entry.by === undefined ? "failed" : "broken"
    entry.error = error === undefined ? undefined : nameOf(error)
    this.#count(entry)
  }

  readonly observer: Observer = (event) => {
    const entry = this.#open.get(event.run.about?.requestId ?? "")
    if (entry === undefined) return
    switch (event._tag) {
      case "AttemptStarted":
        entry.calls.push(this.#begun(event))
        break
      case "AttemptFailed": {
        const call = entry.calls.find(({ attempt }) => attempt === event.attempt)
        if (call === undefined) break
        fail(call, event.failure)
        call.next = event.action._tag
        break
      }
      case "AttemptDropped": {
        const call = entry.calls.find(({ attempt }) => attempt === event.attempt)
        if (call !== undefined) call.outcome = "dropped"
        break
      }
      case "AttemptSucceeded": {
        const call = entry.calls.find(({ attempt }) => attempt === event.attempt)
        if (call !== undefined) call.outcome = "answered"
        entry.by = event.target.key
        entry.took = event.elapsed
        entry.lost = event.elapsed - event.duration
        break
      }
      case "StreamEnded": {
        const call = entry.calls.find(({ outcome }) => outcome === "answered")
        if (event.failure !== undefined && call !== undefined) fail(call, event.failure)
        break
      }
    }
  }

  #begun({
    at,
    attempt,
    hedge,
    probe,
    target
  }: Extract<FailoverEvent, { readonly _tag: "AttemptStarted" }>): Mutable<Call> {
    return {
      target: target.key,
      attempt,
      at: at - this.#startAt,
      probe,
      hedge: hedge === true,
      outcome: undefined,
      evidence: undefined,
      next: undefined
    }
  }
}

const fail = (call: Mutable<Call>, failure: Failure): void => {
  call.outcome = classOf(failure)
  call.evidence = failure.evidence
}

const nameOf = (error: RunError | Failure | StreamBroken): string =>
  error._tag === "StreamBroken"
    ? classOf(error.failure)
    : "attempts" in error || error._tag === "AllBenched"
      ? error._tag
      : classOf(error)
