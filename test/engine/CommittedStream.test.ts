/** Streams after their commit point: how they end if they are not complete. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { play } from "../support/engine.ts"

const observed = () => {
  const events: Array<FailoverEvent> = []
  return { events, observer: (event: FailoverEvent) => void events.push(event) }
}

/** The last events of a request. */
const ends = (events: ReadonlyArray<FailoverEvent>) =>
  events.flatMap((event) => {
    if (event._tag === "StreamEnded") return [`StreamEnded ${event.complete ? "complete" : "incomplete"}`]
    return event._tag === "RunEnded" ? [`RunEnded ${event.outcome}`] : []
  })

const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))

/** Reads a stream that has one chunk and hangs; whether it is open at its end. */
const read = (options: Failover.CallOptions & { readonly isBusy?: () => boolean }) =>
  Effect.gen(function* () {
    let open = 0
    const hanging = Stream.concat(Stream.make("one"), Stream.never).pipe(
      Stream.onStart(Effect.sync(() => open++)),
      Stream.ensuring(Effect.sync(() => open--))
    )
    const run = Stream.runDrain(Failover.useStream(chain, () => hanging, options))
    const { error, took } = yield* play(run)
    return [error?._tag, took, open] as const
  })

describe("a stream that stalls", () => {
  it.effect("breaks after its idle time, and is released", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({}), ["StreamBroken", 1_000, 0])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )

  it.effect("names its length and the target", () =>
    Effect.gen(function* () {
      const hanging = Stream.concat(Stream.make("one"), Stream.never)
      const { error } = yield* play(Stream.runDrain(Failover.useStream(chain, () => hanging)))
      assert(error?._tag === "StreamBroken" && error.failure._tag === "Transient")
      const { evidence, message, reason } = error.failure
      assert.deepStrictEqual(
        [error.target, reason, message, evidence],
        ["a/m#default", "Timeout", "the stream stalled", "no chunk for 1000 ms"]
      )
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )

  it.effect("after its answer is complete has answered, and is waited for two seconds", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { chain, open } = chainOf([["one", Scripted.complete(), { hang: true }]])
      const run = Stream.runDrain(Failover.stream(chain, "q", { observer }))
      const { error, took } = yield* play(Effect.andThen(run, Effect.sync(open)))
      assert.deepStrictEqual([error, took, open()], [undefined, 2_000, 0])
      assert.deepStrictEqual(ends(events), ["StreamEnded complete", "RunEnded answered"])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )

  it.effect("continues while the caller reports that the service is busy", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const isBusy = () => clock.currentTimeMillisUnsafe() < 3_500
      assert.deepStrictEqual(yield* read({ isBusy }), ["StreamBroken", 4_000, 0])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )

  it.effect("ends with its deadline, busy or not", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({ isBusy: () => true, deadline: "2500 millis" }), [
        "DeadlineExceeded",
        2_500,
        0
      ])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )
})

describe("a stream that does not end well", () => {
  it.effect("because its reader has enough of it counts neither for nor against its target", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { chain } = chainOf([["one", "two", { hang: true }]])
      yield* Stream.runDrain(Stream.take(Failover.stream(chain, "q", { observer }), 1))
      assert.deepStrictEqual(ends(events), ["StreamEnded incomplete", "RunEnded interrupted"])
      const report = yield* (yield* BenchRegistry).report
      assert.deepStrictEqual(
        report.filter(({ attempts }) => attempts > 0),
        []
      )
    }).pipe(layer())
  )

  it.effect(
    "because its scope ends while it is read interrupts its reader, unless the answer is complete",
    () =>
      Effect.gen(function* () {
        const readOf = Effect.fnUntraced(function* (
          ...script: ReadonlyArray<Scripted.Step<string, Scripted.Part>>
        ) {
          const { chain, open } = chainOf([script])
          const scope = yield* Scope.make()
          const opened = yield* Scope.provide(Failover.open(chain, "q"), scope)
          const reading = yield* Effect.forkChild(Effect.exit(Stream.runCollect(opened.value)))
          yield* TestClock.adjust(100)
          yield* Scope.close(scope, Exit.void)
          const exit = yield* Fiber.join(reading)
          return [Exit.isSuccess(exit) ? "answered" : exit.cause.reasons.map(({ _tag }) => _tag), open()]
        })
        assert.deepStrictEqual(yield* readOf("one", { hang: true }), [["Interrupt"], 0])
        assert.deepStrictEqual(yield* readOf("one", Scripted.complete(), { hang: true }), ["answered", 0])
      }).pipe(layer())
  )

  it.effect("because of the application's own error is not complete", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const failing = Stream.concat(Stream.make("one"), Stream.fail("no such user"))
      const options = { observer, classify: () => Failover.notMine }
      const { error } = yield* play(Stream.runDrain(Failover.useStream(chain, () => failing, options)))
      assert.strictEqual(error, "no such user")
      assert.deepStrictEqual(ends(events), ["StreamEnded incomplete", "RunEnded answered"])
    }).pipe(layer())
  )

  it.effect("because its deadline passes while it is read slowly ends there", () =>
    Effect.gen(function* () {
      const read: Array<string> = []
      const quick = Stream.fromEffectRepeat(Effect.delay(Effect.succeed("chunk"), "100 millis"))
      const slowly = Stream.mapEffect(
        Failover.useStream(chain, () => quick, { deadline: "5 seconds" }),
        (text) =>
          Effect.delay(
            Effect.sync(() => read.push(text)),
            "2 seconds"
          )
      )
      const { error } = yield* play(Stream.runDrain(slowly))
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      assert.isAtMost(read.length, 20)
    }).pipe(layer())
  )
})
