/** Bugs in providers and in functions of the caller, and finalizers that die or hang. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Phase from "../../src/domain/Phase.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { fault, play, refusal, throttle } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer({ policy: { retries: { times: 0, backoff: ["1 second"] } } }))
const chain = Chain.make(Model.make(Backend.make("a", {}), "m"), Model.make(Backend.make("b", {}), "m"))

/** Runs one effect at `a` and answers at `b`. */
const use = <A, E>(atA: Effect.Effect<A, E>, options?: Failover.UseOptions<E, Failure.Failure>) =>
  Effect.gen(function* () {
    const failover = yield* Failover.Failover
    const run = failover.useAnswered(
      chain,
      (backend): Effect.Effect<A | string, E> => (backend.name === "a" ? atA : Effect.succeed("b")),
      options as Failover.Classified<Failover.UseOptions<E, Failure.Failure>>
    )
    const { error, took, value } = yield* play(run)
    return {
      took,
      value: value?.value,
      failed: value?.failed.map(({ failure }) => Failure.classOf(failure)) ?? error?._tag
    }
  }).pipe(runtime)

const soon = Effect.sleep("1 second")

describe("a provider with a bug", () => {
  const bugs: ReadonlyArray<{ readonly says: string; readonly effect: Effect.Effect<string> }> = [
    { says: "dies", effect: Effect.die(new Error("a bug")) },
    { says: "dies later", effect: Effect.andThen(soon, Effect.die(new Error("a bug"))) },
    { says: "interrupts itself", effect: Effect.interrupt },
    { says: "interrupts itself later", effect: Effect.andThen(soon, Effect.interrupt) }
  ]
  for (const { effect, says } of bugs) {
    it.effect(`that ${says} leads to a fallback like any other`, () =>
      Effect.map(use(effect), ({ failed, value }) => {
        assert.strictEqual(value, "b")
        assert.deepStrictEqual(failed, ["Unknown"])
      })
    )
  }

  it.effect("that throws instead of returning its effect or its stream is failed over as well", () =>
    Effect.gen(function* () {
      const thrower = (backend: Backend.Backend) => {
        if (backend.name === "a") throw new Error("a bug")
      }
      const answer = Failover.use(chain, (backend) => {
        thrower(backend)
        return Effect.succeed("b")
      })
      assert.strictEqual((yield* play(answer)).value, "b")
      const stream = Failover.useStream(chain, (backend) => {
        thrower(backend)
        return Stream.make("b")
      })
      assert.deepStrictEqual((yield* play(Stream.runCollect(stream))).value, ["b"])
    }).pipe(runtime)
  )

  it.effect("with a finalizer that dies keeps its failure", () =>
    Effect.map(
      use(Effect.ensuring(Effect.andThen(soon, Effect.fail(throttle("9 seconds"))), Effect.die("untidy"))),
      ({ failed, value }) => {
        assert.strictEqual(value, "b")
        assert.deepStrictEqual(failed, ["RateLimit"])
      }
    )
  )

  it.effect("with a finalizer that dies keeps the refusal of the request", () =>
    Effect.map(use(Effect.ensuring(Effect.fail(refusal()), Effect.die("untidy"))), ({ failed }) => {
      assert.strictEqual(failed, "BadRequest")
    })
  )

  it.effect("with a finalizer that hangs blocks no request after its timeout", () =>
    Effect.gen(function* () {
      const untidy = Effect.onInterrupt(Effect.never, () => Effect.never)
      const { failed, took, value } = yield* use(untidy)
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(failed, ["Timeout"])
      assert.strictEqual(took, 300_000)
    })
  )
})

describe("a stream with a finalizer that", () => {
  const reading = (atA: Stream.Stream<Scripted.Part, Failure.Failure>) =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const stream = Failover.useStream(
        chain,
        (backend) => (backend.name === "a" ? atA : Stream.make(Scripted.content("b"), Scripted.last)),
        { phase: (part: Scripted.Part) => part.phase }
      )
      const played = yield* play(
        Stream.runForEach(stream, ({ text }) => Effect.sync(() => void (text !== "" && seen.push(text))))
      )
      return { ...played, seen }
    }).pipe(runtime)
  const answer = Stream.make(Scripted.content("hi"), Scripted.last)

  it.effect("dies after a whole answer does no harm", () =>
    Effect.map(reading(Stream.ensuring(answer, Effect.die("untidy"))), ({ benches, error, seen }) => {
      assert.isUndefined(error)
      assert.deepStrictEqual(seen, ["hi"])
      assert.deepStrictEqual(benches, [])
    })
  )

  it.effect("dies after a failure does not hide it: before the commit point it moves on", () =>
    Effect.map(reading(Stream.ensuring(Stream.fail(fault()), Effect.die("untidy"))), ({ benches, seen }) => {
      assert.deepStrictEqual(seen, ["b"])
      assert.deepStrictEqual(benches, ["a/m Overloaded 5000"])
    })
  )

  it.effect("dies after a failure does not hide it after the commit point", () =>
    Effect.gen(function* () {
      const cut = Stream.concat(Stream.make(Scripted.content("hi")), Stream.fail(fault("Connection")))
      const { error, seen } = yield* reading(Stream.ensuring(cut, Effect.die("untidy")))
      assert(error?._tag === "StreamBroken" && error.failure._tag === "Transient")
      assert.strictEqual(error.failure.reason, "Connection")
      assert.deepStrictEqual(seen, ["hi"])
    })
  )

  it.effect("takes long does not delay the end of the answer for the reader", () =>
    Effect.map(reading(Stream.ensuring(answer, Effect.sleep("10 minutes"))), ({ error, seen, took }) => {
      assert.isUndefined(error)
      assert.deepStrictEqual(seen, ["hi"])
      // The run waits for the upstream's finalizer when it closes the stream, as the scope requires.
      assert.strictEqual(took, 600_000)
    })
  )

  it.effect("takes long does not delay the next target", () =>
    Effect.map(
      reading(Stream.ensuring(Stream.fail(fault()), Effect.sleep("10 minutes"))),
      ({ seen, took }) => {
        assert.deepStrictEqual(seen, ["b"])
        assert.isAtMost(took, 30_000)
      }
    )
  )
})

describe("a caller's function that throws", () => {
  const thrower = (): never => {
    throw new Error("a bug of the caller")
  }

  for (const { says, effect } of [
    { says: "at once", effect: Effect.fail("oops") },
    { says: "later", effect: Effect.andThen(soon, Effect.fail("oops")) }
  ]) {
    it.effect(`to classify an error that came ${says} makes it Unknown`, () =>
      Effect.map(use(effect, { classify: thrower }), ({ failed, value }) => {
        assert.strictEqual(value, "b")
        assert.deepStrictEqual(failed, ["Unknown"])
      })
    )
  }

  it.effect("to classify an error in the middle of a stream ends it as Unknown", () =>
    Effect.gen(function* () {
      const cut = Stream.concat(
        Stream.make("hi"),
        Stream.fromEffect(Effect.andThen(soon, Effect.fail("oops")))
      )
      const { error, took } = yield* play(
        Stream.runDrain(Failover.useStream(chain, () => cut, { classify: thrower }))
      )
      assert(error?._tag === "StreamBroken" && error.failure._tag === "Transient")
      assert.strictEqual(error.failure.reason, "Unknown")
      assert.strictEqual(took, 1_000)
    }).pipe(runtime)
  )

  it.effect("to read a chunk fails the attempt, not the run", () =>
    Effect.gen(function* () {
      for (const pause of [Effect.void, soon]) {
        const phase = (text: string) => (text === "bad" ? thrower() : Phase.answer)
        const stream = Failover.useStream(
          chain,
          (backend) => Stream.fromEffect(Effect.as(pause, backend.name === "a" ? "bad" : "good")),
          { phase }
        )
        assert.deepStrictEqual((yield* play(Stream.runCollect(stream))).value, ["good"])
      }
    }).pipe(runtime)
  )

  it.effect("to remove an output limit leaves the refusal unchanged", () =>
    Effect.gen(function* () {
      for (const wait of ["0 millis", "1 second"] as const) {
        const a = Scripted.make("a", [[{ wait }, refusal("MaxTokens")]], { withoutOutputLimit: thrower })
        const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
        assert.strictEqual(error?._tag, "BadRequest")
      }
    }).pipe(runtime)
  )

  it.effect("to observe does not disturb the request", () =>
    Effect.gen(function* () {
      for (const wait of ["0 millis", "1 second"] as const) {
        const a = Scripted.make("a", [[{ wait }, fault("Timeout")]])
        const b = Scripted.make("b", [[{ wait }, "other"]])
        const both = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        const { value } = yield* play(Failover.complete(both, "q", { observer: thrower }))
        assert.strictEqual(value, "other")
        const { value: parts } = yield* play(
          Stream.runCollect(Failover.stream(both, "q", { observer: thrower }))
        )
        assert.strictEqual(parts?.[0]?.text, "other")
      }
    }).pipe(runtime)
  )
})
