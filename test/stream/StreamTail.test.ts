/** A stream after its commit point: it belongs to its target, and its end is reported and recorded. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, fault, play, refusal, texts, throttle } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer())
type Call = Scripted.Call<string, Scripted.Part>
const { complete, held, last } = Scripted

/** Reads one stream of `a` to its end. `b` is the fallback. */
const reading = (call: Call, options?: Failover.CallOptions) =>
  Effect.gen(function* () {
    const a = Scripted.make("a", [call])
    const b = Scripted.make("b", [["other"]])
    const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
    const seen: Array<string> = []
    const run = Stream.runForEach(Failover.stream(chain, "q", options), (part) =>
      Effect.sync(() => void (part.text !== "" && seen.push(part.text)))
    )
    const played = yield* play(run)
    return { ...played, seen, others: b.calls.length, open: a.open, outcome: a.calls[0]?.outcome }
  }).pipe(runtime)

describe("after the commit point", () => {
  it.effect(
    "a failure ends the stream as a failure, never as a clean end, and no other target is called",
    () =>
      Effect.gen(function* () {
        for (const failure of [fault("Connection"), fault("Malformed"), throttle("9 seconds"), refusal()]) {
          const { error, open, others, seen } = yield* reading(["hel", failure, "lo"])
          assert(error?._tag === "StreamBroken")
          assert.strictEqual<unknown>(error.failure, failure)
          assert.deepStrictEqual(seen, ["hel"])
          assert.strictEqual(others + open, 0)
        }
      })
  )

  it.effect("the bench learns of it all the same", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* reading(["hel", fault("Connection")])).benches, ["a/m Connection 5000"])
    })
  )

  it.effect("a throttle in the middle benches for the named wait", () =>
    Effect.gen(function* () {
      const { benches } = yield* reading(["hel", throttle("9 seconds")])
      assert.deepStrictEqual(benches, ["a/m RateLimit 9000"])
    })
  )

  it.effect("an end that the protocol did not announce is a cut", () =>
    Effect.gen(function* () {
      const { benches, error, seen } = yield* reading(["hel", { end: true }])
      assert(error?._tag === "StreamBroken" && error.failure._tag === "Transient")
      assert.strictEqual(error.failure.reason, "Truncated")
      assert.deepStrictEqual(seen, ["hel"])
      // The request itself may have provoked the failure.
      assert.deepStrictEqual(benches, [])
    })
  )

  it.effect("a bug in the middle is an Unknown failure", () =>
    Effect.gen(function* () {
      const { benches, error } = yield* reading(["hel", { die: new Error("a bug") }])
      assert(error?._tag === "StreamBroken" && error.failure._tag === "Transient")
      assert.strictEqual(error.failure.reason, "Unknown")
      assert.deepStrictEqual(benches, [])
    })
  )

  it.effect("what arrived before the failure is delivered before it", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 50 }, (_, i) => `${i}`)
      const { error, seen } = yield* reading([...many, fault("Connection")])
      assert.deepStrictEqual(seen, many)
      assert.strictEqual(error?._tag, "StreamBroken")
    })
  )

  it.effect("a whole answer clears its target's row of failures", () =>
    Effect.gen(function* () {
      const unknown: Call = [fault("Unknown")]
      const a = Scripted.make("a", [unknown, unknown, ["fine"], unknown])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { attempts: 1 })
      for (let i = 0; i < 4; i++) yield* Effect.exit(texts(Failover.stream(chain, "q")))
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(runtime)
  )
})

describe("a row of failures", () => {
  /** Whether the target is benched after two failures, a stream like this, and one more failure. */
  const rests = (call: Call, deadline?: "5 seconds") =>
    Effect.gen(function* () {
      const unknown: Call = [fault("Unknown")]
      const a = Scripted.make("a", [unknown, unknown, call, unknown])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { attempts: 1 })
      const run = texts(Failover.stream(chain, "q", { deadline }))
      for (let i = 0; i < 4; i++) yield* play(Effect.exit(run), { within: "10 seconds" })
      return (yield* benches).length > 0
    }).pipe(Effect.provide(Failover.layer(), { local: true }))

  it.effect("ends with a whole answer, also if its connection stays open", () =>
    Effect.gen(function* () {
      assert.isFalse(yield* rests(["hi"]))
      assert.isFalse(yield* rests(["hi", complete(), { hang: true }]))
    })
  )

  it.effect("continues after a stream that the request's time cut off: it proved nothing", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* rests(["hi", { hang: true }], "5 seconds"))
    })
  )
})

describe("a stream that stalls", () => {
  it.effect("is ended after the idle time between two chunks", () =>
    Effect.gen(function* () {
      const { benches, error, open, outcome, seen, took } = yield* reading([
        "one",
        { wait: "29 seconds" },
        "two",
        { hang: true }
      ])
      assert(error?._tag === "StreamBroken" && error.failure._tag === "Transient")
      assert.strictEqual(error.failure.reason, "Timeout")
      assert.deepStrictEqual(seen, ["one", "two"])
      assert.strictEqual(took, 59_000)
      assert.deepStrictEqual(benches, ["a/m Timeout 64000"])
      assert.strictEqual(open, 0)
      assert.strictEqual(outcome, "interrupted")
    })
  )

  it.effect("is not caused by a slow reader", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["one", { wait: "1 second" }, "two", { wait: "1 second" }, "three"]])
      const slow = Stream.mapEffect(Failover.stream(Chain.make(Model.make(a, "m")), "q"), (part) =>
        Effect.delay(Effect.succeed(part), "10 minutes")
      )
      const { value } = yield* play(texts(slow), { within: "3 hours" })
      assert.deepStrictEqual(value, ["one", "two", "three"])
    }).pipe(Effect.provide(Failover.layer({ policy: { deadline: "1 day" } })))
  )

  it.effect("is ended with the request when the deadline comes first, and then benches nothing", () =>
    Effect.gen(function* () {
      const { benches, error, open, seen, took } = yield* reading(["one", { hang: true }], {
        deadline: "10 seconds"
      })
      assert(error?._tag === "DeadlineExceeded")
      assert.deepStrictEqual(seen, ["one"])
      assert.strictEqual(took, 10_000)
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(open, 0)
    })
  )

  it.effect("is closed at once, stalled or too late, though its scope may stay open for long", () =>
    Effect.gen(function* () {
      for (const deadline of ["10 minutes", "10 seconds"] as const) {
        const a = Scripted.make("a", [["one", { hang: true }]])
        const { value } = yield* play(
          Effect.scoped(
            Effect.gen(function* () {
              const opened = yield* Failover.open(Chain.make(Model.make(a, "m")), "q", { deadline })
              const exit = yield* Effect.exit(Stream.runDrain(opened.value))
              return { failed: Exit.isFailure(exit), open: a.open }
            })
          ),
          { within: "1 minute" }
        )
        assert.deepStrictEqual(value, { failed: true, open: 0 })
      }
      // Of the two, only the stall was the target's fault.
      const [health] = yield* (yield* BenchRegistry).report
      assert.deepStrictEqual([health?.failures, health?.lastFailure?.class], [1, "Timeout"])
    }).pipe(runtime)
  )

  it.effect("never ends by itself while chunks come: only the deadline does that", () =>
    Effect.gen(function* () {
      const endless = Array.from({ length: 100 }, () => ["tick", { wait: "1 second" }] as const).flat()
      const { error, seen, took } = yield* reading(endless, { deadline: "20500 millis" })
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      assert.strictEqual(seen.length, 21)
      assert.strictEqual(took, 20_500)
    })
  )
})

describe("after the answer is complete", () => {
  it.effect("metadata still arrives", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* reading(["hi", complete(), { wait: "1 second" }, held("usage"), last])
      assert.isUndefined(error)
      assert.deepStrictEqual(seen, ["hi", "usage"])
    })
  )

  it.effect("a connection that stays open is released after two seconds, as a success", () =>
    Effect.gen(function* () {
      const { benches, error, open, seen, took } = yield* reading(["hi", complete(), { hang: true }])
      assert.isUndefined(error)
      assert.deepStrictEqual(seen, ["hi"])
      assert.strictEqual(took, 2_000)
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(open, 0)
    })
  )

  it.effect("the protocol's final event ends it at once, though the connection stays open", () =>
    Effect.gen(function* () {
      const { error, open, took } = yield* reading(["hi", last, { hang: true }])
      assert.isUndefined(error)
      assert.strictEqual(took, 0)
      assert.strictEqual(open, 0)
    })
  )

  it.effect("nothing that breaks breaks the answer", () =>
    Effect.gen(function* () {
      for (const end of [fault("Connection"), { die: "a bug" }, { end: true }] as const) {
        const { benches, error, seen } = yield* reading(["hi", complete(), end])
        assert.isUndefined(error)
        assert.deepStrictEqual(seen, ["hi"])
        assert.deepStrictEqual(benches, [])
      }
    })
  )

  it.effect("the deadline does not take the answer away", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* reading(["hi", complete(), { wait: "1 second" }, held("usage")], {
        deadline: "500 millis"
      })
      assert.isUndefined(error)
      assert.strictEqual(seen[0], "hi")
    })
  )
})
