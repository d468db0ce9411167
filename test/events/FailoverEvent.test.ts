/** The events that an observer receives of a run: their order and their fields. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { dead, fault, play, refusal, throttle } from "../support/engine.ts"

const inWords = (event: FailoverEvent): string => {
  const target = "target" in event && event.target !== undefined ? ` ${event.target.provider}` : ""
  const head = `${event.at} ${event._tag}${target}`
  switch (event._tag) {
    case "Skipped":
      return `${head} ${event.key} ${event.reason} ${event.until}`
    case "AttemptStarted":
      return `${head} ${event.attempt}${event.probe ? " probe" : ""}${event.hedge === true ? " hedge" : ""}`
    case "AttemptDropped":
      return `${head} ${event.attempt} ${event.duration}`
    case "AttemptFailed": {
      const delay = event.action._tag === "Retry" ? ` ${event.action.delay}` : ""
      const cutOff = event.cutOff === true ? " cut off" : ""
      return `${head} ${event.attempt} ${event.duration} ${Failure.classOf(event.failure)} ${event.action._tag}${delay}${cutOff}`
    }
    case "AttemptSucceeded":
      return `${head} ${event.attempt} ${event.duration}`
    case "StreamEnded":
      return `${head} ${event.duration} ${event.complete ? "complete" : event.failure === undefined ? "left" : Failure.classOf(event.failure)}`
    case "RunFailed":
      return `${head} ${event.duration} ${event.error._tag}`
    case "RunInterrupted":
      return `${head} ${event.duration}`
    case "RunEnded":
      return `${head} ${event.duration} ${event.outcome} ${event.error?._tag ?? "-"} ${event.attempts} ${event.failed.length}`
  }
}

/** A chain of `a` and `b`, and the events of its requests. */
const scene = (
  a: Scripted.Script<unknown, string, Scripted.Part>,
  b: Scripted.Script<unknown, string, Scripted.Part> = [["other"]]
) => {
  const events: Array<FailoverEvent> = []
  const models = [Scripted.make("a", a), Scripted.make("b", b)].map((provider) => Model.make(provider, "m"))
  return {
    events,
    words: () => events.splice(0).map(inWords),
    chain: Chain.fromLinks(models),
    observer: (event: FailoverEvent) => void events.push(event)
  }
}
const runtime = Effect.provide(Failover.layer())
const { complete } = Scripted

describe("an observer receives events", () => {
  it.effect("of an answer", () =>
    Effect.gen(function* () {
      const { chain, observer, words } = scene([[{ wait: "2 seconds" }, "fine"]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(words(), [
        "0 AttemptStarted a 1",
        "2000 AttemptSucceeded a 1 2000",
        "2000 RunEnded a 2000 answered - 1 0"
      ])
    }).pipe(runtime)
  )

  it.effect("of retries, fallbacks and skipped targets, in order", () =>
    Effect.gen(function* () {
      const { chain, observer, words } = scene([[{ wait: "1 second" }, fault()]])
      yield* play(Failover.complete(chain, "q", { observer }), { within: "5 seconds" })
      assert.deepStrictEqual(words(), [
        "0 AttemptStarted a 1",
        "1000 AttemptFailed a 1 1000 Overloaded Retry 250",
        "1250 AttemptStarted a 2",
        "2250 AttemptFailed a 2 1000 Overloaded Retry 1000",
        "3250 AttemptStarted a 3",
        "4250 AttemptFailed a 3 1000 Overloaded Next",
        "4250 AttemptStarted b 4",
        "4250 AttemptSucceeded b 4 0",
        "4250 RunEnded b 4250 answered - 4 3"
      ])
      yield* play(Failover.complete(chain, "q", { observer }), { within: 0 })
      assert.deepStrictEqual(words(), [
        "5000 Skipped a a/m#default Overloaded 9250",
        "5000 AttemptStarted b 1",
        "5000 AttemptSucceeded b 1 0",
        "5000 RunEnded b 0 answered - 1 0"
      ])
    }).pipe(runtime)
  )

  it.effect("with what is benched after a failure, and the next model", () =>
    Effect.gen(function* () {
      const { chain, events, observer } = scene([[throttle("7 seconds")]], [[fault()]])
      yield* play(Failover.complete(chain, "q", { observer }))
      const heard = events.flatMap((event) =>
        event._tag === "AttemptFailed" ? [[event.action, event.benched]] : []
      )
      assert.deepStrictEqual(heard, [
        [
          { _tag: "Next", model: "b/m" },
          { key: "a/m#default", until: 7_000 }
        ],
        [{ _tag: "Retry", delay: 250 }, undefined],
        [{ _tag: "Retry", delay: 1_000 }, undefined],
        [{ _tag: "Next" }, { key: "b/m#default", until: 6_250 }]
      ])
    }).pipe(runtime)
  )

  it.effect("the same model as the next one while another credential of it is free", () =>
    Effect.gen(function* () {
      const { events, observer } = scene([])
      const a = Scripted.make(
        "a",
        ({ credential }) => (credential.name === "y" ? [["fine"]] : [[throttle()]]),
        { credentials: [Credential.make("x"), Credential.make("y")] }
      )
      const b = Scripted.make("b", [["never"]])
      yield* play(Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q", { observer }))
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "AttemptFailed" ? [event.action] : [])),
        [{ _tag: "Next", model: "a/m" }]
      )
    }).pipe(runtime)
  )

  it.effect("the first model of the special chain", () =>
    Effect.gen(function* () {
      const { chain, events, observer } = scene([[refusal("ContentPolicy")]])
      const lenient = Scripted.make("lenient", [["here you are"]])
      const special = Chain.onContentPolicy(chain, Chain.make(Model.make(lenient, "m")))
      yield* play(Failover.complete(special, "q", { observer }))
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "AttemptFailed" ? [event.action] : [])),
        [{ _tag: "Next", model: "lenient/m" }]
      )
    }).pipe(runtime)
  )

  it.effect("of a probe", () =>
    Effect.gen(function* () {
      const { chain, observer, words } = scene([[throttle("5 seconds")], ["back"]])
      yield* Failover.complete(chain, "q")
      yield* TestClock.adjust("5 seconds")
      yield* Failover.complete(chain, "q", { observer })
      assert.deepStrictEqual(words(), [
        "5000 AttemptStarted a 1 probe",
        "5000 AttemptSucceeded a 1 0",
        "5000 RunEnded a 0 answered - 1 0"
      ])
    }).pipe(runtime)
  )

  it.effect("of a run that fails, after the attempt that was its last", () =>
    Effect.gen(function* () {
      const { chain, observer, words } = scene([[dead()]], [[throttle()]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(words(), [
        "0 AttemptStarted a 1",
        "0 AttemptFailed a 1 0 InvalidKey Next",
        "0 AttemptStarted b 2",
        "0 AttemptFailed b 2 0 RateLimit Next",
        "500 AttemptStarted b 3",
        "500 AttemptFailed b 3 0 RateLimit Next",
        "500 RunFailed 500 ChainExhausted",
        "500 RunEnded 500 failed ChainExhausted 3 3"
      ])
    }).pipe(runtime)
  )

  it.effect("of a refusal", () =>
    Effect.gen(function* () {
      const { chain, observer, words } = scene([[refusal()]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(words(), [
        "0 AttemptStarted a 1",
        "0 AttemptFailed a 1 0 Invalid Stop",
        "0 RunFailed 0 BadRequest",
        "0 RunEnded 0 failed BadRequest 1 1"
      ])
    }).pipe(runtime)
  )

  it.effect(
    "of an attempt that is cut off for the sake of the next, and of one that the deadline cuts off",
    () =>
      Effect.gen(function* () {
        const { chain, observer, words } = scene([[{ hang: true }]], [[{ hang: true }]])
        yield* play(Failover.complete(chain, "q", { observer, deadline: "8 seconds" }))
        assert.deepStrictEqual(words(), [
          "0 AttemptStarted a 1",
          "4000 AttemptFailed a 1 4000 Timeout Next cut off",
          "4000 AttemptStarted b 2",
          "8000 AttemptFailed b 2 4000 Timeout Stop cut off",
          "8000 RunFailed 8000 DeadlineExceeded",
          "8000 RunEnded 8000 failed DeadlineExceeded 2 2"
        ])
      }).pipe(runtime)
  )

  it.effect("that everything is benched, with every skipped target", () =>
    Effect.gen(function* () {
      yield* (yield* BenchRegistry).bench("a", { for: "1 minute" })
      yield* (yield* BenchRegistry).bench("b", { for: "1 minute" })
      const { chain, observer, words } = scene([["never"]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(words(), [
        "0 Skipped a a Manual 60000",
        "0 Skipped b b Manual 60000",
        "0 RunFailed 0 AllBenched",
        "0 RunEnded 0 failed AllBenched 0 0"
      ])
    }).pipe(runtime)
  )

  it.effect("of a stream's commit and of its end, whichever that is", () =>
    Effect.gen(function* () {
      const call = [{ wait: "1 second" }, "one", { wait: "1 second" }] as const
      const { chain, observer, words } = scene(
        [[...call, "two", complete()], [...call, fault("Connection")], ["never asked"]],
        [["other", { wait: "1 second" }]]
      )
      const stream = Failover.stream(chain, "q", { observer })
      yield* play(Stream.runDrain(stream), { within: "2 seconds" })
      yield* play(Stream.runDrain(stream), { within: "2 seconds" })
      yield* play(Stream.runDrain(Stream.take(stream, 1)), { within: "2 seconds" })
      assert.deepStrictEqual(words(), [
        "0 AttemptStarted a 1",
        "1000 AttemptSucceeded a 1 1000",
        "2000 StreamEnded a 2000 complete",
        "2000 RunEnded a 2000 answered - 1 0",
        "2000 AttemptStarted a 1",
        "3000 AttemptSucceeded a 1 1000",
        "4000 StreamEnded a 2000 Connection",
        "4000 RunEnded a 2000 broken StreamBroken 1 0",
        "4000 Skipped a a/m#default Connection 9000",
        "4000 AttemptStarted b 1",
        "4000 AttemptSucceeded b 1 0",
        "4000 StreamEnded b 0 left",
        "4000 RunEnded b 0 interrupted - 1 0"
      ])
    }).pipe(runtime)
  )
})

describe("the events of a run", () => {
  it.effect("share one object that holds the request and when it began", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(7_000)
      const { chain, events, observer } = scene([[dead()]])
      const request = { prompt: "a secret" }
      yield* play(Failover.complete(chain, request, { observer }))
      yield* play(Failover.complete(chain, "another", { observer }))
      const [first] = events
      const own = events.filter(({ run }) => run === first?.run)
      assert.strictEqual(own.length, 5)
      assert.strictEqual(first?.run.request, request)
      assert.strictEqual(first?.run.startedAt, 7_000)
      assert.strictEqual(first?.run.kind, "effect")
      assert.strictEqual(new Set(events.map(({ run }) => run.id)).size, 2)
    }).pipe(runtime)
  )

  it.effect("contain the caller's facts about the request and its context", () =>
    Effect.gen(function* () {
      const { chain, events, observer } = scene([["fine"]])
      const about = { requestId: "req_1", model: "smart", tenant: "north" }
      const span = Tracer.externalSpan({ traceId: "t", spanId: "s" })
      yield* Failover.complete(chain, "q", { observer, about }).pipe(Effect.withParentSpan(span))
      yield* Stream.runDrain(Failover.stream(chain, "q", { observer, about }))
      yield* Failover.complete(chain, "q", { observer })
      assert.deepStrictEqual(
        events.map(({ run }) => run.about),
        [about, about, about, about, about, about, about, undefined, undefined, undefined]
      )
      assert.strictEqual(
        Context.getOrUndefined(events[0]?.run.context ?? Context.empty(), Tracer.ParentSpan),
        span
      )
    }).pipe(runtime)
  )

  it.effect("contain how far the run is", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(7_000)
      const { chain, events, observer } = scene(
        [[{ wait: "1 second" }, dead()]],
        [[{ wait: "2 seconds" }, "b"]]
      )
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(
        events.map(({ elapsed }) => elapsed),
        [0, 1000, 1000, 3000, 3000]
      )
    }).pipe(runtime)
  )

  it.effect("exclude attempts and waits from the run's own time, but not what the caller did before", () =>
    Effect.gen(function* () {
      const { chain, events, observer } = scene([[{ wait: "1 second" }, fault()]], [[throttle()]])
      const since = yield* Clock.monotonicTimeNanos
      yield* TestClock.adjust("5 seconds")
      yield* play(Failover.complete(chain, "q", { observer, since }))
      yield* play(Failover.complete(chain, "q", { observer }))
      const last = events.filter(({ _tag }) => _tag === "RunFailed")
      assert.deepStrictEqual(
        last.map((event) => "overhead" in event && event.overhead),
        [5000, 0]
      )
    }).pipe(runtime)
  )

  it.effect("are received by the runtime's observer and by the call's", () =>
    Effect.gen(function* () {
      const { chain, observer, words } = scene([["fine"]])
      const all: Array<FailoverEvent> = []
      const layer = Failover.layer({ observer: (event) => void all.push(event) })
      yield* Effect.provide(
        Effect.andThen(Failover.complete(chain, "q", { observer }), Failover.complete(chain, "q")),
        layer
      )
      assert.strictEqual(words().length, 3)
      assert.strictEqual(all.length, 6)
    })
  )

  it.effect("name the commit point of a stream only", () =>
    Effect.gen(function* () {
      const { chain, events, observer } = scene([["fine"]])
      yield* Failover.complete(chain, "q", { observer })
      yield* Stream.runDrain(Failover.stream(chain, "q", { observer }))
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "AttemptSucceeded" ? [event.commit?._tag] : [])),
        [undefined, "FirstContent"]
      )
    }).pipe(runtime)
  )
})
