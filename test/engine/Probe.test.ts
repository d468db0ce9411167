/** The one attempt that is admitted when a cooldown ends; its slot is always released. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, calls, dead, fault, play, texts, throttle, tooLong } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer())
type Call = Scripted.Call<string, Scripted.Part>

/** `a` was benched for five seconds and is about to be probed with these calls. `b` is the fallback. */
const halfOpen = Effect.fnUntraced(function* (...script: ReadonlyArray<Call>) {
  const a = Scripted.make("a", [[throttle("5 seconds")], ...script])
  const b = Scripted.make("b", [["other"]])
  const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
  yield* Failover.complete(chain, "before")
  yield* TestClock.adjust("5 seconds")
  return { a, b, chain, calls: () => calls(a, b).slice(2) }
})
const status = Effect.flatMap(BenchRegistry, (registry) =>
  Effect.map(registry.list, (list) => list.map((info) => info.status).join())
)

describe("a probe", () => {
  it.effect("has one attempt: a fault is not repeated, a throttle not waited for", () =>
    Effect.gen(function* () {
      for (const failure of [fault(), throttle("1 second")]) {
        const world = Effect.gen(function* () {
          const { calls, chain } = yield* halfOpen([failure], ["never asked"])
          const { value } = yield* play(Failover.complete(chain, "q"), { within: "10 seconds" })
          assert.strictEqual(value, "other")
          assert.deepStrictEqual(calls(), ["5000 a/m", "5000 b/m"])
        })
        yield* TestClock.setTime(0)
        yield* Effect.provide(world, Failover.layer(), { local: true })
      }
    })
  )

  it.effect("is skipped by other requests while it runs, for answers and streams", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen([{ wait: "3 seconds" }, "back"])
      const asks = Effect.all(
        [
          Failover.complete(chain, "1"),
          Effect.delay(Failover.complete(chain, "2"), "1 second"),
          Effect.delay(texts(Failover.stream(chain, "3")), "2 seconds"),
          Effect.delay(Failover.complete(chain, "4"), "3500 millis")
        ],
        { concurrency: "unbounded" }
      )
      const { value } = yield* play(asks)
      assert.deepStrictEqual(value, ["back", "other", ["other"], "back"])
      assert.deepStrictEqual(calls(), ["5000 a/m", "6000 b/m", "7000 b/m", "8500 a/m"])
    }).pipe(runtime)
  )

  it.effect("without an answer ends with its timeout, and the target is benched for longer", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen([{ hang: true }])
      const { benches } = yield* play(Failover.complete(chain, "q", { deadline: "1 hour" }))
      assert.deepStrictEqual(calls(), ["5000 a/m", "305000 b/m"])
      assert.deepStrictEqual(benches, ["a/m Timeout 315000"])
    }).pipe(runtime)
  )

  it.effect("that the request's time cuts off has proved nothing: the next request probes", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen([{ hang: true }], [{ hang: true }], ["back"])
      yield* play(Failover.complete(chain, "q", { deadline: "2 seconds" }), { within: "2 seconds" })
      assert.strictEqual(yield* status, "half-open")
      yield* play(Stream.runDrain(Failover.stream(chain, "q", { deadline: "2 seconds" })), {
        within: "2 seconds"
      })
      assert.strictEqual(yield* status, "half-open")
      assert.strictEqual(yield* Failover.complete(chain, "q"), "back")
      assert.deepStrictEqual(calls(), ["5000 a/m", "6000 b/m", "7000 a/m", "8000 b/m", "9000 a/m"])
      assert.strictEqual(yield* status, "")
    }).pipe(runtime)
  )

  it.effect(
    "with a prompt that was too long has proved nothing, and the request goes to the next model",
    () =>
      Effect.gen(function* () {
        const { chain } = yield* halfOpen([tooLong()], ["back"])
        assert.strictEqual(yield* Failover.complete(chain, "long"), "other")
        assert.strictEqual(yield* status, "half-open")
        assert.strictEqual(yield* Failover.complete(chain, "short"), "back")
      }).pipe(runtime)
  )

  it.effect("that dies of a bug is a failed probe", () =>
    Effect.gen(function* () {
      const { chain } = yield* halfOpen([{ die: "a bug" }])
      yield* Failover.complete(chain, "q")
      assert.deepStrictEqual(yield* benches, ["a/m Unknown 15000"])
    }).pipe(runtime)
  )

  it.effect("with a stream that is given up before its commit point gives its slot back", () =>
    Effect.gen(function* () {
      const { a, chain } = yield* halfOpen([Scripted.held("role"), { hang: true }], ["back"])
      const reader = Effect.timeoutOption(texts(Failover.stream(chain, "q")), "1 second")
      yield* play(reader, { within: "1 second" })
      assert.strictEqual(yield* status, "half-open")
      assert.strictEqual(a.open, 0)
      assert.deepStrictEqual(yield* texts(Failover.stream(chain, "q")), ["back"])
    }).pipe(runtime)
  )

  it.effect("with a stream that is closed after its commit point has admitted the others", () =>
    Effect.gen(function* () {
      const { a, chain } = yield* halfOpen(["hel", { hang: true }], ["back"])
      assert.deepStrictEqual(yield* texts(Stream.take(Failover.stream(chain, "q"), 1)), ["hel"])
      assert.strictEqual(yield* status, "")
      assert.strictEqual(a.open, 0)
      assert.strictEqual(yield* Failover.complete(chain, "q"), "back")
    }).pipe(runtime)
  )

  it.effect("of a key is one for all of its models", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) =>
        target.model === "large" ? [[dead()], [{ wait: "1 second" }, "large"]] : [["small"]]
      )
      const chain = Chain.make(Model.make(a, "large"))
      const other = Chain.make(Model.make(a, "small"), Model.make(Scripted.make("b", [["other"]]), "m"))
      yield* Effect.exit(Failover.complete(chain, "q"))
      yield* TestClock.adjust("5 minutes")
      const both = Effect.all([Failover.complete(chain, "1"), Failover.complete(other, "2")], {
        concurrency: 2
      })
      assert.deepStrictEqual((yield* play(both)).value, ["large", "other"])
      assert.strictEqual(yield* Failover.complete(other, "3"), "small")
    }).pipe(runtime)
  )

  it.effect("comes to a free key's neighbour only in its turn", () =>
    Effect.gen(function* () {
      const credentials = [Credential.make("one"), Credential.make("two")] as const
      const a = Scripted.make(
        "a",
        (target) => (target.credential.name === "two" ? [[throttle("5 seconds")], ["back"]] : [["first"]]),
        { credentials }
      )
      const chain = Chain.make(Model.make(a, "m"))
      yield* (yield* BenchRegistry).bench("a#one", { for: "1 second" })
      yield* Effect.exit(Failover.complete(chain, "q"))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Failover.complete(chain, "q"), "first")
      assert.strictEqual(yield* status, "half-open")
    }).pipe(runtime)
  )
})
