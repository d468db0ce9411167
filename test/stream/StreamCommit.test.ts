/** A stream before its commit point: every failure leads to the next target, and the reader sees one answer only. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Phase from "../../src/domain/Phase.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, dead, fault, play, refusal, texts, throttle, tooLong } from "../support/engine.ts"

const once = Effect.provide(Failover.layer({ policy: { retries: { times: 0, backoff: ["1 second"] } } }))
type Call = Scripted.Call<string, Scripted.Part>
const { held, complete, last } = Scripted

/** A provider that fails in some way, and one that answers. */
const scene = (wrong: Call, options?: Failover.CallOptions) => {
  const a = Scripted.make("a", [wrong])
  const b = Scripted.make("b", [[held("role"), "fine"]])
  const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
  return { a, b, stream: Failover.stream(chain, "q", options), chain }
}

describe("more than may be held back", () => {
  const bounded = (steps: Call) => ({
    ...Scripted.make("a", [steps]),
    holding: { sizeOf: ({ text }: Scripted.Part) => text.length, most: 10 }
  })
  const fine = () => Scripted.make("b", [["fine"]])

  for (const [says, commit, call] of [
    ["before the first content", undefined, [held("x".repeat(6)), held("y".repeat(5)), "late"]],
    ["of an answer that is held whole", Commit.complete, ["x".repeat(6), "y".repeat(5), "more"]]
  ] as const) {
    it.effect(`${says} is a failure, and releases the provider`, () =>
      Effect.gen(function* () {
        const a = bounded(call)
        const chain = Chain.make(Model.make(a, "m"), Model.make(fine(), "m"))
        const { benches, value } = yield* play(texts(Failover.stream(chain, "q", { commit })))
        assert.deepStrictEqual(value, ["fine"])
        // The request itself may have provoked the failure.
        assert.deepStrictEqual(benches, [])
        assert.strictEqual(a.open, 0)
      }).pipe(once)
    )
  }

  it.effect("is counted up to the commit point only", () =>
    Effect.gen(function* () {
      const long = ["x".repeat(10), "y".repeat(100), "z".repeat(100)]
      const chain = Chain.make(Model.make(bounded(long), "m"), Model.make(fine(), "m"))
      const { value } = yield* play(texts(Failover.stream(chain, "q")))
      assert.deepStrictEqual(value, long)
    }).pipe(once)
  )
})

describe("before the commit point", () => {
  const wrong: ReadonlyArray<{ says: string; call: Call; at?: number; as: Failure.FailureClass }> = [
    { says: "a refused connection", call: [fault("Connection")], as: "Connection" },
    { says: "a throttle", call: [throttle("1 minute")], as: "RateLimit" },
    { says: "a dead key", call: [dead()], as: "InvalidKey" },
    { says: "a prompt that is too long", call: [tooLong()], as: "ContextExceeded" },
    {
      says: "an error inside a stream that began well",
      call: [held("role"), fault("Overloaded")],
      as: "Overloaded"
    },
    {
      says: "an error after a pause",
      call: [held(), { wait: "3 seconds" }, fault("ServerError")],
      at: 3_000,
      as: "ServerError"
    },
    { says: "an event that cannot be read", call: [held("role"), fault("Malformed")], as: "Malformed" },
    { says: "a stream without anything", call: [{ end: true }], as: "Empty" },
    { says: "a stream that ends after its role", call: [held("role"), { end: true }], as: "Truncated" },
    { says: "a stream that is silent", call: [{ hang: true }], at: 30_000, as: "Timeout" },
    {
      says: "a stream that is silent after its role",
      call: [held("role"), { hang: true }],
      at: 30_000,
      as: "Timeout"
    },
    { says: "a finish without content", call: [held("role"), complete(), { hang: true }], as: "Empty" },
    { says: "a final event without content", call: [last], as: "Empty" },
    { says: "a bug", call: [held("role"), { die: new Error("a bug") }], as: "Unknown" }
  ]

  for (const { says, call, at = 0, as } of wrong) {
    it.effect(`${says} leads to a fallback, invisibly to the reader`, () =>
      Effect.gen(function* () {
        const { a, b, chain } = scene(call)
        const opened = Effect.scoped(
          Effect.flatMap(Failover.open(chain, "q"), ({ failed, value }) =>
            Effect.map(Stream.runCollect(value), (parts) => ({
              failed,
              parts: parts.map((part) => part.text)
            }))
          )
        )
        const { value } = yield* play(opened)
        assert.deepStrictEqual(value?.parts, ["role", "fine", ""])
        assert.deepStrictEqual(
          value?.failed.map(({ failure }) => Failure.classOf(failure)),
          [as]
        )
        assert.deepStrictEqual(calls(a, b), ["0 a/m", `${at} b/m`])
        assert.strictEqual(a.open + b.open, 0)
      }).pipe(once)
    )
  }

  it.effect("a refused request is returned to the caller, whichever way it was refused", () =>
    Effect.gen(function* () {
      for (const call of [[refusal()], [held("role"), refusal("ContentPolicy")]]) {
        const { b, stream } = scene(call)
        const { error } = yield* play(Stream.runDrain(stream), { within: 0 })
        assert.strictEqual(error?._tag, "BadRequest")
        assert.deepStrictEqual(b.calls, [])
      }
    }).pipe(once)
  )

  it.effect("pings, however many, do not stop the clock of the first content", () =>
    Effect.gen(function* () {
      const ping = [held("ping"), { wait: "1 second" }] as const
      const { a, b, stream } = scene([...Array(60).fill(ping).flat(), "too late"])
      const { value } = yield* play(texts(stream))
      assert.deepStrictEqual(value, ["role", "fine"])
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "30000 b/m"])
    }).pipe(once)
  )

  it.effect("a server that shows that the request is queued gets more time, but not without end", () =>
    Effect.gen(function* () {
      const alive = { ...held("ping"), phase: Phase.alive }
      const waiting = (seconds: number) =>
        Array.from({ length: seconds / 10 }, () => [alive, { wait: "10 seconds" }] as const).flat()
      const served = scene([...waiting(100), "at last"])
      const { value } = yield* play(texts(served.stream))
      assert.deepStrictEqual(
        value?.filter((text) => text !== "ping"),
        ["at last"]
      )

      const never = scene([...waiting(600), "too late"])
      const late = yield* play(texts(never.stream))
      assert.deepStrictEqual(late.value, ["role", "fine"])
      assert.strictEqual(late.took, 120_000)

      // After its last keep-alive it has as long as a server that sends none.
      const silent = scene([...waiting(20).slice(0, -1), { hang: true }])
      assert.strictEqual((yield* play(texts(silent.stream))).took, 40_000)
    }).pipe(once)
  )

  it.effect("the first content and the pauses after it have timeouts of their own", () =>
    Effect.gen(function* () {
      const waits = Effect.provide(
        Failover.layer({ policy: { timeouts: { firstContent: "5 seconds", idle: "20 seconds" } } })
      )
      const slow = Effect.map(
        play(texts(scene([{ wait: "6 seconds" }, "too late"], { commit: Commit.complete }).stream)),
        ({ took, value }) => assert.deepStrictEqual([value, took], [["role", "fine"], 5_000])
      )
      const pausing = Effect.map(
        play(texts(scene(["one", { wait: "19 seconds" }, "two"], { commit: Commit.complete }).stream)),
        ({ took, value }) => assert.deepStrictEqual([value, took], [["one", "two"], 19_000])
      )
      const stalled = Effect.map(
        play(texts(scene(["one", { hang: true }], { commit: Commit.complete }).stream)),
        ({ took, value }) => assert.deepStrictEqual([value, took], [["role", "fine"], 20_000])
      )
      yield* Effect.all([slow, pausing, stalled].map(waits))
    })
  )

  it.effect("what was held back is delivered with the first content, in order and once", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        [held("role"), fault("Overloaded")],
        [
          held("role"),
          { wait: "1 second" },
          held("ping"),
          { wait: "1 second" },
          "hel",
          "lo",
          complete(),
          held("usage")
        ]
      ])
      const { at, value } = yield* play(texts(Failover.stream(Chain.make(Model.make(a, "m")), "q")), {
        chance: 0
      })
      assert.deepStrictEqual(value, ["role", "ping", "hel", "lo", "usage"])
      assert.strictEqual(at, 2_000)
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("a finish by length is an answer, even without content before it", () =>
    Effect.gen(function* () {
      const { b, stream } = scene([held("role"), complete("…")])
      const { value } = yield* play(texts(stream))
      assert.deepStrictEqual(value, ["role", "…"])
      assert.deepStrictEqual(b.calls, [])
    }).pipe(once)
  )

  it.effect("a stream that fails everywhere fails with every failure, and is not empty", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[held("role"), { end: true }]])
      const { error } = yield* play(Stream.runDrain(Failover.stream(Chain.make(Model.make(a, "m")), "q")))
      assert(error?._tag === "ChainExhausted")
      assert.deepStrictEqual(
        error.attempts.map(({ failure }) => Failure.classOf(failure)),
        ["Truncated"]
      )
    }).pipe(once)
  )
})

describe("the commit point", () => {
  const reading = (call: Call, commit: Commit.Commit) =>
    Effect.gen(function* () {
      const { b, stream } = scene(call, { commit })
      const seen: Array<string> = []
      const run = Stream.runForEach(stream, (part) => Effect.sync(() => void seen.push(part.text)))
      const { took, error } = yield* play(run)
      return {
        took,
        error: error && (error._tag === "StreamBroken" ? Failure.classOf(error.failure) : error._tag),
        seen: seen.join(" ").trim(),
        b: b.calls.length
      }
    }).pipe(once)
  const cutAfter = (n: number): Call => [
    held("role"),
    ...["one", "two", "three"].slice(0, n),
    fault("Connection")
  ]

  it.effect("is by default the first content: what breaks after it breaks the stream", () =>
    Effect.gen(function* () {
      const { b, error, seen } = yield* reading(cutAfter(1), Commit.firstContent)
      assert.strictEqual(seen, "role one")
      assert.strictEqual(error, "Connection")
      assert.strictEqual(b, 0)
    })
  )

  it.effect("may be the nth chunk with content", () =>
    Effect.gen(function* () {
      const before = yield* reading(cutAfter(2), Commit.chunks(3))
      assert.deepStrictEqual([before.seen, before.error, before.b], ["role fine", undefined, 1])
      const after = yield* reading(cutAfter(3), Commit.chunks(3))
      assert.deepStrictEqual([after.seen, after.error, after.b], ["role one two three", "Connection", 0])
    })
  )

  it.effect("of n chunks is reached by a whole answer that has fewer", () =>
    Effect.gen(function* () {
      const { b, error, seen } = yield* reading(["one", complete()], Commit.chunks(9))
      assert.deepStrictEqual([seen, error, b], ["one", undefined, 0])
    })
  )

  it.effect("may be the whole answer: then even the last chunk may be lost without harm", () =>
    Effect.gen(function* () {
      const late = yield* reading(cutAfter(3), Commit.complete)
      assert.deepStrictEqual([late.seen, late.error, late.b], ["role fine", undefined, 1])
      const whole = yield* reading([held("role"), "one", { wait: "10 seconds" }, "two"], Commit.complete)
      assert.deepStrictEqual(
        [whole.seen, whole.error, whole.b, whole.took],
        ["role one two", undefined, 0, 10_000]
      )
    })
  )

  it.effect("of the whole answer waits for the usage after it, but not for long", () =>
    Effect.gen(function* () {
      const soon = yield* reading(["one", complete(), { wait: "1 second" }, held("usage")], Commit.complete)
      assert.deepStrictEqual([soon.seen, soon.b, soon.took], ["one  usage", 0, 1_000])
      const never = yield* reading(["one", complete(), { hang: true }], Commit.complete)
      assert.deepStrictEqual([never.seen, never.b, never.took], ["one", 0, 2_000])
    })
  )

  it.effect(
    "beyond the first content is waited for chunk by chunk: only silence in between is too long",
    () =>
      Effect.gen(function* () {
        const slow: Call = ["one", { wait: "29 seconds" }, "two", { wait: "29 seconds" }, "three"]
        const patient = yield* reading(slow, Commit.complete)
        assert.deepStrictEqual([patient.seen, patient.b, patient.took], ["one two three", 0, 58_000])
      })
  )

  it.effect("beyond the first content is cancelled when nothing more comes", () =>
    Effect.gen(function* () {
      const stalled = yield* reading(["one", { hang: true }], Commit.complete)
      assert.deepStrictEqual([stalled.seen, stalled.b, stalled.took], ["role fine", 1, 30_000])
    })
  )
})

describe("a probe that streams", () => {
  it.effect("admits others from its commit point on, and is failed by a late cut", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        [throttle("5 seconds")],
        [{ wait: "1 second" }, "one", { wait: "10 seconds" }, fault("Connection")],
        ["two", { wait: "15 seconds" }, "three"]
      ])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const at = (millis: number) => Effect.delay(texts(Failover.stream(chain, "q")), millis)
      const all = Effect.all([at(0), Effect.result(at(5_000)), at(5_500), at(7_000), at(16_500)], {
        concurrency: "unbounded"
      })
      const { benches, value } = yield* play(all)
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "0 b/m", "5000 a/m", "5500 b/m", "7000 a/m", "16500 b/m"])
      assert.deepStrictEqual(value?.[3], ["two", "three"])
      assert.deepStrictEqual(benches, ["a/m Connection 26000"])
    }).pipe(once)
  )
})
