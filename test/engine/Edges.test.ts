/** Edge cases of requests: how streams end, how long an attempt may take, what observers see, and which options are refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import { forCall } from "../../src/engine/CallPolicy.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { makeSharedState, waitingOf } from "../../src/engine/SharedState.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { fault, play, throttle } from "../support/engine.ts"

/** The events that the observer of a request received, in words. */
const observed = () => {
  const seen: Array<string> = []
  const observer = (event: FailoverEvent) => {
    if (event._tag === "AttemptStarted") seen.push(`${event.attempt} ${event.target.provider}`)
    if (event._tag === "AttemptFailed") seen.push(`${event.target.provider} failed, ${event.action._tag}`)
    if (event._tag === "StreamEnded") seen.push(event.complete ? "complete" : "incomplete")
    if (event._tag === "RunEnded") seen.push(event.outcome)
  }
  return { seen, observer }
}

describe("a stream after its first content", () => {
  type Parts = Scripted.Call<string, Scripted.Part>
  const read = (parts: Parts, most = Number.POSITIVE_INFINITY, options: Failover.CallOptions = {}) =>
    Effect.gen(function* () {
      const { seen, observer } = observed()
      const { chain, open } = chainOf([parts])
      const stream = Failover.stream(chain, "q", { ...options, observer })
      const { took } = yield* play(Stream.runDrain(most < 99 ? Stream.take(stream, most) : stream))
      const [health] = yield* (yield* BenchRegistry).report
      return [...seen.slice(1), took, open(), `${health?.failures} of ${health?.attempts}`]
    })
  const idle = layer({ timeouts: { idle: "1 second" } })

  it.effect("has answered when it is complete, and counts as an answer of its target", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read(["one", "two"]), ["complete", "answered", 0, 0, "0 of 1"])
    }).pipe(idle)
  )

  it.effect("is broken when it breaks off or stalls, which counts as a failure, and is released", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read(["one", fault()]), ["incomplete", "broken", 0, 0, "1 of 1"])
    }).pipe(idle)
  )

  it.effect("is broken when it stalls, and is released", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read(["one", { hang: true }]), [
        "incomplete",
        "broken",
        1_000,
        0,
        "1 of 1"
      ])
    }).pipe(idle)
  )

  it.effect("is broken when the time of the request is over, which is not a failure of its target", () =>
    Effect.gen(function* () {
      const found = yield* read(["one", { hang: true }], 99, { deadline: 500 })
      assert.deepStrictEqual(found, ["incomplete", "broken", 500, 0, "undefined of undefined"])
    }).pipe(idle)
  )

  it.effect("is interrupted when its reader leaves, and answered when it leaves after the end", () =>
    Effect.gen(function* () {
      const early = yield* read(["one", "two", { hang: true }], 1)
      assert.deepStrictEqual(early.slice(0, 2), ["incomplete", "interrupted"])
      const late = yield* read(["one", Scripted.complete("two"), { hang: true }], 2)
      assert.deepStrictEqual(late.slice(0, 2), ["complete", "answered"])
    }).pipe(idle)
  )

  it.effect("is not cut while no reader waits for it", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([["one", { wait: 300 }, "two", { wait: 300 }, "three"]])
      const read: Array<string> = []
      const slowly = Stream.runForEach(Failover.stream(chain, "q"), ({ text }) =>
        Effect.delay(
          Effect.sync(() => void read.push(text)),
          5_000
        )
      )
      const { error } = yield* play(slowly)
      assert.deepStrictEqual(
        [error, read.filter((text) => text !== "")],
        [undefined, ["one", "two", "three"]]
      )
    }).pipe(idle)
  )
})

describe("the timeout of whole answers", () => {
  it.effect("does not hold for streams", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: 5_000 }, "late"]])
      const { error, took } = yield* play(Stream.runDrain(Failover.stream(chain, "q")))
      assert.deepStrictEqual([error, took], [undefined, 5_000])
    }).pipe(layer({ timeouts: { answer: 1_000, firstContent: 10_000 } }))
  )

  it.effect("leads to no second call of the target", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[{ hang: true }]])
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.lengthOf(calls(), 1)
    }).pipe(layer({ timeouts: { answer: 1_000 }, maxWait: "10 seconds", whenAllBenched: "fail" }))
  )
})

describe("an observer", () => {
  it.effect("receives a failure whose retry the budget refuses, and the number of each attempt", () =>
    Effect.gen(function* () {
      const { seen, observer } = observed()
      const { chain } = chainOf([[fault()]], [["two"]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(seen, ["1 a", "a failed, Next", "2 b", "answered"])
    }).pipe(layer({}, 0))
  )

  it.effect("receives the number of a hedge, and the end of the request", () =>
    Effect.gen(function* () {
      const { seen, observer } = observed()
      const { chain } = chainOf([[{ wait: 5_000 }, "one"]], [["two"]])
      yield* play(Failover.complete(chain, "q", { observer }))
      assert.deepStrictEqual(seen, ["1 a", "2 b", "answered"])
    }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
  )
})

describe("a hedge", () => {
  it.effect("that takes too long is interrupted", () =>
    Effect.gen(function* () {
      let stopped = 0
      const slow = Backend.make("a", {}, { policy: { timeouts: { answer: 20_000 } } })
      const quick = Backend.make("b", {}, { policy: { timeouts: { answer: 2_000 } } })
      const chain = Chain.make(Model.make(slow, "m"), Model.make(quick, "m"))
      const run = Failover.use(chain, ({ name }) =>
        name === "a"
          ? Effect.delay(Effect.succeed("a"), 10_000)
          : Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      )
      const { value } = yield* play(Effect.map(run, (value) => [value, stopped]))
      assert.deepStrictEqual(value, ["a", 1])
    }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
  )

  it.effect("that fails after its first content leaves the other target for the end", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[{ wait: 5_000 }, "one"]], [["half", { wait: 1_000 }, throttle()]])
      const { value } = yield* play(Stream.runCollect(Failover.stream(chain, "q")))
      assert.include(
        (value ?? []).map(({ text }) => text),
        "one"
      )
      assert.lengthOf(calls(), 3)
    }).pipe(layer({ commit: Commit.complete, hedge: { after: "1 second", share: 1, to: "chain" } }))
  )
})

describe("a request of any service", () => {
  it.effect("that is refused is not amended", () =>
    Effect.gen(function* () {
      let calls = 0
      const refused = new Failure.BadRequest({ reason: "MaxTokens", message: "too many" })
      const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))
      const { error } = yield* play(
        Failover.use(chain, () =>
          Effect.suspend(() => {
            calls++
            return Effect.fail(refused)
          })
        )
      )
      assert.deepStrictEqual([calls, error?._tag], [1, "BadRequest"])
    }).pipe(layer())
  )
})

describe("a stream of a provider without a second form of its requests", () => {
  it.effect("that is refused is not requested again", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([
        [new Failure.BadRequest({ reason: "Invalid", message: "no" })],
        ["one"]
      ])
      const { error } = yield* play(Stream.runDrain(Failover.stream(chain, "q")))
      assert.deepStrictEqual([calls().length, error?._tag], [1, "BadRequest"])
    }).pipe(layer())
  )
})

describe("a limiter that takes longer than the request may", () => {
  it.effect("ends it at its deadline", () =>
    Effect.gen(function* () {
      const provider = Scripted.make("a", [["one"]], { credentials: [Credential.make("k", { rpm: 60 })] })
      const chain = Chain.make(Model.make(provider, "m"))
      const skipped: Array<string> = []
      const observer = (event: FailoverEvent) => {
        if (event._tag === "Skipped") skipped.push(event.target.key)
      }
      const { error, took } = yield* play(Failover.complete(chain, "q", { deadline: 100, observer }))
      assert.deepStrictEqual([error?._tag, took, provider.calls.length], ["DeadlineExceeded", 100, 0])
      assert.deepStrictEqual(skipped, [], "the limiter has not refused it")
    }).pipe(
      Effect.provide(
        Failover.layer({
          limiter: { take: () => Effect.delay(Effect.succeed({ allowed: true, wait: 0 }), 500) }
        })
      )
    )
  )
})

describe("a caller that leaves while a probe waits for its permission", () => {
  it.effect("leaves the probe to the next one", () =>
    Effect.gen(function* () {
      const provider = Scripted.make("a", [[throttle("5 seconds")], ["one"]], {
        credentials: [Credential.make("k", { rpm: 60 })]
      })
      const chain = Chain.make(Model.make(provider, "m"))
      const ask = Failover.complete(chain, "q", { whenAllBenched: "fail" })
      yield* play(ask)
      const { list } = yield* BenchRegistry
      const fiber = yield* Effect.forkChild(ask, { startImmediately: true })
      yield* TestClock.adjust(100)
      assert.strictEqual((yield* list)[0]?.status, "probing")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* list)[0]?.status, "half-open")
    }).pipe(
      Effect.provide(
        Failover.layer({
          limiter: { take: () => Effect.delay(Effect.succeed({ allowed: true, wait: 0 }), 500) }
        })
      )
    )
  )
})

describe("options", () => {
  it("of a call that are sound are taken together", () => {
    const policy = forCall(Policy.defaults, { attempts: 3, hedge: true, affinity: "x", since: 5n })
    assert.strictEqual(policy.attempts, 3)
    assert.strictEqual(forCall(Policy.defaults, { attempts: 4, affinity: () => "x" }).attempts, 4)
  })

  it.effect("of a runtime are refused by name", () =>
    Effect.gen(function* () {
      const message = (options: unknown, process: unknown = {}) =>
        Effect.map(
          Effect.exit(
            Effect.scoped(
              Effect.provideService(
                Failover.make(options as object),
                Policy.ProcessDefaults,
                process as object
              )
            )
          ),
          (exit) => (Exit.isFailure(exit) ? (Cause.squash(exit.cause) as Error).message : "nothing is wrong")
        )
      assert.match(yield* message({}, { attempts: 0 }), /^Policy\.ProcessDefaults: attempts is 0/)
      assert.match(yield* message([]), /^the options of the Failover layer: the value is a list/)
      assert.match(
        yield* message({ policy: { attempts: 0 } }),
        /^the policy of the Failover layer: attempts is 0/
      )
      assert.strictEqual(
        yield* message({ retryBudget: -1 }),
        "the options of the Failover layer: retryBudget is -1; it has to be a number of retries per request, at least 0, or infinite"
      )
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("what runtimes of one process share", () => {
  it.effect("has one set of queues for each bench", () =>
    Effect.gen(function* () {
      const kept = makeSharedState()
      const [one, two] = [EngineBench.makeMemory(), EngineBench.makeMemory()]
      const first = waitingOf(kept, one)
      assert.strictEqual(waitingOf(kept, one).queues, first.queues)
      assert.notStrictEqual(waitingOf(kept, two).queues, first.queues)
    })
  )

  it.effect("has so many retries left", () =>
    Effect.gen(function* () {
      const { retriesLeft } = yield* Failover.Failover
      assert.isAbove(yield* retriesLeft, 0)
      assert.isFinite(yield* retriesLeft)
    }).pipe(layer({}, 0.2))
  )
})
