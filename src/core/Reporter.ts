/** Tells an observer what happens in one run. There is a reporter only where there is an observer. */
import type * as Bench from "./Bench.ts"
import type { Commit } from "./Commit.ts"
import { type Action, type AttemptFailed, type Observer, type RunInfo, tell } from "./FailoverEvent.ts"
import type * as Failure from "./Failure.ts"
import type { Now } from "./Now.ts"
import type { RunError } from "./RunError.ts"
import type { Target } from "./Target.ts"

let runs = 0

/** Tells an observer what happens in one run. */
export class Reporter {
  readonly run: RunInfo
  readonly #observer: Observer
  readonly #now: Now
  #attempt = 0
  #attemptAt = 0

  constructor(observer: Observer, kind: RunInfo["kind"], request: unknown, now: Now) {
    this.#observer = (event) => tell(observer, event)
    this.#now = now
    this.run = { id: ++runs, kind, request, startedAt: now.millis() }
  }

  readonly skipped = (target: Target, { key, reason, until }: Bench.Resting): void => {
    this.#observer({ _tag: "Skipped", run: this.run, at: this.#now.millis(), target, key, reason, until })
  }

  started(target: Target, attempt: number, probe: boolean): void {
    this.#attempt = attempt
    this.#attemptAt = this.#now.millis()
    this.#observer({ _tag: "AttemptStarted", run: this.run, at: this.#attemptAt, target, attempt, probe })
  }

  failed(target: Target, failure: Failure.Failure, action: Action): void {
    this.#observer(this.#failed(target, failure, action))
  }

  cutOff(target: Target, failure: Failure.Failure, action: Action): void {
    this.#observer({ ...this.#failed(target, failure, action), cutOff: true })
  }

  #failed(target: Target, failure: Failure.Failure, action: Action): AttemptFailed {
    const at = this.#now.millis()
    const duration = at - this.#attemptAt
    return {
      _tag: "AttemptFailed",
      run: this.run,
      at,
      target,
      attempt: this.#attempt,
      duration,
      failure,
      action
    }
  }

  succeeded(target: Target, commit: Commit | undefined): void {
    const at = this.#now.millis()
    const duration = at - this.#attemptAt
    const attempt = this.#attempt
    this.#observer({ _tag: "AttemptSucceeded", run: this.run, at, target, attempt, duration, commit })
  }

  streamEnded(target: Target, failure: Failure.Failure | undefined, complete: boolean): void {
    const at = this.#now.millis()
    const duration = at - this.#attemptAt
    this.#observer({ _tag: "StreamEnded", run: this.run, at, target, duration, failure, complete })
  }

  runFailed(error: RunError): void {
    const at = this.#now.millis()
    this.#observer({ _tag: "RunFailed", run: this.run, at, error, duration: at - this.run.startedAt })
  }

  interrupted(target: Target | undefined): void {
    const at = this.#now.millis()
    this.#observer({ _tag: "RunInterrupted", run: this.run, at, target, duration: at - this.run.startedAt })
  }
}
