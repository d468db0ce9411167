/** A stream before its reader has it: when it is open, how long the run waits for it, and how it ends. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as Phase from "../../src/domain/Phase.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Flow from "../../src/stream/Flow.ts"
import { OpenStream, type StreamOptions } from "../../src/stream/OpenStream.ts"
import { Tap } from "../support/flows.ts"

const phases: Readonly<Record<string, Phase.Phase>> = {
  role: Phase.held,
  ping: Phase.alive,
  stop: Phase.complete,
  done: Phase.last,
  all: Phase.answer
}
const waits = { firstContent: 1_000, queue: 5_000, idle: 300 }

/** An opened stream of a flow that the test plays. */
const opening = (
  options: Partial<StreamOptions<string, never>> = {},
  tap: Tap<string, unknown> = new Tap<string, unknown>()
) =>
  Effect.map(Effect.context<never>(), (context) => {
    const stream = OpenStream.start(
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
    const log: Array<string> = []
    stream.addObserver((exit) => log.push(exit._tag === "Success" ? "open" : "failed"))
    stream.onEnd((exit) => log.push(exit._tag === "Success" ? "ended" : "broken"))
    return { tap, stream, log, read: () => stream.take()?.join(" ") }
  })

/** The failure with which it ended. */
const failureOf = (exit: Exit.Exit<unknown, unknown> | undefined) =>
  Effect.map(Effect.flip(exit!), (failure) => {
    const { message, reason } = failure as { readonly reason: string; readonly message: string }
    return `${reason}: ${message}`
  })

/** Runs a test, and returns what was logged. */
const logged = <A, E, R>(test: Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
  return Effect.map(Effect.provide(test, Logger.layer([logger])), (value) => ({ value, lines }))
}

describe("a stream", () => {
  it.effect("is open with its first content, and what was held back comes first", () =>
    Effect.gen(function* () {
      const { log, read, stream, tap } = yield* opening()
      tap.put("role", "ping")
      assert.isUndefined(stream.pollUnsafe())
      tap.put("hello")
      assert.deepStrictEqual(log, ["open"])
      assert.isTrue(Exit.isSuccess(stream.pollUnsafe()!))
      assert.strictEqual(read(), "role ping hello")
      assert.isUndefined(read())
      tap.put("you", "done")
      assert.isUndefined(stream.ended(), "there is something to read")
      assert.strictEqual(read(), "you done")
      assert.isTrue(Exit.isSuccess(stream.ended()!))
      assert.deepStrictEqual([log, tap.cancelled], [["open", "ended"], 1])
    })
  )

  it.effect("calls its reader once, at once if there is something to read or it has ended", () =>
    Effect.gen(function* () {
      const { read, stream, tap } = yield* opening()
      let calls = 0
      const ready = () => stream.onReady(() => calls++)
      tap.put("a")
      ready()
      assert.strictEqual(calls, 1)
      read()
      ready()
      assert.strictEqual(calls, 1)
      tap.put("b")
      tap.put("c")
      assert.strictEqual(calls, 2)
      read()
      tap.put("done")
      read()
      ready()
      assert.strictEqual(calls, 3)
    })
  )

  it.effect("is read ahead for sixteen chunks, or two gathered ones, and further when they are taken", () =>
    Effect.gen(function* () {
      for (const [isGathered, ahead] of [
        [false, 16],
        [true, 2]
      ] as const) {
        const { read, stream, tap } = yield* opening()
        tap.put("first")
        read()
        if (isGathered) stream.gather()
        assert.strictEqual(tap.gathered, isGathered)
        for (let i = 0; i < 20; i++) tap.put("x")
        assert.strictEqual(tap.left.length, 20 - ahead)
        assert.lengthOf(read()!.split(" "), ahead)
        assert.strictEqual(tap.left.length, 0)
      }
    })
  )

  it.effect("signals its end to later listeners as well, and a reader that leaves then changes nothing", () =>
    Effect.gen(function* () {
      const { log, stream, tap } = yield* opening()
      let watched = 0
      stream.watch(() => watched++)
      tap.put("a", "done")
      stream.watch(() => watched++)
      stream.onEnd(() => log.push("told"))
      stream.cancel()
      assert.deepStrictEqual([watched, log, tap.cancelled], [2, ["open", "ended", "told"], 1])
    })
  )

  it.effect("without phases is open with its first chunk, and complete with its end", () =>
    Effect.gen(function* () {
      const { log, read, tap } = yield* opening({ phaseOf: undefined })
      tap.put("role")
      assert.deepStrictEqual(log, ["open"])
      tap.end(Exit.void)
      assert.strictEqual(read(), "role")
      assert.deepStrictEqual(log, ["open", "ended"])
    })
  )
})

describe("a stream that ends too soon", () => {
  it.effect("was empty, had no content, or was cut", () =>
    Effect.gen(function* () {
      const empty = yield* opening()
      empty.tap.end(Exit.void)
      assert.strictEqual(
        yield* failureOf(empty.stream.pollUnsafe()),
        "Empty: the stream ended without content"
      )
      const silent = yield* opening()
      silent.tap.put("role", "stop")
      assert.strictEqual(yield* failureOf(silent.stream.pollUnsafe()), "Empty: the answer has no content")
      const cut = yield* opening()
      cut.tap.put("role")
      cut.tap.end(Exit.void)
      const message = "Truncated: the stream ended before the answer was complete"
      assert.strictEqual(yield* failureOf(cut.stream.pollUnsafe()), message)
      const late = yield* opening()
      late.tap.put("hello")
      late.tap.end(Exit.void)
      late.read()
      assert.strictEqual(yield* failureOf(late.stream.ended()), message)
    })
  )

  it.effect("is not a failure once its answer is complete", () =>
    Effect.gen(function* () {
      const { log, tap } = yield* opening()
      tap.put("hello", "stop")
      tap.end(Exit.fail("reset"))
      assert.deepStrictEqual(log, ["open", "ended"])
    })
  )

  it.effect("was given up: before its commit point it ends when its source is released", () =>
    Effect.gen(function* () {
      let release = () => {}
      const tap = Object.assign(new Tap<string, unknown>(), {
        released: (f: () => void) => {
          release = f
        }
      })
      const early = yield* opening({}, tap)
      early.stream.interruptUnsafe()
      assert.deepStrictEqual([early.log, tap.cancelled], [[], 1])
      release()
      assert.deepStrictEqual(early.log, ["failed", "broken"])
      const late = yield* opening()
      late.tap.put("hello")
      late.stream.interruptUnsafe()
      assert.deepStrictEqual(late.log, ["open", "broken"])
    })
  )

  it.effect("holds back no more than it may", () =>
    Effect.gen(function* () {
      const holding = { most: 10, sizeOf: (chunk: string) => chunk.length }
      const fine = yield* opening({ holding })
      fine.tap.put("role", "role", "xx")
      assert.deepStrictEqual(fine.log, ["open"])
      const { read, stream, tap } = yield* opening({ holding, commit: Commit.complete })
      tap.put("role", "role", "xxx")
      const message = "Malformed: more came before the commit point of the answer than may be held back"
      assert.strictEqual(yield* failureOf(stream.pollUnsafe()), message)
      assert.deepStrictEqual([read(), tap.cancelled], [undefined, 1])
      const whole = yield* opening({ holding, commit: Commit.complete })
      whole.tap.put("stop", "xxxxxxx")
      assert.deepStrictEqual(whole.log, ["failed", "broken"], "also after the answer is complete")
    })
  )
})

describe("a later commit point", () => {
  it.effect("of some chunks with content is reached by as many, or by a whole answer", () =>
    Effect.gen(function* () {
      const three = yield* opening({ commit: Commit.chunks(3) })
      let content = 0
      three.stream.onContent(() => content++)
      three.tap.put("role", "a", "b")
      three.stream.onContent(() => content++)
      assert.deepStrictEqual([content, three.log], [2, []])
      three.tap.put("c")
      assert.deepStrictEqual([content, three.log], [2, ["open"]])
      const whole = yield* opening({ commit: Commit.chunks(3) })
      whole.tap.put("a", "stop")
      assert.deepStrictEqual(whole.log, ["open"])
    })
  )

  it.effect("of the whole answer is its end, or the time after which its usage is missing", () =>
    Effect.gen(function* () {
      const { log, stream, tap } = yield* opening({ commit: Commit.complete })
      tap.put("a")
      assert.isFalse(stream.timeUp())
      tap.put("stop")
      assert.deepStrictEqual(log, [])
      tap.put("done")
      assert.deepStrictEqual(log, ["open", "ended"])
      const slow = yield* opening({ commit: Commit.complete })
      slow.tap.put("a", "stop")
      assert.strictEqual(slow.stream.dueAt(), 2_000)
      assert.isTrue(slow.stream.timeUp())
      assert.deepStrictEqual([slow.log, slow.read(), slow.tap.cancelled], [["open", "ended"], "a stop", 1])
    })
  )
})

describe("the time until a stream has to show something", () => {
  it.effect("is that of the first content, longer while the server is alive, up to that of a queue", () =>
    Effect.gen(function* () {
      const { stream, tap } = yield* opening()
      assert.strictEqual(stream.dueAt(), 1_000)
      yield* TestClock.adjust(800)
      tap.put("role")
      assert.strictEqual(stream.dueAt(), 1_000)
      tap.put("ping")
      assert.strictEqual(stream.dueAt(), 1_800)
      for (let at = 1_600; at <= 4_800; at += 800) {
        yield* TestClock.adjust(800)
        tap.put("ping")
      }
      assert.strictEqual(stream.dueAt(), 5_000)
    })
  )

  it.effect("is the idle time after content that does not commit it, whatever pings come", () =>
    Effect.gen(function* () {
      const { stream, tap } = yield* opening({ commit: Commit.chunks(3) })
      stream.dueAt()
      yield* TestClock.adjust(500)
      tap.put("a")
      assert.strictEqual(stream.dueAt(), 800)
      yield* TestClock.adjust(200)
      tap.put("b")
      assert.strictEqual(stream.dueAt(), 1_000)
    })
  )
})

describe("code of the application in a stream", () => {
  it.effect.each([
    ["throws", (): unknown => assert.fail("a bug"), "threw AssertionError"],
    ["gives no phase", (): unknown => ({}), "returned no phase"],
    ["gives nothing", (): unknown => undefined, "returned no phase"],
    [
      "gives a promise, even one that is rejected",
      (): unknown => Promise.reject(new Error("a bug")),
      "returned no phase"
    ]
  ] as const)("that means the phase of a chunk and %s ends the attempt as a defect", ([, phaseOf, did]) =>
    Effect.gen(function* () {
      const { lines, value } = yield* logged(
        Effect.gen(function* () {
          const { log, stream, tap } = yield* opening({ phaseOf: phaseOf as unknown as () => Phase.Phase })
          tap.put("a")
          assert.deepStrictEqual([log, tap.cancelled], [["failed", "broken"], 1])
          return yield* Effect.catchDefect(stream.pollUnsafe()!, (defect) =>
            Effect.succeed((defect as Error).message)
          )
        })
      )
      assert.strictEqual(value, `the phase of a chunk: ${did}`)
      assert.deepStrictEqual(lines, [`the phase of a chunk ${did}; the attempt has failed`])
    })
  )

  it.effect("that throws when a flow is cancelled changes nothing, and is logged", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, unknown>()
      tap.cancel = () => {
        throw new RangeError("a bug")
      }
      const { lines } = yield* logged(
        Effect.gen(function* () {
          const { log } = yield* opening({}, tap)
          tap.put("a", "done")
          assert.deepStrictEqual(log, ["open", "ended"])
        })
      )
      assert.deepStrictEqual(lines, ["a flow, when it was cancelled, threw RangeError; the error is ignored"])
    })
  )

  it.effect("that throws when a stream begins ends the attempt as a defect", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const begin = () => {
        throw new Error("a bug")
      }
      const stream = OpenStream.start(Flow.toStream<string, never>(begin), {
        phaseOf: undefined,
        commit: Commit.firstContent,
        waits,
        context,
        owner: begin
      })
      assert.isTrue(Exit.hasDies(stream.pollUnsafe()!))
      let released = 0
      stream.released(() => released++)
      stream.interruptUnsafe()
      stream.gather()
      assert.strictEqual(released, 1)
    })
  )
})
