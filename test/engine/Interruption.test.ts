/** A caller that disconnects: everything stops at once, nothing stays open, and nothing is benched. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, fault, throttle } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer())
const { held } = Scripted

/** Every way to make a request. */
const ways = {
  complete: (chain: Chain.Chain<Scripted.Scripted>, options?: Failover.CallOptions) =>
    Effect.asVoid(Failover.complete(chain, "q", options)),
  stream: (chain: Chain.Chain<Scripted.Scripted>, options?: Failover.CallOptions) =>
    Stream.runDrain(Failover.stream(chain, "q", options)),
  open: (chain: Chain.Chain<Scripted.Scripted>, options?: Failover.CallOptions) =>
    Effect.scoped(Effect.asVoid(Failover.open(chain, "q", options)))
}
const asks = Object.entries(ways).map(([name, ask]) => ({ name, ask }))

/** Keys whose probe slot is taken. */
const slots = Effect.map(BenchRegistry, (registry) =>
  [...EngineBench.of(registry).stateUnsafe().entries]
    .filter(([, entry]) => entry.probe !== 0)
    .map(([key]) => key)
)

describe("a caller that disconnects", () => {
  for (const { name, ask } of asks) {
    it.effect(`in the middle of an attempt stops it: ${name}`, () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [[held("role"), { hang: true }]])
        const b = Scripted.make("b", [["other"]])
        const caller = yield* Effect.forkChild(ask(Chain.make(Model.make(a, "m"), Model.make(b, "m"))))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(a.open, 1)
        yield* Fiber.interrupt(caller)
        assert.strictEqual(a.open, 0)
        assert.strictEqual(a.calls[0]?.outcome, "interrupted")
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(a.calls.length + b.calls.length, 1)
        assert.deepStrictEqual(yield* benches, [])
      }).pipe(runtime)
    )

    it.effect(`in the pause before a retry ends the request: ${name}`, () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [[fault("Overloaded", "2 seconds")]])
        const b = Scripted.make("b", [["other"]])
        const caller = yield* Effect.forkChild(ask(Chain.make(Model.make(a, "m"), Model.make(b, "m"))))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(caller)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(a.calls.length + b.calls.length, 1)
        assert.deepStrictEqual(yield* benches, [])
      }).pipe(runtime)
    )

    it.effect(`during its probe gives the slot back: ${name}`, () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [[throttle("5 seconds")], [{ hang: true }], ["back"]])
        const b = Scripted.make("b", [["other"]])
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        yield* ask(chain)
        yield* TestClock.adjust("5 seconds")
        const caller = yield* Effect.forkChild(ask(chain))
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* slots, ["a/m#default"])
        yield* Fiber.interrupt(caller)
        assert.deepStrictEqual(yield* slots, [])
        yield* ask(chain)
        assert.strictEqual(a.calls.length, 3, "the next request probes")
        assert.strictEqual(a.open, 0)
      }).pipe(runtime)
    )

    it.effect(`while everything is benched waits no longer: ${name}`, () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [[throttle("1 minute")]])
        const chain = Chain.make(Model.make(a, "m"))
        yield* Effect.exit(ask(chain))
        const caller = yield* Effect.forkChild(ask(chain, { whenAllBenched: "wait" }))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(caller)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(a.calls.length, 1)
      }).pipe(runtime)
    )

    // Run.ts starts an attempt in one operation of the caller's fiber and waits for it in a later one: a fiber that is
    // interrupted in between may leave the attempt, and its probe slot, without an owner.
    it.effect(`at any turn of the scheduler leaves nothing open and no slot taken: ${name}`, () =>
      Effect.gen(function* () {
        for (const operations of [3, 4, 5, 6, 7, 2_048]) {
          for (let turns = 0; turns < 40; turns++) {
            const once = Effect.gen(function* () {
              const a = Scripted.make("a", [[throttle("1 second")], [held(), "he", { hang: true }]])
              const b = Scripted.make("b", [[fault("Timeout")], [{ hang: true }]])
              const chain = Chain.withPolicy(Chain.make(Model.make(a, "m"), Model.make(b, "m")), {
                maxWait: 0
              })
              yield* Effect.exit(ask(chain))
              yield* TestClock.adjust("5 seconds")
              const caller = yield* ask(chain).pipe(
                Effect.provideService(MaxOpsBeforeYield, operations),
                Effect.forkChild
              )
              for (let i = 0; i < turns; i++) yield* Effect.yieldNow
              yield* Fiber.interrupt(caller)
              for (let i = 0; i < 20; i++) yield* Effect.yieldNow
              const where = `${operations} operations a turn, after ${turns} turns`
              assert.strictEqual(a.open + b.open, 0, where)
              assert.deepStrictEqual(yield* slots, [], where)
            })
            yield* Effect.provide(once, Failover.layer(), { local: true })
          }
        }
      })
    )
  }

  it.effect("is not waited for by the others", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "2 seconds" }, "one"]])
      const chain = Chain.make(Model.make(a, "m"))
      const leaving = yield* Effect.forkChild(Failover.complete(chain, "1"))
      const staying = yield* Effect.forkChild(Failover.complete(chain, "2"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(leaving)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(staying), "one")
    }).pipe(runtime)
  )

  it.effect("may disconnect by losing a race", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ hang: true }]])
      const race = Effect.race(
        Failover.complete(Chain.make(Model.make(a, "m")), "q"),
        Effect.delay(Effect.succeed("faster"), "1 second")
      )
      const fiber = yield* Effect.forkChild(race)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), "faster")
      assert.strictEqual(a.open, 0)
    }).pipe(runtime)
  )

  // The same gap between two operations.
  it.effect("while the attempt's own code interrupts it leaves nothing open", () =>
    Effect.gen(function* () {
      let caller: Fiber.Fiber<unknown, unknown> | undefined
      let open = 0
      const a = Scripted.make("a", [])
      const chain = Chain.make(Model.make(a, "m"))
      const suicidal = Effect.acquireUseRelease(
        Effect.sync(() => open++),
        () =>
          Effect.andThen(
            Effect.sync(() => caller?.interruptUnsafe()),
            Effect.never
          ),
        () => Effect.sync(() => open--)
      )
      caller = yield* Effect.forkChild(
        Effect.andThen(
          Effect.yieldNow,
          Failover.use(chain, () => suicidal)
        )
      )
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      assert.isDefined(caller.pollUnsafe())
      assert.strictEqual(open, 0)
    }).pipe(runtime)
  )
})

describe("an observer", () => {
  const heard = (script: Scripted.Script<unknown, string, Scripted.Part>, options: Failover.CallOptions) =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const observer = ({ _tag, at }: FailoverEvent) => void events.push(`${at} ${_tag}`)
      const a = Scripted.make("a", script)
      const chain = Chain.make(Model.make(a, "m"))
      const caller = yield* Effect.forkChild(Failover.complete(chain, "q", { ...options, observer }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(caller)
      return events
    }).pipe(Effect.provide(Failover.layer(), { local: true }))

  it.effect("receives a disconnect during an attempt", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* heard([[{ hang: true }]], {}), [
        "0 AttemptStarted",
        "1000 RunInterrupted",
        "1000 RunEnded"
      ])
    })
  )

  it.effect("receives a disconnect during a pause", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* heard([[fault("Overloaded", "2 seconds")]], {}), [
        "0 AttemptStarted",
        "0 AttemptFailed",
        "1000 RunInterrupted",
        "1000 RunEnded"
      ])
    })
  )
})
