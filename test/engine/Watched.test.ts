/** What is recorded of an attempt while it is under way: load, times and outcomes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { WaitQueues } from "../../src/candidates/queue/WaitQueues.ts"
import { Outcomes } from "../../src/choice/Outcomes.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Watched from "../../src/engine/Watched.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { OpenStream } from "../../src/stream/OpenStream.ts"
import * as Running from "../../src/util/Running.ts"
import { fault } from "../support/engine.ts"

interface Options {
  readonly hasEquals?: boolean
  readonly policy?: Policy.Options
}

/** The attempts of one target. By default it has neither equals nor learned limits. */
const stage = ({ hasEquals = false, policy }: Options) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const target = Target.make({
      provider: "a",
      model: "m",
      credential: Credential.make("k"),
      policy: Policy.make(policy ?? {}),
      hasEquals
    })
    const signals = new SignalsOf()
    let told = 0
    const queues = { ended: () => void told++ } as unknown as WaitQueues
    const shared = { signals, queues }
    return {
      signals,
      own: () => signals.ofTarget(target),
      told: () => told,
      effect: (answer: Effect.Effect<string, unknown>) =>
        Watched.effect(Running.start(answer, context), target, shared, context),
      stream: (answer: Stream.Stream<string, unknown>) => {
        const { timeouts } = Policy.defaults
        const options = {
          phaseOf: undefined,
          commit: Commit.firstContent,
          waits: timeouts,
          context,
          owner: {}
        }
        const opening = OpenStream.start(answer, options)
        Watched.stream(opening, target, shared, context)
        return opening
      }
    }
  })

const fine = (millis: number) => Effect.delay(Effect.succeed("fine"), millis)

/** The first chunk after some milliseconds, and another one after the same time. */
const chunks = (millis: number) => Stream.fromEffectRepeat(fine(millis)).pipe(Stream.take(2))

describe("an attempt", () => {
  it.effect("of a target without anything to learn leaves no record", () =>
    Effect.gen(function* () {
      const { effect, signals, stream } = yield* stage({})
      effect(fine(0))
      effect(fine(100))
      stream(Stream.make("fine"))
      stream(chunks(100))
      yield* TestClock.adjust(200)
      assert.strictEqual(signals.size, 0)
    })
  )

  it.effect("that ends at once leaves nothing behind where only limits are learned", () =>
    Effect.gen(function* () {
      const { effect, signals } = yield* stage({ policy: { learnedLimit: true } })
      effect(Effect.succeed("fine"))
      assert.strictEqual(signals.size, 0)
    })
  )

  for (const [says, options] of [
    ["with learned limits", { policy: { learnedLimit: true } }],
    ["with equals", { hasEquals: true }],
    ["with hedges", { policy: { hedge: {} } }]
  ] as const) {
    it.effect(`of a target ${says} counts while it is under way`, () =>
      Effect.gen(function* () {
        const { effect, own, stream } = yield* stage(options)
        const running = effect(fine(100))
        stream(chunks(100))
        assert.strictEqual(own().load.inFlight, 2)
        assert.isUndefined(running.pollUnsafe())
        yield* TestClock.adjust(100)
        assert.strictEqual(own().load.inFlight, 1, "a stream to its end")
        assert.strictEqual(running.pollUnsafe()?._tag, "Success")
        yield* TestClock.adjust(100)
        assert.strictEqual(own().load.inFlight, 0)
      })
    )
  }

  it.effect("notifies the queue of its end: always for a stream, for an answer only when it was left", () =>
    Effect.gen(function* () {
      const { effect, stream, told } = yield* stage({ policy: { learnedLimit: true } })
      effect(fine(100))
      yield* TestClock.adjust(100)
      assert.strictEqual(told(), 0, "the run tells it")
      effect(fine(100)).interruptUnsafe()
      yield* TestClock.adjust(0)
      assert.strictEqual(told(), 1)
      stream(chunks(100))
      yield* TestClock.adjust(100)
      assert.strictEqual(told(), 1)
      yield* TestClock.adjust(100)
      assert.strictEqual(told(), 2)
    })
  )
})

describe("the time of an attempt", () => {
  for (const [says, options] of [
    ["one of several equals", { hasEquals: true }],
    ["a target with hedges", { policy: { hedge: {} } }]
  ] as const) {
    it.effect(`at ${says} is that of the whole answer, or of the first content of a stream`, () =>
      Effect.gen(function* () {
        const { effect, own, stream } = yield* stage(options)
        yield* TestClock.adjust(1_000)
        for (let i = 0; i < 20; i++) effect(fine(300))
        for (let i = 0; i < 20; i++) stream(chunks(100))
        yield* TestClock.adjust(1_000)
        const { load, times } = own()
        assert.deepStrictEqual([load.slowest("effect"), load.slowest("stream")], [300, 100])
        assert.deepStrictEqual([times.effect.percentile(1), times.stream.percentile(1)], [300, 100])
      })
    )
  }

  it.effect("is not taken where only limits are learned", () =>
    Effect.gen(function* () {
      const { effect, own, stream } = yield* stage({ policy: { learnedLimit: true } })
      effect(fine(300))
      stream(chunks(100))
      yield* TestClock.adjust(1_000)
      const { load, outcomes } = own()
      assert.deepStrictEqual([load.slowest("effect"), load.slowest("stream"), outcomes], [0, 0, undefined])
    })
  )

  it.effect("is not that of a failure", () =>
    Effect.gen(function* () {
      const { effect, own, stream } = yield* stage({ hasEquals: true })
      const failure = Effect.andThen(fine(300), Effect.fail(fault()))
      effect(failure)
      stream(Stream.fromEffect(failure))
      yield* TestClock.adjust(1_000)
      const { load, outcomes } = own()
      assert.deepStrictEqual([load.slowest("effect"), load.slowest("stream"), outcomes], [0, 0, undefined])
    })
  )
})

describe("the answers of one of several equals", () => {
  const answers = (options: Options) =>
    Effect.gen(function* () {
      const { effect, own, stream } = yield* stage(options)
      own().outcomes = new Outcomes(60_000)
      effect(Effect.succeed("fine"))
      effect(Effect.fail(fault()))
      stream(Stream.make("fine"))
      stream(Stream.fail(fault()))
      const atOnce = own().outcomes?.count(0)
      effect(fine(10))
      stream(chunks(10))
      yield* TestClock.adjust(20)
      const { outcomes } = own()
      return { atOnce, later: outcomes?.count(20), window: outcomes?.window }
    })

  it.effect("are counted beside its failures, also if they come at once", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answers({ hasEquals: true, policy: { ejection: { window: 60_000 } } }), {
        atOnce: { attempts: 2, failed: 0 },
        later: { attempts: 4, failed: 0 },
        window: 60_000
      })
    })
  )

  it.effect("are counted again in another window when a reload has changed it", () =>
    Effect.gen(function* () {
      const { later, window } = yield* answers({ hasEquals: true, policy: { ejection: { window: 30_000 } } })
      assert.deepStrictEqual([later, window], [{ attempts: 2, failed: 0 }, 30_000])
    })
  )

  it.effect("are counted in the old window once ejection is off", () =>
    Effect.gen(function* () {
      const { later, window } = yield* answers({ hasEquals: true, policy: { ejection: false } })
      assert.deepStrictEqual([later, window], [{ attempts: 4, failed: 0 }, 60_000])
    })
  )

  it.effect("are not counted at once before there is a failure", () =>
    Effect.gen(function* () {
      const { effect, own, stream } = yield* stage({ hasEquals: true })
      effect(Effect.succeed("fine"))
      stream(Stream.make("fine"))
      assert.isUndefined(own().outcomes)
    })
  )
})
