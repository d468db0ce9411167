/** Functions of the caller: valid results are used, and each mistake is logged once. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as Backend from "../../src/domain/Backend.ts"
import * as Amendment from "../../src/engine/Amendment.ts"
import * as CallerCode from "../../src/engine/CallerCode.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { a } from "../support/bench.ts"
import { refusal } from "../support/engine.ts"

const bug = () => assert.fail("a bug")
const late = () => Promise.reject("a bug")

/** The results of a function that is called twice, and the warnings. */
const heard = <A>(call: (owner: object, context: Context.Context<never>) => () => A) =>
  Effect.gen(function* () {
    const warnings: Array<unknown> = []
    const logger = Logger.make(({ message }) => void warnings.push(message))
    const contained = call({}, Context.make(Logger.CurrentLoggers, new Set([logger])))
    const said = [contained(), contained()]
    yield* Effect.yieldNow
    return { said, warnings: warnings.flat() }
  })

describe("whether a stream is busy", () => {
  const heardOf = (isBusy: () => unknown) =>
    heard((owner, context) => CallerCode.whileBusy(owner, isBusy as () => boolean, context))

  it.effect("is the one that the caller names", () =>
    Effect.gen(function* () {
      for (const busy of [true, false]) {
        assert.deepStrictEqual(yield* heardOf(() => busy), { said: [busy, busy], warnings: [] })
      }
    })
  )

  for (const [how, isBusy, did] of [
    ["throws", bug, "threw AssertionError"],
    ["says neither", () => "a bit", "returned neither true nor false"],
    ["is asynchronous", late, "returned neither true nor false"]
  ] as const) {
    it.effect(`is false if the caller ${how}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* heardOf(isBusy), {
          said: [false, false],
          warnings: [`isBusy ${did}; the stream counts as not busy`]
        })
      })
    )
  }
})

describe("the key of a conversation", () => {
  const heardOf = (key: () => unknown) =>
    heard((owner, context) => {
      const contained = CallerCode.keyOf(owner, key as () => string, "the key of a conversation", context)
      assert(typeof contained === "function")
      return contained
    })

  it("is the text of the caller", () => {
    assert.strictEqual(CallerCode.keyOf({}, "thread", "the key of a conversation", Context.empty()), "thread")
    assert.isUndefined(CallerCode.keyOf({}, undefined, "the key of a conversation", Context.empty()))
  })

  it.effect("is the result of the caller's function: a text, or none", () =>
    Effect.gen(function* () {
      for (const key of ["thread", undefined]) {
        assert.deepStrictEqual(yield* heardOf(() => key), { said: [key, key], warnings: [] })
      }
    })
  )

  for (const [how, key, did] of [
    ["throws", bug, "threw AssertionError"],
    ["gives a number", () => 7, "returned no text"],
    ["is asynchronous", late, "returned no text"]
  ] as const) {
    it.effect(`is absent if the function ${how}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* heardOf(key), {
          said: [undefined, undefined],
          warnings: [`the key of a conversation ${did}; the request counts as one without a key`]
        })
      })
    )
  }
})

const dies = (run: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => (Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "no"))

describe("what an attempt runs", () => {
  const effectOf = (f: () => unknown) =>
    CallerCode.effectOf(f as () => Effect.Effect<string>, Backend.make("a", {}), a, undefined)
  const streamOf = (f: () => unknown) => CallerCode.streamOf(f as () => Stream.Stream<string>)

  it.effect("is the effect or the stream of the caller", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* effectOf(() => Effect.succeed("fine")), "fine")
      assert.deepStrictEqual(yield* Stream.runCollect(streamOf(() => Stream.make("fine"))), ["fine"])
    })
  )

  it.effect("may be a service: that is an effect, and a class", () =>
    Effect.gen(function* () {
      class Greeting extends Context.Service<Greeting, string>()("test/Greeting") {}
      const greet = Effect.provideService(
        effectOf(() => Greeting),
        Greeting,
        "hello"
      )
      assert.strictEqual(yield* greet, "hello")
    })
  )

  for (const [how, f, effect, stream] of [
    ["throws", bug, /a bug/, /a bug/],
    ["gives a text", () => "fine", /a provider returned no effect/, /a provider returned no stream/],
    ["is asynchronous", late, /a promise instead of an effect/, /a provider returned no stream/]
  ] as const) {
    it.effect(`dies where a function of the caller ${how}`, () =>
      Effect.gen(function* () {
        assert.match(yield* dies(effectOf(f)), effect)
        assert.match(yield* dies(Stream.runDrain(streamOf(f))), stream)
      })
    )
  }

  it("cannot be anything but a function", () => {
    assert.throws(
      () => CallerCode.refuse("the effect of Failover.use"),
      /it has to be a function of the backend and the target/
    )
  })
})

describe("an amended request", () => {
  const provider = {
    ...Scripted.make("a", [["fine"]]),
    secondTry: <Asked>(request: Asked) => `${request} without the field` as Asked,
    withoutOutputLimit: <Asked>(request: Asked) => `${request} without the cap` as Asked
  }

  it("is without the refused field, or without the output limit, as the refusal names it", () => {
    for (const [reason, amended] of [
      ["Invalid", "q without the field"],
      ["Unsupported", "q without the field"],
      ["MaxTokens", "q without the cap"],
      ["TooLarge", "q without the cap"]
    ] as const) {
      assert.strictEqual(Amendment.amend(provider, "q", refusal(reason)), amended)
      assert.strictEqual(Amendment.apply(provider, "q", refusal(reason)), amended)
    }
  })

  it("is the request itself where nothing was refused, or nothing can be left out", () => {
    assert.strictEqual(Amendment.apply(provider, "q", undefined), "q")
    for (const cannot of [undefined, () => undefined, bug, late]) {
      const other = { ...provider, secondTry: cannot as undefined, withoutOutputLimit: cannot as undefined }
      for (const reason of ["Invalid", "MaxTokens"] as const) {
        assert.isUndefined(Amendment.amend(other, "q", refusal(reason)))
        assert.strictEqual(Amendment.apply(other, "q", refusal(reason)), "q")
      }
    }
  })
})
