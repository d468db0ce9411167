/** How the attempts of a hedged request count for the two upstreams. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as UpstreamRouter from "../../src/router/UpstreamRouter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { refusedConnection } from "../support/upstream.ts"

type Calls = ReadonlyArray<Scripted.Call<string, Scripted.Part>>

/**
 * Requests that are hedged after a second, one after another: each answer with its time, and the failures in a row of both
 * upstreams at the end.
 */
const hedged = (main: Calls, spare: Calls, requests = 1) =>
  Effect.gen(function* () {
    const router = yield* UpstreamRouter.make({
      primary: Model.make(Scripted.make("main", main), "large"),
      backup: Model.make(Scripted.make("spare", spare), "large"),
      check: Effect.void,
      policy: { hedge: { after: "1 second", to: "chain", share: 1 } }
    })
    const ask = Effect.gen(function* () {
      const began = yield* Clock.currentTimeMillis
      const answer = yield* Effect.catch(UpstreamRouter.complete(router, "hi"), ({ _tag }) =>
        Effect.succeed(_tag)
      )
      return `${answer} after ${(yield* Clock.currentTimeMillis) - began}`
    })
    const asked = yield* Effect.forkChild(Effect.replicateEffect(ask, requests))
    yield* TestClock.adjust("1 minute")
    const answers = yield* Fiber.join(asked)
    const { backup, primary } = yield* router.status
    return { answers, primary: primary.failuresInRow, backup: backup?.failuresInRow }
  }).pipe(Effect.scoped, Effect.provide(Failover.layer()))

const slow = [{ wait: "5 seconds" }, "main"] as const

describe("a hedged request", () => {
  it.effect("that the backup answers does not count for the primary", () =>
    Effect.gen(function* () {
      const { answers, ...failures } = yield* hedged([slow], [["spare"]], 3)
      assert.deepStrictEqual(answers, ["spare after 1000", "spare after 1000", "spare after 1000"])
      assert.deepStrictEqual(failures, { primary: 0, backup: 0 })
    })
  )

  it.effect("that the primary answers counts for the backup if that failed, and not if it was stopped", () =>
    Effect.gen(function* () {
      const failed = yield* hedged([slow], [[refusedConnection]])
      assert.deepStrictEqual(failed, { answers: ["main after 5000"], primary: 0, backup: 1 })
      const stopped = yield* hedged([slow], [[{ wait: "9 seconds" }, "spare"]])
      assert.deepStrictEqual(stopped, { answers: ["main after 5000"], primary: 0, backup: 0 })
    })
  )

  it.effect("whose primary fails meanwhile counts for that, and is answered by the backup", () =>
    Effect.gen(function* () {
      const found = yield* hedged(
        [[{ wait: "2 seconds" }, refusedConnection]],
        [[{ wait: "3 seconds" }, "spare"]]
      )
      assert.deepStrictEqual(found, { answers: ["spare after 4000"], primary: 1, backup: 0 })
    })
  )

  it.effect("whose both attempts fail counts once for each, whichever fails first", () =>
    Effect.gen(function* () {
      const primaryFirst = yield* hedged(
        [[{ wait: "2 seconds" }, refusedConnection]],
        [[{ wait: "3 seconds" }, refusedConnection]]
      )
      assert.deepStrictEqual(primaryFirst, { answers: ["ChainExhausted after 4000"], primary: 1, backup: 1 })
      const backupFirst = yield* hedged([[{ wait: "2 seconds" }, refusedConnection]], [[refusedConnection]])
      assert.deepStrictEqual(backupFirst, { answers: ["ChainExhausted after 2000"], primary: 1, backup: 1 })
    })
  )

  it.effect("to another key of the primary is one visit there, although the first key fails", () =>
    Effect.gen(function* () {
      const main = Scripted.make(
        "main",
        ({ credential }) =>
          credential.name === "one"
            ? [[{ wait: "2 seconds" }, refusedConnection]]
            : [[{ wait: "3 seconds" }, "main"]],
        { credentials: [Credential.make("one"), Credential.make("two")] }
      )
      const router = yield* UpstreamRouter.make({
        primary: Model.make(main, "large"),
        backup: Model.make(Scripted.make("spare", [["spare"]]), "large"),
        check: Effect.void,
        threshold: 1,
        policy: { hedge: { after: "1 second", share: 1 } }
      })
      const asked = yield* Effect.forkChild(UpstreamRouter.complete(router, "hi"))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Fiber.join(asked), "main")
      assert.strictEqual((yield* router.status).moves, 0)
    }).pipe(Effect.scoped, Effect.provide(Failover.layer()))
  )

  it.effect("that goes on at the backup counts for that if it fails before a later commit point", () =>
    Effect.gen(function* () {
      const router = yield* UpstreamRouter.make({
        primary: Model.make(Scripted.make("main", [slow]), "large"),
        backup: Model.make(
          Scripted.make("spare", [["half", { wait: "1 second" }, refusedConnection]]),
          "large"
        ),
        check: Effect.void,
        policy: {
          commit: Commit.complete,
          hedge: { after: "1 second", to: "chain", share: 1 },
          retries: { times: 0 }
        }
      })
      const asked = yield* Effect.forkChild(Stream.runDrain(UpstreamRouter.stream(router, "hi")))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(asked)
      const { backup, primary } = yield* router.status
      assert.deepStrictEqual([primary.failuresInRow, backup?.failuresInRow], [0, 1])
    }).pipe(Effect.scoped, Effect.provide(Failover.layer()))
  )

  it.effect("does not change how the next one counts", () =>
    Effect.gen(function* () {
      const found = yield* hedged([slow, [refusedConnection]], [["spare"]], 2)
      assert.deepStrictEqual(found, {
        answers: ["spare after 1000", "spare after 0"],
        primary: 1,
        backup: 0
      })
    })
  )
})
