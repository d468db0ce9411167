/** How attempts end, as the observer and the next requests see it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { benches, fault, play, throttle } from "../support/engine.ts"

type Options = Failover.CallOptions

const asks = {
  effect: (chain: Chain.Chain<Scripted.Scripted>, options: Options = {}) =>
    Failover.complete(chain, "q", options),
  stream: (chain: Chain.Chain<Scripted.Scripted>, options: Options = {}) =>
    Stream.runDrain(Failover.stream(chain, "q", options))
}

const observed = () => {
  const events: Array<FailoverEvent> = []
  return { events, observer: (event: FailoverEvent) => void events.push(event) }
}

const only = <T extends FailoverEvent["_tag"]>(events: ReadonlyArray<FailoverEvent>, tag: T) =>
  events.filter((event): event is FailoverEvent & { readonly _tag: T } => event._tag === tag)

const saying = (failure: Failure | undefined) =>
  failure?._tag === "Transient" ? `${failure.reason}: ${failure.message} (${failure.evidence})` : undefined

for (const [kind, ask] of Object.entries(asks)) {
  const what = kind === "stream" ? "no content in time" : "no answer in time"

  describe(`an attempt that takes too long (${kind})`, () => {
    it.effect("says so, and for whom: the target's timeout, or the time of the request", () =>
      Effect.gen(function* () {
        const { events, observer } = observed()
        const { chain } = chainOf(hang, hang)
        const { error } = yield* play(ask(chain, { observer, deadline: "5 seconds" }))
        assert(error !== undefined && error._tag === "DeadlineExceeded")
        assert.strictEqual(error.attempts.length, 2)
        const failed = only(events, "AttemptFailed")
        assert.deepStrictEqual(
          failed.map(({ action, at, cutOff, failure }) => [at, saying(failure), action, cutOff]),
          [
            [3_000, `Timeout: ${what} (timeout)`, { _tag: "Next", model: "b/m" }, undefined],
            [5_000, `Timeout: ${what} (the request's time)`, { _tag: "Stop" }, true]
          ]
        )
      }).pipe(
        layer({
          timeouts: { answer: "3 seconds", firstContent: "3 seconds" },
          fallbackReserve: 0
        })
      )
    )

    it.effect(
      "for its share of the request's time is over: the run goes on to the next target and does not come back",
      () =>
        Effect.gen(function* () {
          const { events, observer } = observed()
          const { calls, chain, open } = chainOf(hang, [[{ wait: "1 second" }, fault()]], [["fine"]])
          yield* play(ask(chain, { observer, deadline: "20 seconds" }))
          const [first] = only(events, "AttemptFailed")
          assert.strictEqual(saying(first?.failure), `Timeout: ${what} (the request's time)`)
          assert.deepStrictEqual(first?.action, { _tag: "Next", model: "b/m" })
          assert.deepStrictEqual(calls(), ["0 a/m", "10000 b/m", "11000 c/m"])
          assert.strictEqual(open(), 0)
        }).pipe(layer({ retries: { times: 0 } }))
    )

    it.effect("for its share of the time is not repeated with another key of the same place", () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", hang, { credentials: [Credential.make("k1"), Credential.make("k2")] })
        const b = Scripted.make("b", [["fine"]])
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        yield* play(ask(chain, { deadline: "20 seconds" }))
        assert.lengthOf(a.calls, 1)
        assert.lengthOf(b.calls, 1)
      }).pipe(layer())
    )

    it.effect("and is a probe gives the slot back: the next request probes in the same moment", () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf([[throttle("5 seconds")], [{ hang: true }], ["fine"]])
        yield* Effect.exit(ask(chain, { whenAllBenched: "fail" }))
        yield* TestClock.adjust("4 seconds")
        const short = yield* Effect.forkChild(Effect.exit(ask(chain, { deadline: "3 seconds" })))
        yield* Effect.yieldNow
        yield* play(ask(chain))
        yield* Fiber.join(short)
        assert.deepStrictEqual(calls(), ["0 a/m", "5000 a/m", "7000 a/m"])
      }).pipe(layer({ whenAllBenched: "wait" }))
    )

    it.effect("is told as a failure of the target when callers keep giving it up", () =>
      Effect.gen(function* () {
        const { events, observer } = observed()
        const { chain } = chainOf(hang)
        for (let i = 0; i < 3; i++) {
          yield* play(Effect.exit(Effect.timeout(ask(chain, { observer }), "8 seconds")), {
            within: "8 seconds"
          })
        }
        const said = "Timeout: no answer before its callers gave up (several callers in a row)"
        assert.deepStrictEqual(
          only(events, "RunInterrupted").map(({ failure }) => saying(failure)),
          [undefined, undefined, said]
        )
        assert.lengthOf(yield* benches, 1)
      }).pipe(layer())
    )

    it.effect("is such a failure after half of its timeout where that is short", () =>
      Effect.gen(function* () {
        const { chain } = chainOf(hang)
        for (let i = 0; i < 3; i++) {
          yield* play(Effect.exit(Effect.timeout(ask(chain), "150 millis")), { within: "8 seconds" })
        }
        assert.lengthOf(yield* benches, 1)
      }).pipe(
        layer({
          timeouts: {
            answer: kind === "effect" ? "200 millis" : "1 minute",
            firstContent: kind === "stream" ? "200 millis" : "1 minute"
          }
        })
      )
    )
  })

  describe(`a caller that leaves (${kind})`, () => {
    it.effect("during its probe lets the next request probe in the same moment", () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf([[throttle("5 seconds")], [{ hang: true }], ["fine"]])
        yield* Effect.exit(ask(chain, { whenAllBenched: "fail" }))
        const first = yield* Effect.forkChild(ask(chain))
        yield* Effect.yieldNow
        const second = yield* Effect.forkChild(ask(chain))
        yield* TestClock.adjust("5100 millis")
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust(0)
        yield* Fiber.join(second)
        assert.deepStrictEqual(calls(), ["0 a/m", "5000 a/m", "5100 a/m"])
      }).pipe(layer({ whenAllBenched: "wait" }))
    )

    it.effect("while two attempts are under way stops both", () =>
      Effect.gen(function* () {
        const { events, observer } = observed()
        const { chain, open } = chainOf(hang, hang)
        yield* play(Effect.exit(Effect.timeout(ask(chain, { observer }), "2 seconds")))
        assert.strictEqual(open(), 0)
        assert.deepStrictEqual(
          only(events, "AttemptDropped").map(({ hedge, target }) => [target.provider, hedge]),
          [["b", true]]
        )
      }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
    )
  })
}

describe("an answer", () => {
  const later = layer({ retries: { times: 2, backoff: ["30 seconds"] }, deadline: "20 seconds" })
  for (const [says, answers, benched] of [
    ["ends the row of visits that had no time for a retry: they bench nothing", true, 0],
    ["is what is missing where such a row benches the target", false, 1]
  ] as const) {
    it.effect(says, () =>
      Effect.gen(function* () {
        const { chain } = chainOf([[fault()], [fault()], [answers ? "fine" : fault()], [fault()]], [["b"]])
        for (let i = 0; i < 4; i++) {
          yield* play(asks.effect(chain), { within: "1 second" })
        }
        assert.lengthOf(yield* benches, benched)
      }).pipe(later)
    )
  }

  it.effect("of a stream that is complete without content is none, and what is left of it is stopped", () =>
    Effect.gen(function* () {
      const { calls, chain, open } = chainOf(
        [[Scripted.held("role"), Scripted.complete(), { hang: true }]],
        [["fine"]]
      )
      yield* asks.stream(chain)
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
      assert.strictEqual(open(), 0)
    }).pipe(layer({ retries: { times: 0 } }))
  )

  it.effect("is told with its commit point if it is a stream", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { chain } = chainOf([["fine"]])
      const commit = Commit.chunks(1)
      yield* asks.effect(chain, { observer })
      yield* asks.stream(chain, { observer, commit })
      assert.deepStrictEqual(
        only(events, "AttemptSucceeded").map((event) => event.commit),
        [undefined, commit]
      )
    }).pipe(layer())
  )

  it.effect("that breaks off after its first content counts as one failed attempt", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([["hel", { wait: "1 second" }, fault()]])
      yield* play(Effect.exit(asks.stream(chain)))
      const [health] = yield* (yield* BenchRegistry).report
      assert.deepStrictEqual([health?.attempts, health?.failures], [1, 1])
    }).pipe(layer())
  )
})

describe("an error that is the application's own", () => {
  const own = { classify: () => Failover.notMine }
  const chain = Chain.make(Model.make(Backend.make("a", {}), "m"), Model.make(Backend.make("b", {}), "m"))

  it.effect("ends a probe without a result: the next request probes", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const one = Chain.make(Model.make(Backend.make("a", {}), "m"))
      yield* Effect.exit(
        Failover.use(one, () => Effect.fail(throttle("5 seconds")), { whenAllBenched: "fail" })
      )
      yield* TestClock.adjust("5 seconds")
      for (let i = 0; i < 2; i++) {
        const { events, observer } = observed()
        const error = yield* Effect.flip(
          Failover.use(one, () => Effect.fail("no such user"), { ...own, observer })
        )
        assert.strictEqual(error, "no such user")
        assert.deepStrictEqual(
          only(events, "AttemptStarted").map(({ probe }) => probe),
          [true]
        )
      }
      assert.lengthOf(yield* registry.list, 1)
    }).pipe(layer())
  )

  it.effect("lets the next request probe in the same moment", () =>
    Effect.gen(function* () {
      const one = Chain.make(Model.make(Backend.make("a", {}), "m"))
      yield* Effect.exit(
        Failover.use(one, () => Effect.fail(throttle("5 seconds")), { whenAllBenched: "fail" })
      )
      const slow = Effect.delay(Effect.fail("no such user"), "100 millis")
      const first = yield* Effect.forkChild(Effect.exit(Failover.use(one, () => slow, own)))
      yield* Effect.yieldNow
      const { at } = yield* play(Failover.use(one, () => Effect.succeed("fine"), own))
      yield* Fiber.join(first)
      assert.strictEqual(at, 5_100)
    }).pipe(layer({ whenAllBenched: "wait" }))
  )

  it.effect("ends the stream for the observer before its commit point: the target has answered", () =>
    Effect.gen(function* () {
      for (const [ask, tags] of [
        [
          (options: Options) =>
            Stream.runDrain(
              Failover.useStream(chain, () => Stream.fail("no such user"), { ...own, ...options })
            ),
          ["AttemptStarted", "AttemptSucceeded", "StreamEnded", "RunEnded"]
        ],
        [
          (options: Options) =>
            Failover.use(chain, () => Effect.fail("no such user"), { ...own, ...options }),
          ["AttemptStarted", "AttemptSucceeded", "RunEnded"]
        ]
      ] as const) {
        const { events, observer } = observed()
        yield* Effect.exit<unknown, unknown, Failover.Failover>(ask({ observer }))
        assert.deepStrictEqual(
          events.map(({ _tag }) => _tag),
          [...tags]
        )
        assert.strictEqual(yield* Effect.flip<unknown, unknown, Failover.Failover>(ask({})), "no such user")
        const [ended] = only(events, "RunEnded")
        assert.strictEqual(ended?.outcome, "answered")
        assert.isUndefined(only(events, "StreamEnded").find(({ complete }) => complete))
      }
    }).pipe(layer())
  )

  it.effect("stops the hedge beside it", () =>
    Effect.gen(function* () {
      let opened = 0
      let open = 0
      const slow = Effect.acquireUseRelease(
        Effect.sync(() => {
          opened++
          open++
        }),
        () => Effect.never,
        () => Effect.sync(() => open--)
      )
      const mine = Effect.delay(Effect.fail("no such user"), "2 seconds")
      const ask = Failover.use(chain, ({ name }) => (name === "a" ? mine : slow), { ...own, hedge: true })
      const { error, took } = yield* play(ask, { within: "3 seconds" })
      assert.deepStrictEqual([error, took, opened, open], ["no such user", 2_000, 1, 0])
    }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
  )
})

describe("an attempt that loses against its hedge", () => {
  const hedged = { hedge: { after: "1 second", share: 1, to: "chain" } } as const

  /** `a` is benched until 5 s, and hangs when it is probed; `b` answers. */
  const scene = Effect.gen(function* () {
    const a = Scripted.make("a", [[throttle("5 seconds")], [{ hang: true }], ["a"]])
    const b = Scripted.make("b", [["b"]])
    const both = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
    yield* Effect.exit(asks.effect(both))
    return { a, both, alone: Chain.make(Model.make(a, "m")) }
  })

  it.effect("is told as dropped, and gives the slot back if it was a probe", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { both } = yield* scene
      yield* TestClock.adjust("5 seconds")
      yield* play(asks.effect(both, { observer }), { within: "2 seconds" })
      assert.deepStrictEqual(
        only(events, "AttemptDropped").map(({ hedge, target }) => [target.provider, hedge]),
        [["a", false]]
      )
      assert.strictEqual(yield* asks.effect(both), "a")
    }).pipe(layer(hedged))
  )

  it.effect("lets a request that waits for its target in, in the same moment", () =>
    Effect.gen(function* () {
      const { a, alone, both } = yield* scene
      yield* TestClock.adjust("5 seconds")
      const first = yield* Effect.forkChild(asks.effect(both), { startImmediately: true })
      const { value } = yield* play(asks.effect(alone, { whenAllBenched: "wait" }))
      assert.strictEqual(value, "a")
      assert.strictEqual(yield* Fiber.join(first), "b")
      assert.deepStrictEqual(
        a.calls.map(({ at }) => at),
        [0, 5_000, 6_000]
      )
    }).pipe(layer(hedged))
  )
})
