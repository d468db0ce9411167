import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Credential from "../../src/domain/Credential.ts"
import * as Phase from "../../src/domain/Phase.ts"
import * as ProviderService from "../../src/domain/ProviderService.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"

const at = (model: string, credential = "default") =>
  Target.make({ provider: "a", model, credential: Credential.make(credential), policy: Policy.defaults })
const slow = new Failure.RateLimit({ message: "slow down" })

describe("a scripted provider with a whole answer", () => {
  it.effect("plays its calls in order and repeats the last one", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[slow], ["hel", "lo"]])
      assert.strictEqual(yield* Effect.flip(a.complete("hi", at("m"))), slow)
      assert.strictEqual(yield* a.complete("hi", at("m")), "hello")
      assert.strictEqual(yield* a.complete("hi", at("m")), "hello")
      assert.deepStrictEqual(
        a.calls.map((call) => call.outcome),
        ["failed", "answered", "answered"]
      )
      assert.strictEqual(a.open, 0)
    })
  )

  it.effect("continues with the given call after the script", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["first"]], { otherwise: [slow] })
      assert.strictEqual(yield* a.complete("", at("m")), "first")
      assert.strictEqual(yield* Effect.flip(a.complete("", at("m"))), slow)
      assert.strictEqual(yield* Effect.flip(a.complete("", at("m"))), slow)
    })
  )

  it.effect("waits by the script, in virtual time, and records when it was called", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "1 hour" }, "late"]])
      yield* TestClock.adjust("5 seconds")
      const fiber = yield* Effect.forkChild(a.complete("q", at("m", "k")))
      yield* TestClock.adjust("59 minutes")
      assert.isUndefined(fiber.pollUnsafe())
      assert.strictEqual(a.open, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "late")
      assert.deepStrictEqual(a.calls, [
        { target: "a/m#k", request: "q", at: 5_000, kind: "complete", outcome: "answered" }
      ])
    })
  )

  it.effect("fails if the script has no content or ends early, and dies at a die step", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[Scripted.held("role")], ["hel", { end: true }], [{ die: "a bug" }]])
      const classes = [
        Failure.classOf(yield* Effect.flip(a.complete("", at("m")))),
        Failure.classOf(yield* Effect.flip(a.complete("", at("m"))))
      ]
      assert.deepStrictEqual(classes, ["Empty", "Truncated"])
      const exit = yield* Effect.exit(a.complete("", at("m")))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(a.calls[2]?.outcome, "failed")
    })
  )

  it.effect("gives everything back when its caller leaves", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ hang: true }]])
      const fiber = yield* Effect.forkChild(a.complete("", at("m")))
      yield* Effect.yieldNow
      assert.strictEqual(a.open, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(a.open, 0)
      assert.strictEqual(a.calls[0]?.outcome, "interrupted")
    })
  )

  it.effect("returns an answer as it is", () =>
    Effect.gen(function* () {
      const format: Scripted.Format<number, { readonly n: number }, Scripted.Part> = {
        answer: (text, request) => ({ n: text.length + request }),
        chunk: (part) => part,
        phase: (part) => part.phase
      }
      const a = Scripted.makeWith(format, "a", [["four"], [{ answer: { n: 7 } }]])
      assert.deepStrictEqual(yield* a.complete(1, at("m")), { n: 5 })
      assert.deepStrictEqual(yield* a.complete(1, at("m")), { n: 7 })
    })
  )
})

describe("a scripted provider with a stream", () => {
  it.effect("gives one chunk a step and ends by itself", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[Scripted.held("role"), "hel", "lo"]])
      const parts = yield* Stream.runCollect(a.stream("hi", at("m")))
      assert.deepStrictEqual(parts, [
        { text: "role", phase: Phase.held },
        { text: "hel", phase: Phase.content },
        { text: "lo", phase: Phase.content },
        { text: "", phase: Phase.last }
      ])
      assert.strictEqual(a.calls[0]?.outcome, "answered")
      assert.strictEqual(a.open, 0)
    })
  )

  it.effect("adds nothing to a script that completes itself, nor to one that ends early", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        ["hello", Scripted.complete(), Scripted.held("usage")],
        ["hel", { end: true }, "never said"],
        [{ end: true }]
      ])
      const texts = Effect.map(Stream.runCollect(a.stream("", at("m"))), (parts) =>
        parts.map((part) => part.text)
      )
      assert.deepStrictEqual(yield* texts, ["hello", "", "usage"])
      assert.deepStrictEqual(yield* texts, ["hel"])
      assert.deepStrictEqual(yield* texts, [])
      assert.deepStrictEqual(
        a.calls.map((call) => call.outcome),
        ["answered", "failed", "failed"]
      )
    })
  )

  it.effect("gives chunks that arrive together as one array", () =>
    Effect.gen(function* () {
      const together = [Scripted.content("a"), Scripted.complete("b")] as const
      const a = Scripted.make("a", [[{ chunks: together }]])
      const sizes: Array<number> = []
      yield* Stream.runForEachArray(a.stream("", at("m")), (parts) =>
        Effect.sync(() => void sizes.push(parts.length))
      )
      assert.deepStrictEqual(sizes, [2])
    })
  )

  it.effect("fails where the script fails, after the content before", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["hel", slow]])
      const heard: Array<string> = []
      const error = yield* a.stream("", at("m")).pipe(
        Stream.runForEach((part) => Effect.sync(() => void heard.push(part.text))),
        Effect.flip
      )
      assert.strictEqual(error, slow)
      assert.deepStrictEqual(heard, ["hel"])
      assert.strictEqual(a.calls[0]?.outcome, "failed")
    })
  )

  it.effect("distinguishes a consumer that left from one that read the whole answer", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        ["hel", "lo"],
        ["hello", Scripted.complete(), { hang: true }]
      ])
      yield* Stream.runDrain(Stream.take(a.stream("", at("m")), 1))
      yield* Stream.runDrain(Stream.take(a.stream("", at("m")), 2))
      assert.deepStrictEqual(
        a.calls.map((call) => call.outcome),
        ["interrupted", "answered"]
      )
      assert.strictEqual(a.open, 0)
    })
  )
})

describe("a script", () => {
  it.effect("may differ by model and credential, with its calls counted for each", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) =>
        target.credential.name === "spent" ? [[slow]] : [[`first ${target.model}`], [`then ${target.model}`]]
      )
      assert.strictEqual(yield* Effect.flip(a.complete("", at("x", "spent"))), slow)
      assert.strictEqual(yield* a.complete("", at("x")), "first x")
      assert.strictEqual(yield* a.complete("", at("y")), "first y")
      assert.strictEqual(yield* a.complete("", at("x")), "then x")
      assert.deepStrictEqual(
        a.calls.map((call) => call.target),
        ["a/x#spent", "a/x#default", "a/y#default", "a/x#default"]
      )
    })
  )

  it.effect("may back a service", () => {
    class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {
      static readonly layer = Layer.sync(Primary, () => Scripted.make(Primary.provider, [["hello"]]))
    }
    return Effect.gen(function* () {
      const primary = yield* Primary
      assert.strictEqual(yield* primary.complete("", at("m")), "hello")
    }).pipe(Effect.provide(Primary.layer))
  })
})
