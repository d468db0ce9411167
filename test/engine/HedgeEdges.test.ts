/** Requests with two attempts under way: what happens to the remaining one, in unusual cases. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import * as Commit from "../../src/policy/Commit.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { calls, fault, play, texts, throttle } from "../support/engine.ts"

const hedge = { after: "1 second", share: 1, to: "chain" } as const
const slow = (text: string, seconds = 10) => [{ wait: `${seconds} seconds` }, text] as const
const hedged = (policy: Policy.Options = {}) => layer({ hedge, ...policy })

const backends = Chain.make(Model.make(Backend.make("a", {}), "m"), Model.make(Backend.make("b", {}), "m"))

/** An effect that takes a second to be stopped, and whether it has been. */
const untidy = () => {
  const state = { stopped: false }
  const effect = Effect.onInterrupt(Effect.never, () =>
    Effect.andThen(
      Effect.sleep("1 second"),
      Effect.sync(() => (state.stopped = true))
    )
  )
  return { state, effect }
}

describe("a caller that leaves a hedged request", () => {
  it.effect("waits until both attempts have stopped", () =>
    Effect.gen(function* () {
      const { effect, state } = untidy()
      const ask = Failover.use(backends, ({ name }) => (name === "a" ? Effect.never : effect), {
        hedge: true
      })
      const caller = yield* Effect.forkDetach(ask)
      yield* TestClock.adjust("2 seconds")
      const left = yield* Effect.forkDetach(Fiber.interrupt(caller), { startImmediately: true })
      yield* TestClock.adjust("900 millis")
      const early = left.pollUnsafe()
      yield* TestClock.adjust("200 millis")
      assert.deepStrictEqual([early, state.stopped], [undefined, true])
      assert.isDefined(left.pollUnsafe())
    }).pipe(hedged())
  )

  it.effect("before the hedge is due leaves nothing behind", () =>
    Effect.gen(function* () {
      const { calls, chain, open } = chainOf(hang, hang)
      const { error } = yield* play(Effect.timeout(Failover.complete(chain, "q"), "500 millis"))
      assert.strictEqual(error?._tag, "TimeoutError")
      assert.deepStrictEqual([calls(), open()], [["0 a/m"], 0])
    }).pipe(hedged())
  )
})

describe("a hedge", () => {
  it.effect("that reaches its own timeout is stopped, and the first attempt goes on", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [slow("first", 8)])
      const b = Scripted.make("b", hang, { policy: { timeouts: { answer: "3 seconds" } } })
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const asked = Effect.map(Failover.answer(chain, "q"), (served) => ({ ...served, open: b.open }))
      const { value } = yield* play(asked)
      assert.deepStrictEqual([value?.value, value?.failed.length, value?.open], ["first", 1, 0])
    }).pipe(hedged())
  )

  it.effect("whose error is the application's own answer ends the request with it", () =>
    Effect.gen(function* () {
      const { effect, state } = untidy()
      const { error, took } = yield* play(
        Failover.use(backends, ({ name }) => (name === "a" ? effect : Effect.fail("no such user")), {
          hedge: true,
          classify: () => Failover.notMine
        })
      )
      assert.deepStrictEqual([error, took], ["no such user", 1_000])
      assert.isTrue(state.stopped)
    }).pipe(hedged())
  )

  it.effect("that has taken over waits for its throttle as any attempt does: it is not another target", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "2 seconds" }, fault("ServerError")]])
      const b = Scripted.make("b", [[{ wait: "2 seconds" }, throttle("1 second")], ["b"]])
      const models = [Model.make(a, "m"), Model.make(b, "m")]
      const actions: Array<string> = []
      const observer = (event: FailoverEvent) => {
        if (event._tag === "AttemptFailed") actions.push(`${event.target.provider} ${event.action._tag}`)
      }
      const equals = Chain.withStrategy(Chain.equalsOf(models), "sequential")
      assert.strictEqual((yield* play(Failover.complete(equals, "q", { observer }))).value, "b")
      assert.deepStrictEqual(actions, ["a Next", "b Retry"])
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "1000 b/m", "4000 b/m"])
    }).pipe(hedged({ retries: { times: 0 } }))
  )

  it.effect("is the next target for the observer when the first attempt fails", () =>
    Effect.gen(function* () {
      const actions: Array<unknown> = []
      const observer = (event: FailoverEvent) => {
        if (event._tag === "AttemptFailed") actions.push(event.action)
      }
      const { chain } = chainOf([[{ wait: "2 seconds" }, fault("ServerError")]], [slow("b")], [["never"]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(actions, [{ _tag: "Next", model: "b/m" }])
    }).pipe(hedged({ retries: { times: 0 } }))
  )

  it.effect(
    "that the first content of a stream has stopped is called again if that breaks before its commit point",
    () =>
      Effect.gen(function* () {
        const { calls, chain, open } = chainOf(
          [[{ wait: "2 seconds" }, "fi", { wait: "1 second" }, fault("ServerError")]],
          [[{ hang: true }], ["hed", "ge"]]
        )
        const { value } = yield* play(texts(Failover.stream(chain, "q", { commit: Commit.chunks(2) })))
        assert.deepStrictEqual(value, ["hed", "ge"])
        assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m", "3000 b/m"])
        assert.strictEqual(open(), 0)
      }).pipe(hedged({ retries: { times: 0 } }))
  )

  it.effect("that was stopped so leaves the other keys of its model to the request", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        [{ wait: "2 seconds" }, "fi", { wait: "1 second" }, fault("ServerError")]
      ])
      const b = Scripted.make(
        "b",
        ({ credential }) => (credential.name === "k1" ? [[{ hang: true }]] : [["hed", "ge"]]),
        { credentials: [Credential.make("k1"), Credential.make("k2")] }
      )
      const chain = Chain.withStrategy(Chain.equals(Model.make(a, "m"), Model.make(b, "m")), "sequential")
      const { value } = yield* play(texts(Failover.stream(chain, "q", { commit: Commit.chunks(2) })))
      assert.deepStrictEqual(value, ["hed", "ge"])
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "1000 b/m#k1", "3000 b/m#k2"])
    }).pipe(hedged({ retries: { times: 0 } }))
  )
})
