/** How the events of a run count for the two upstreams, event by event. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import type { Target } from "../../src/domain/Target.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { observe } from "../../src/router/Outcomes.ts"
import { refusedConnection, target } from "../support/upstream.ts"

const main = target("main/large#default")
const spare = target("spare/large#default")
const other = target("other/huge#default")

const common = {
  run: { id: 1, kind: "effect", request: "hi", startedAt: 0, about: undefined, context: Context.empty() },
  at: 0,
  elapsed: 0
} as const

const started = (target: Target, hedge?: true): FailoverEvent => ({
  ...common,
  _tag: "AttemptStarted",
  target,
  attempt: 1,
  probe: false,
  ...(hedge && { hedge })
})

const failed = (target: Target, action: "Retry" | "Continue" | "Stop"): FailoverEvent => ({
  ...common,
  _tag: "AttemptFailed",
  target,
  attempt: 1,
  duration: 1,
  failure: refusedConnection,
  action: action === "Retry" ? { _tag: action, delay: 0 } : { _tag: action }
})

const dropped = (target: Target, hedge: boolean): FailoverEvent => ({
  ...common,
  _tag: "AttemptDropped",
  target,
  attempt: 1,
  duration: 1,
  hedge
})

const answered = (target: Target): FailoverEvent => ({
  ...common,
  _tag: "RunEnded",
  outcome: "answered",
  target,
  error: undefined,
  duration: 1,
  attempts: 1,
  failed: []
})

const interrupted = (
  called: Partial<{ target: Target; failure: typeof refusedConnection }>
): FailoverEvent => ({
  ...common,
  _tag: "RunInterrupted",
  target: undefined,
  duration: 1,
  ...called
})

/** The outcomes of one run with these events. */
const outcomesOf = (...events: ReadonlyArray<FailoverEvent>): ReadonlyArray<string> => {
  const outcomes: Array<string> = []
  const upstreamOf = ({ provider }: Target) =>
    provider === "main" ? "primary" : provider === "spare" ? "backup" : undefined
  const observer = observe(upstreamOf, {
    succeeded: (at) => void outcomes.push(`${at} succeeded`),
    failed: (at, failure) => void outcomes.push(`${at} failed: ${failure.message}`)
  })
  for (const event of events) observer(event)
  return outcomes
}

describe("the outcome of an upstream", () => {
  it("is not a failure when a retry of it succeeds, also after a hedge has failed", () => {
    const retried = [failed(main, "Retry"), started(main), answered(main)]
    assert.deepStrictEqual(outcomesOf(started(main), ...retried), ["primary succeeded"])
    assert.deepStrictEqual(
      outcomesOf(started(main), started(spare, true), failed(spare, "Continue"), ...retried),
      ["backup failed: refused", "primary succeeded"]
    )
  })

  it("after a hedge follows from the attempt that goes on, which may still fail before a later commit point", () => {
    const begun = [started(main), started(spare, true)]
    assert.deepStrictEqual(
      outcomesOf(...begun, dropped(spare, true), failed(main, "Retry"), started(main), answered(main)),
      ["primary succeeded"]
    )
    assert.deepStrictEqual(
      outcomesOf(...begun, dropped(main, false), failed(spare, "Retry"), started(main), answered(main)),
      ["backup failed: refused", "primary succeeded"]
    )
  })

  it("does not follow from a target that belongs to neither", () => {
    assert.deepStrictEqual(
      outcomesOf(started(main), started(other, true), failed(other, "Continue"), answered(main)),
      ["primary succeeded"]
    )
    assert.deepStrictEqual(outcomesOf(started(other), answered(other)), [])
  })

  it("is a failure when callers leave after a long wait without an answer, and nothing when they just leave", () => {
    assert.deepStrictEqual(outcomesOf(interrupted({})), [])
    assert.deepStrictEqual(outcomesOf(started(main), interrupted({ target: main })), [])
    assert.deepStrictEqual(outcomesOf(interrupted({ failure: refusedConnection })), [])
    assert.deepStrictEqual(
      outcomesOf(started(main), interrupted({ target: main, failure: refusedConnection })),
      ["primary failed: refused"]
    )
  })
})
