/** Edge cases of a stream: observers that subscribe late, a cancellation while it begins, and invalid sizes. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Phase from "../../src/domain/Phase.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Flow from "../../src/stream/Flow.ts"
import { OpenStream, type StreamOptions } from "../../src/stream/OpenStream.ts"
import { Pump } from "../../src/stream/Pump.ts"
import { Tap } from "../support/flows.ts"

const phases: Readonly<Record<string, Phase.Phase>> = { role: Phase.held, stop: Phase.complete }
const waits = { firstContent: 1_000, queue: 5_000, idle: 300 }

const opened = (tap: Flow.Flow<string, unknown>, options: Partial<StreamOptions<string, never>> = {}) =>
  Effect.map(Effect.context<never>(), (context) =>
    OpenStream.start(
      Flow.toStream(() => tap),
      {
        phaseOf: (chunk) => phases[chunk] ?? Phase.content,
        commit: Commit.firstContent,
        waits,
        context,
        owner: tap,
        ...options
      }
    )
  )

/** A flow that the test releases. */
const held = () => {
  const releases: Array<() => void> = []
  const tap = Object.assign(new Tap<string, unknown>(), {
    released: (f: () => void) => void releases.push(f)
  })
  return { tap, release: () => releases.splice(0).forEach((f) => void f()) }
}

describe("an opened stream", () => {
  it.effect("notifies observers that come after it was opened", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, unknown>()
      const stream = yield* opened(tap)
      tap.put("hello")
      const seen: Array<string> = []
      stream.addObserver(({ _tag }) => seen.push(_tag))
      assert.deepStrictEqual(seen, ["Success"])
    })
  )

  it.effect("signals its first content, and its end, when they come", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, unknown>()
      const stream = yield* opened(tap, { commit: Commit.complete })
      const seen: Array<string> = []
      stream.onContent(() => seen.push("content"))
      stream.watch(() => seen.push("watched"))
      stream.onEnd(() => seen.push("ended"))
      tap.put("role")
      assert.deepStrictEqual(seen, [])
      tap.put("hello")
      assert.deepStrictEqual(seen, ["content"])
      tap.put("stop")
      tap.end(Exit.void)
      assert.deepStrictEqual(seen, ["content", "watched", "ended"])
    })
  )

  it.effect("ends at once when its reader leaves, and signals when its source is released", () =>
    Effect.gen(function* () {
      const { release, tap } = held()
      const stream = yield* opened(tap)
      tap.put("hello")
      const seen: Array<string> = []
      stream.onEnd(() => seen.push("ended"))
      stream.cancel()
      stream.released(() => seen.push("released"))
      assert.deepStrictEqual(seen, ["ended"])
      release()
      assert.deepStrictEqual(seen, ["ended", "released"])
    })
  )

  it.effect("is given to its reader as soon as the time for its usage is over", () =>
    Effect.gen(function* () {
      const { tap } = held()
      const stream = yield* opened(tap, { commit: Commit.complete })
      tap.put("hello", "stop")
      assert.isUndefined(stream.pollUnsafe())
      assert.isTrue(stream.timeUp())
      assert.isTrue(Exit.isSuccess(stream.pollUnsafe()!))
    })
  )

  it.effect("that was cancelled ends once, although its source ends as well", () =>
    Effect.gen(function* () {
      const { release, tap } = held()
      const stream = yield* opened(tap)
      let ends = 0
      stream.watch(() => ends++)
      stream.interruptUnsafe()
      tap.end(Exit.fail("reset"))
      release()
      assert.strictEqual(ends, 1)
    })
  )

  it.effect.each([
    () => -1,
    () => Number.NaN,
    () => "7",
    () => undefined,
    () => Promise.reject(new Error("later"))
  ])("has too much to hold back where the size of a chunk is none: %s", (size: () => unknown) =>
    Effect.gen(function* () {
      const sizeOf = size as () => number
      const tap = new Tap<string, unknown>()
      const stream = yield* opened(tap, { commit: Commit.complete, holding: { most: 10, sizeOf } })
      tap.put("hello")
      assert.include(yield* Effect.flip(stream.pollUnsafe()!), { reason: "Malformed" })
    })
  )

  it.effect("may hold back chunks without a size, and as much as it may and no more", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, unknown>()
      const holding = { most: 10, sizeOf: (chunk: string) => Number(chunk) }
      const stream = yield* opened(tap, { commit: Commit.complete, holding })
      tap.put("0", "10", "0")
      assert.isUndefined(stream.pollUnsafe())
      tap.put("1")
      assert.isTrue(Exit.isFailure(stream.pollUnsafe()!))
    })
  )
})

describe("a stream made of a flow", () => {
  it.effect("that cannot be begun dies with what was thrown, and nothing else", () =>
    Effect.gen(function* () {
      const stream = Flow.toStream(() => {
        throw "no context"
      })
      assert.deepStrictEqual(yield* Effect.exit(Stream.runDrain(stream)), Exit.die("no context"))
    })
  )
})

describe("a pump", () => {
  it.effect("that is cancelled while its source is being opened stops that", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const pump: Pump<number, never> = new Pump(
        () =>
          Effect.suspend(() => {
            pump.cancel()
            return Effect.onInterrupt(Effect.never, () => Effect.sync(() => log.push("stopped")))
          }),
        Context.empty()
      )
      pump.onReady(() => log.push("read"))
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, ["stopped"])
    })
  )

  it.effect("has not ended while there is something to read", () =>
    Effect.gen(function* () {
      const pull = Effect.succeed([1] as const)
      const log: Array<string> = []
      const pump = new Pump<number, never>(() => Effect.succeed(pull), yield* Effect.context<never>())
      pump.onReady(() => log.push("ready"))
      yield* Effect.yieldNow
      pump.cancel()
      yield* Effect.yieldNow
      assert.isUndefined(pump.ended())
      assert.deepStrictEqual([pump.take(), log], [[1], ["ready"]])
      assert.isTrue(Exit.hasInterrupts(pump.ended()!))
    })
  )

  it.effect("is released when its source is", () =>
    Effect.gen(function* () {
      const flow = new Pump<never, never>(
        (scope) => Effect.as(Scope.addFinalizer(scope, Effect.sleep(100)), Effect.never),
        yield* Effect.context<never>()
      )
      flow.onReady(() => {})
      let released = 0
      yield* TestClock.adjust(1)
      flow.cancel()
      flow.released(() => released++)
      yield* TestClock.adjust(99)
      assert.strictEqual(released, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(released, 1)
    })
  )
})
