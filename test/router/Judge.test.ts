/** A judge of the application: the effect of a failure on the route. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import type * as Route from "../../src/router/Route.ts"
import * as UpstreamRouter from "../../src/router/UpstreamRouter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { refusedConnection, throttled } from "../support/upstream.ts"

type Judge = (failure: Failure) => Route.Verdict

/** The route and the failures in a row after each of these requests to a primary that fails like this. */
const judged = (judge: Judge, failure: Failure, requests = 2) => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
  return Effect.gen(function* () {
    const router = yield* UpstreamRouter.make({
      primary: Model.make(Scripted.make("main", [[failure]]), "large"),
      backup: Model.make(Scripted.make("spare", [["spare"]]), "large"),
      check: Effect.void,
      threshold: 2,
      judge
    })
    const states: Array<string> = []
    for (let i = 0; i < requests; i++) {
      assert.strictEqual(yield* UpstreamRouter.complete(router, "hi"), "spare")
      const { active, primary } = yield* router.status
      states.push(`${active} ${primary.failuresInRow}`)
    }
    return { states, lines }
  }).pipe(Effect.scoped, Effect.provide(Failover.layer()), Effect.provide(Logger.layer([logger])))
}

describe("the application's own judge", () => {
  it.effect("moves the route at once, counts a failure, or ignores it", () =>
    Effect.gen(function* () {
      const moved = yield* judged(() => "move", refusedConnection)
      assert.deepStrictEqual(moved, { states: ["backup 1", "backup 1"], lines: [] })
      const counted = yield* judged(() => "count", throttled())
      assert.deepStrictEqual(counted, { states: ["primary 1", "backup 2"], lines: [] })
      const ignored = yield* judged(() => "ignore", throttled())
      assert.deepStrictEqual(ignored, { states: ["primary 0", "primary 0"], lines: [] })
    })
  )

  it.effect("receives the failure of the primary", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      yield* judged((failure) => {
        seen.push(failure._tag)
        return "ignore"
      }, throttled())
      assert.deepStrictEqual(seen, ["RateLimit", "RateLimit"])
    })
  )

  const said = (did: string) => `the judge of an UpstreamRouter ${did}; the default verdict counts`
  it.effect.each([
    [
      "throws",
      (): unknown => {
        throw new RangeError("a bug")
      },
      "threw RangeError"
    ],
    ["gives no verdict", (): unknown => undefined, "returned no verdict"],
    [
      "gives a promise, even one that is rejected",
      (): unknown => Promise.reject(new Error("a bug")),
      "returned no verdict"
    ]
  ] as const)("that %s counts for nothing, which is logged once", ([, judge, did]) =>
    Effect.gen(function* () {
      const { lines, states } = yield* judged(judge as unknown as Judge, refusedConnection)
      assert.deepStrictEqual(states, ["primary 1", "backup 2"])
      assert.deepStrictEqual(lines, [said(did)])
    })
  )
})
