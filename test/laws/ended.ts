/** The end of every run is reported exactly once, and agrees with its caller. */
import { assert } from "@effect/vitest"
import * as Exit from "effect/Exit"
import type { FailoverEvent } from "../../src/index.ts"
import type { Heard, Told } from "./play.ts"

/** Throws unless each run has exactly one `RunEnded`, as its last event, which agrees with its other events and with its caller's outcome. */
export const endsOnce = ({
  heard,
  told
}: {
  readonly heard: ReadonlyArray<Heard>
  readonly told: ReadonlyArray<Told>
}): void => {
  const runs = new Map<FailoverEvent.RunInfo, Array<FailoverEvent.FailoverEvent>>()
  for (const { event } of heard) runs.set(event.run, [...(runs.get(event.run) ?? []), event])
  for (const [run, events] of runs) {
    const story = events.map(({ _tag }) => _tag).join(" ")
    const [end, ...others] = events.filter((event) => event._tag === "RunEnded")
    assert.isDefined(end, story)
    assert.isEmpty(others, story)
    assert.strictEqual(events.at(-1), end, story)
    assert.strictEqual(end.attempts, events.filter(({ _tag }) => _tag === "AttemptStarted").length)
    assert.deepStrictEqual(
      end.failed,
      events.flatMap((event) =>
        event._tag === "AttemptFailed" ? [{ target: event.target.key, failure: event.failure }] : []
      )
    )
    for (const event of events) {
      if (event._tag === "AttemptSucceeded") assert.strictEqual(end.target, event.target)
      if (event._tag === "RunFailed") assert.strictEqual(end.error, event.error)
    }
    const call = told.find(({ caller }) => caller === callerOf(run))
    if (call !== undefined) assert.include(outcomesOf(call), end.outcome, story)
  }
}

const callerOf = ({ request }: FailoverEvent.RunInfo): unknown =>
  typeof request === "object" && request !== null && "caller" in request ? request.caller : undefined

/** The outcome for a caller. One that disconnects may get its answer, or an error, at the same time. */
const outcomesOf = ({ exit }: Told): ReadonlyArray<FailoverEvent.Outcome> => {
  if (Exit.isSuccess(exit)) return ["answered"]
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") return ["answered", "failed", "broken", "interrupted"]
  return reason.error._tag === "StreamBroken"
    ? ["broken"]
    : reason.error._tag === "DeadlineExceeded"
      ? ["failed", "broken"]
      : ["failed"]
}
