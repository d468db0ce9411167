/** Failures and run errors as values: they can be sent between processes, have a class, and a readable message. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Failure from "../../src/failure/Failure.ts"
import * as RunError from "../../src/failure/RunError.ts"
import { dead, failureOf, fault, refusal, throttle, tooLong } from "../support/engine.ts"

const full: ReadonlyArray<Failure.Failure> = [
  new Failure.RateLimit({ message: "slow", target: "a/m#k", status: 429, retryAfter: Duration.seconds(7) }),
  new Failure.AuthDead({
    message: "no",
    reason: "Balance",
    until: 1_800_000_000_000,
    evidence: "code=quota"
  }),
  new Failure.Transient({
    message: "busy",
    reason: "Overloaded",
    status: 529,
    retryAfter: Duration.millis(1)
  }),
  new Failure.BadRequest({ message: "no", reason: "ContentPolicy", status: 400 }),
  new Failure.ContextExceeded({ message: "long", limit: 100, actual: 200 })
]

describe("a failure", () => {
  it.effect.each(full.map((failure) => ({ tag: failure._tag, failure })))(
    "($tag) decodes from what it encodes to, through JSON",
    ({ failure }) =>
      Effect.gen(function* () {
        const encoded = yield* Schema.encodeEffect(Failure.Failure)(failure)
        const decoded = yield* Schema.decodeUnknownEffect(Failure.Failure)(
          JSON.parse(JSON.stringify(encoded))
        )
        assert.strictEqual(decoded.constructor, failure.constructor)
        assert.deepStrictEqual({ ...decoded }, { ...failure })
      })
  )

  it.effect.each(Failure.failureClasses.map((name) => ({ name })))(
    "of class $name decodes as that class",
    ({ name }) =>
      Effect.gen(function* () {
        const encoded = yield* Schema.encodeEffect(Failure.Failure)(failureOf(name))
        const decoded = yield* Schema.decodeUnknownEffect(Failure.Failure)(
          JSON.parse(JSON.stringify(encoded))
        )
        assert.strictEqual(Failure.classOf(decoded), name)
      })
  )

  it.effect("can be yielded, and caught by its tag", () =>
    Effect.gen(function* () {
      const caught = yield* Effect.gen(function* () {
        return yield* throttle("1 second")
      }).pipe(Effect.catchTag("RateLimit", (failure) => Effect.succeed(failure.message)))
      assert.strictEqual(caught, "slow down")
    })
  )

  it("is distinguished from everything else", () => {
    for (const failure of full) assert.isTrue(Failure.isFailure(failure))
    for (const other of [undefined, null, "RateLimit", { _tag: "RateLimit" }, new Error("RateLimit")]) {
      assert.isFalse(Failure.isFailure(other))
    }
  })

  it("takes a wait as any input of a duration", () => {
    const failures = [
      new Failure.RateLimit({ message: "slow down", retryAfter: "20 seconds" }),
      new Failure.Transient({ reason: "Overloaded", message: "busy", retryAfter: 20_000 })
    ]
    for (const failure of failures) {
      assert.isTrue(Duration.isDuration(failure.retryAfter))
      assert.strictEqual(Failure.waitMillis(failure, 0), 20_000)
    }
    assert.isFalse("retryAfter" in new Failure.RateLimit({ message: "slow down" }))
    // @ts-expect-error: no duration
    assert.throws(() => new Failure.RateLimit({ message: "slow down", retryAfter: "soon" }))
  })

  it("gives the wait, which is never negative", () => {
    assert.isUndefined(Failure.waitMillis(throttle(), 5))
    assert.strictEqual(Failure.waitMillis(throttle("7 seconds"), 5), 7_000)
    assert.strictEqual(Failure.waitMillis(fault("Overloaded", "7 seconds"), 5), 7_000)
    assert.strictEqual(Failure.waitMillis(dead("Balance", 105), 5), 100)
    assert.strictEqual(Failure.waitMillis(dead("Balance", 1), 5), 0)
    assert.isUndefined(Failure.waitMillis(refusal(), 5))
    assert.isUndefined(Failure.waitMillis(tooLong(), 5))
  })
})

describe("what a run fails with", () => {
  const attempts = [
    { target: "a/m#k", failure: throttle() },
    { target: "b/m#k", failure: fault() }
  ]

  it("gives the failure of every attempt in one sentence", () => {
    assert.strictEqual(
      new RunError.ChainExhausted({ attempts }).message,
      "all 2 attempts failed: a/m#k: RateLimit (slow down); b/m#k: Overloaded (busy)"
    )
    assert.strictEqual(
      new RunError.ChainExhausted({ attempts: attempts.slice(1) }).message,
      "the only attempt failed: b/m#k: Overloaded (busy)"
    )
    assert.strictEqual(
      new RunError.DeadlineExceeded({ deadline: 500, attempts: attempts.slice(1) }).message,
      "no answer within 500 ms after b/m#k: Overloaded (busy)"
    )
    assert.strictEqual(
      new RunError.DeadlineExceeded({ deadline: 500, attempts: [] }).message,
      "no answer within 500 ms"
    )
  })

  it("gives what is benched and why", () => {
    const benches = [
      { key: "a", reason: "Manual" },
      { key: "b/m#k", reason: "RateLimit", until: 5 }
    ]
    assert.strictEqual(
      new RunError.AllBenched({ benches }).message,
      "no target can be called: a (Manual), b/m#k (RateLimit)"
    )
    assert.strictEqual(
      new RunError.AllBenched({ benches: [] }).message,
      "no target can be called: the chain has no model with an enabled credential"
    )
  })

  it("quotes an unknown name, whatever characters it has", () => {
    assert.strictEqual(
      new RunError.UnknownModel({ model: 'a"\n', known: ["smart", "cheap"] }).message,
      'unknown model "a\\"\\n" (known: smart, cheap)'
    )
    assert.strictEqual(new RunError.UnknownModel({ model: "x", known: [] }).message, 'unknown model "x"')
  })

  it.effect("crosses a wire with its failures", () =>
    Effect.gen(function* () {
      const error = new RunError.ChainExhausted({ attempts, retryAt: 9 })
      const encoded = yield* Schema.encodeEffect(RunError.ChainExhausted)(error)
      const decoded = yield* Schema.decodeUnknownEffect(RunError.ChainExhausted)(
        JSON.parse(JSON.stringify(encoded))
      )
      assert.strictEqual(decoded.message, error.message)
      assert.strictEqual(decoded.retryAt, 9)
      assert.isTrue(decoded.attempts.every(({ failure }) => Failure.isFailure(failure)))
    })
  )
})
