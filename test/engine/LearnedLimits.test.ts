/**
 * Targets with limits that they do not announce, on attempts at once or in a time: what is served and refused, and that
 * every way to leave returns a place. In virtual time.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import type { Options } from "../../src/policy/Policy.ts"
import { fault, throttle } from "../support/engine.ts"

/** The cap of one credential: `take` says whether it takes one more attempt now, and `end` ends one. */
interface Cap {
  readonly take: (now: number) => boolean
  readonly end: () => void
}

const atOnce = (most: number) => (): Cap => {
  let open = 0
  return { take: () => open < most && open++ >= 0, end: () => void open-- }
}

/** A bucket that fills evenly and holds a second's worth. */
const perSecond = (rate: number) => (): Cap => {
  const most = Math.max(1, rate)
  let left = most
  let at = 0
  return {
    take: (now) => {
      left = Math.min(most, left + ((now - at) * rate) / 1_000)
      at = now
      if (left < 1 - 1e-9) return false
      left--
      return true
    },
    end: () => {}
  }
}

const window = 60_000

/** At most this many in any minute. */
const inAnyMinute = (most: number) => (): Cap => {
  const taken: Array<number> = []
  let first = 0
  return {
    take: (now) => {
      while (first < taken.length && taken[first]! <= now - window) first++
      return taken.length - first < most && taken.push(now) > 0
    },
    end: () => {}
  }
}

/** At most this many in each minute of a clock whose minutes end 20 s after ours. */
const inEachMinute = (most: number) => (): Cap => {
  let minute = -1
  let taken = 0
  return {
    take: (now) => {
      const current = Math.floor((now + 40_000) / window)
      if (current !== minute) taken = 0
      minute = current
      return taken < most && taken++ >= 0
    },
    end: () => {}
  }
}

/** A service with a cap for each credential, and what it has served and refused since `from`. */
const capped = (cap: () => Cap, latency: Effect.Effect<Duration.Input>, from = 0, credentials = 1) => {
  const seen = { served: 0, refused: 0, open: 0 }
  const caps = new Map<string, Cap>()
  const ask = Effect.fnUntraced(function* (credential: string, refusal: Failure.Failure = throttle()) {
    const now = yield* Clock.currentTimeMillis
    const known = caps.get(credential) ?? cap()
    caps.set(credential, known)
    if (!known.take(now)) {
      if (now >= from) seen.refused++
      yield* Effect.sleep(20)
      return yield* refusal
    }
    seen.open++
    yield* Effect.ensuring(
      Effect.flatMap(latency, Effect.sleep),
      Effect.sync(() => {
        seen.open--
        known.end()
      })
    )
    if (now >= from) seen.served++
    return "fine"
  })
  const backend = Backend.make(
    "one",
    { ask },
    {
      credentials: [
        Credential.make("key0"),
        ...Array.from({ length: credentials - 1 }, (_, i) => Credential.make(`key${i + 1}`))
      ],
      strategy: "leastLoaded"
    }
  )
  return { seen, backend, chain: Chain.make(Model.make(backend, "m")) }
}

type Capped = ReturnType<typeof capped>

const use = ({ chain }: Capped, refusal?: Failure.Failure) =>
  Failover.use(chain, ({ service }, { credential }) => service.ask(credential.name, refusal))

const exponential = (mean: number) => Effect.map(Random.next, (share) => -Math.log(1 - share) * mean)

const runtime = (policy?: Options) =>
  Effect.provide(Failover.layer({ policy: { learnedLimit: true, ...policy } }))

/** This many callers send requests continuously until `until`. Returns what was served and refused from `from` on. */
const steady = Effect.fnUntraced(function* (
  cap: () => Cap,
  options: {
    readonly callers: number
    readonly latency: number
    readonly from: number
    readonly until: number
    readonly credentials?: number
  }
) {
  const service = capped(cap, exponential(options.latency), options.from, options.credentials)
  const caller = Effect.forever(Effect.catch(use(service), () => Effect.sleep("100 millis")))
  const fibers = yield* Effect.forEach(Array.from({ length: options.callers }), () =>
    Effect.forkChild(caller)
  )
  yield* TestClock.adjust(options.until)
  yield* Fiber.interruptAll(fibers)
  const { refused, served } = service.seen
  return {
    perSecond: (served * 1_000) / (options.until - options.from),
    refused: refused / (served + refused)
  }
}, Random.withSeed("limits"))

const minute = 60_000

/** Twenty minutes of virtual time with many callers take up to 18 s of CPU. */
const longRun = { timeout: 120_000 }

describe("of a target that takes so many at once, 95 % is served and at most 2 % refused", () => {
  for (const [most, callers, credentials] of [
    [1, 10, 1],
    [5, 20, 1],
    [20, 60, 1],
    [5, 40, 3]
  ] as const) {
    it.effect(
      `with ${most} at once, ${callers} callers and ${credentials} credentials`,
      () =>
        Effect.gen(function* () {
          const latency = 1_000
          const found = yield* steady(atOnce(most), {
            callers,
            latency,
            credentials,
            from: 5 * minute,
            until: 15 * minute
          })
          assert.isAtLeast(
            found.perSecond,
            0.95 * most * credentials * 0.98,
            "2 % for the chance of latencies"
          )
          assert.isAtMost(found.refused, 0.02)
        }).pipe(runtime()),
      longRun
    )
  }
})

describe("of a target that takes so many in a second, 95 % is served and at most 2 % refused", () => {
  for (const [rate, callers, latency, credentials] of [
    [2, 10, 100, 1],
    [5, 30, 1_000, 1],
    [10, 60, 1_000, 1],
    [10, 1, 20, 1],
    [4, 40, 500, 3]
  ] as const) {
    it.effect(
      `with ${rate} a second, answers in ${latency} ms, ${callers} callers and ${credentials} credentials`,
      () =>
        Effect.gen(function* () {
          const found = yield* steady(perSecond(rate), {
            callers,
            latency,
            credentials,
            from: 10 * minute,
            until: 20 * minute
          })
          assert.isAtLeast(found.perSecond, 0.95 * rate * credentials)
          assert.isAtMost(found.refused, 0.02)
        }).pipe(runtime()),
      longRun
    )
  }
})

describe("of a target that counts by the minute, 95 % is served and at most 2 % refused", () => {
  for (const [name, cap] of [
    ["in any sixty seconds", inAnyMinute],
    ["in each minute of its clock", inEachMinute]
  ] as const) {
    for (const [most, callers, latency] of [
      [60, 8, 500],
      [300, 20, 1_000],
      [1_200, 60, 1_000]
    ] as const) {
      it.effect(
        `with ${most} ${name} and ${callers} callers`,
        () =>
          Effect.gen(function* () {
            const found = yield* steady(cap(most), {
              callers,
              latency,
              from: 15 * minute,
              until: 25 * minute
            })
            assert.isAtLeast(found.perSecond, (0.95 * most) / 60)
            assert.isAtMost(found.refused, 0.02)
          }).pipe(runtime()),
        longRun
      )
    }
  }
})

describe("refusals at random", () => {
  /** 6,000 requests, one every fifth of a second. Returns how many of the second half are lost. */
  const lost = (policy: Options) =>
    Effect.gen(function* () {
      const chance = Effect.flatMap(Random.next, (share) =>
        share < 0.05 ? Effect.andThen(Effect.sleep(20), throttle()) : Effect.sleep("3 seconds")
      )
      const backend = Backend.make("one", {}, { credentials: [Credential.make("key0")] })
      const chain = Chain.make(Model.make(backend, "m"))
      let lost = 0
      const request = (number: number) =>
        Effect.catch(
          Failover.use(chain, () => chance),
          () => Effect.sync(() => void (number >= 3_000 && lost++))
        )
      const all = Effect.forEach(Array.from({ length: 6_000 }), (_, number) =>
        Effect.andThen(Effect.forkChild(request(number)), Effect.sleep("200 millis"))
      )
      const fiber = yield* Effect.forkChild(all)
      yield* TestClock.adjust("21 minutes")
      yield* Fiber.join(fiber)
      return lost
    }).pipe(Random.withSeed("chance"), Effect.provide(Failover.layer({ policy })), Effect.scoped)

  it.effect(
    "are not taken for a cap in the long run: no more requests are lost than without learned limits",
    () =>
      Effect.gen(function* () {
        const without = yield* lost({})
        const learning = yield* lost({ learnedLimit: true })
        assert.isAtMost(learning, without)
      }),
    longRun
  )
})

describe("a target at its learned limit", () => {
  /** A service whose limit has been learned: of 20 callers at once, 15 are refused and wait. */
  const learned = Effect.fnUntraced(function* (service: Capped) {
    const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () =>
      Effect.forkChild(Effect.exit(use(service)))
    )
    yield* TestClock.adjust("1 minute")
    const exits = yield* Effect.forEach(fibers, Fiber.join)
    return exits.filter((exit) => exit._tag === "Success").length
  })

  it.effect("serves a crowd of 20 that waits for room, of which all but five are refused at first", () =>
    Effect.gen(function* () {
      const service = capped(atOnce(5), Effect.succeed(500))
      assert.strictEqual(yield* learned(service), 20)
      assert.isAtMost(service.seen.refused, 17)
    }).pipe(runtime())
  )

  it.effect("is skipped for another one", () =>
    Effect.gen(function* () {
      const service = capped(atOnce(5), Effect.succeed(500))
      yield* learned(service)
      const refused = service.seen.refused
      const other = Backend.make("other", { ask: () => Effect.succeed("other") })
      const both = Chain.make(Model.make(service.backend, "m"), Model.make(other, "m"))
      const answers = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.forkChild(Failover.use(both, (backend) => backend.service.ask("key0"))),
        { concurrency: 1 }
      )
      yield* TestClock.adjust("5 seconds")
      const said = yield* Effect.forEach(answers, Fiber.join)
      assert.isAtLeast(said.filter((each) => each === "other").length, 3)
      assert.strictEqual(service.seen.refused, refused, "none of them was refused")
    }).pipe(runtime())
  )

  it.effect("admits 1,000 callers in their order", () =>
    Effect.gen(function* () {
      const service = capped(atOnce(5), Effect.succeed(500))
      yield* learned(service)
      const order: Array<number> = []
      const fibers = yield* Effect.forEach(Array.from({ length: 1_000 }), (_, index) =>
        Effect.forkChild(
          Failover.use(
            service.chain,
            (backend) =>
              Effect.andThen(
                Effect.sync(() => order.push(index)),
                backend.service.ask("key0")
              ),
            { whenAllBenched: "wait" }
          )
        )
      )
      const refused = service.seen.refused
      yield* TestClock.adjust("5 minutes")
      yield* Effect.forEach(fibers, Fiber.join)
      // A request that is refused while the limit is tested appears again later.
      const first = [...new Set(order)]
      assert.deepStrictEqual(
        first,
        Array.from({ length: 1_000 }, (_, index) => index)
      )
      assert.isAtMost(service.seen.refused - refused, 40)
    }).pipe(runtime())
  )

  it.effect("fails a request that has waited for maxWait, or at once where it should not wait", () =>
    Effect.gen(function* () {
      const service = capped(atOnce(5), Effect.succeed(500))
      yield* learned(service)
      const slow = Failover.use(service.chain, () => Effect.sleep("1 minute"))
      yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.forkChild(slow))
      yield* TestClock.adjust(1)
      const waiting = yield* Effect.forkChild(Effect.flip(use(service)))
      const failing = Failover.use(service.chain, () => Effect.void, { whenAllBenched: "fail" })
      const error = yield* Effect.flip(failing)
      assert.strictEqual(error._tag, "AllBenched")
      assert.match(error.message, /one\/m#key0 \(LearnedLimit\)/)
      yield* TestClock.adjust(2_999)
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "AllBenched")
    }).pipe(runtime())
  )

  it.effect("is called once by each request that waits for room when it is benched", () =>
    Effect.gen(function* () {
      const service = capped(atOnce(5), Effect.succeed(500))
      yield* learned(service)
      let calls = 0
      const failing = Failover.use(service.chain, () =>
        Effect.andThen(Effect.sleep(200), fault("Overloaded"))
      )
      yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.forkChild(Effect.exit(failing)))
      yield* TestClock.adjust(1)
      const counted = Failover.use(service.chain, () => Effect.sync(() => calls++))
      const waiting = yield* Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.forkChild(Effect.exit(counted))
      )
      yield* TestClock.adjust(150)
      assert.strictEqual(calls, 0)
      yield* TestClock.adjust("5 seconds")
      const exits = yield* Fiber.joinAll(waiting)
      assert.deepStrictEqual([calls, exits.filter(({ _tag }) => _tag === "Failure").length], [20, 0])
    }).pipe(runtime({ retries: { times: 0 } }))
  )

  const ways: Record<string, (service: Capped) => Effect.Effect<unknown, unknown, Failover.Failover>> = {
    "an answer": (service) => Failover.use(service.chain, () => Effect.sleep(100)),
    "a failure": (service) =>
      Failover.use(service.chain, () => Effect.andThen(Effect.sleep(100), fault("Empty"))),
    "an error that is not the target's": (service) =>
      Failover.use(service.chain, () => Effect.andThen(Effect.sleep(100), Effect.fail("mine")), {
        classify: () => Failover.notMine
      }),
    "a defect": (service) =>
      Failover.use(service.chain, () => Effect.andThen(Effect.sleep(100), Effect.die("broken"))),
    "an interruption": (service) =>
      Effect.timeout(
        Failover.use(service.chain, () => Effect.never),
        100
      ),
    "a deadline": (service) => Failover.use(service.chain, () => Effect.never, { deadline: 100 }),
    "an attempt that cannot be interrupted": (service) =>
      Failover.use(service.chain, () => Effect.uninterruptible(Effect.sleep(200)), { deadline: 100 }),
    "the end of a stream": (service) =>
      Stream.runDrain(
        Failover.useStream(service.chain, () =>
          Stream.concat(Stream.make("a"), Stream.fromEffect(Effect.as(Effect.sleep(100), "b")))
        )
      ),
    "a reader that leaves a stream": (service) =>
      Effect.timeout(
        Stream.runDrain(
          Failover.useStream(service.chain, () => Stream.concat(Stream.make("a"), Stream.never))
        ),
        100
      ),
    "a stream that fails before its first content": (service) =>
      Stream.runDrain(
        Failover.useStream(service.chain, () =>
          Stream.fromEffect(Effect.andThen(Effect.sleep(100), fault("Empty")))
        )
      ),
    "a stream that breaks after its first content": (service) =>
      Stream.runDrain(
        Failover.useStream(service.chain, () =>
          Stream.concat(
            Stream.make("a"),
            Stream.fromEffect(Effect.andThen(Effect.sleep(100), fault("Empty")))
          )
        )
      )
  }

  for (const [name, way] of Object.entries(ways)) {
    it.effect(`has room again after ${name}`, () =>
      Effect.gen(function* () {
        const service = capped(atOnce(5), Effect.succeed(500))
        yield* learned(service)
        const fibers = yield* Effect.forEach(Array.from({ length: 5 }), () =>
          Effect.forkChild(Effect.exit(way(service)))
        )
        yield* TestClock.adjust(1)
        // A new request waits until the others have ended.
        const next = yield* Effect.forkChild(Failover.use(service.chain, () => Effect.succeed("next")))
        yield* TestClock.adjust(50)
        assert.isUndefined(next.pollUnsafe(), "there is no room")
        // Failures are followed by a pause.
        yield* TestClock.adjust(450)
        assert.strictEqual(yield* Fiber.join(next), "next")
        yield* Effect.forEach(fibers, Fiber.join)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          (yield* (yield* Failover.Failover).explain(service.chain)).map(
            ({ learned }) => learned?.inFlight ?? 0
          ),
          [0]
        )
      }).pipe(
        runtime({
          retries: { times: 0 },
          maxWait: "20 seconds",
          rules: { Empty: { rest: null }, Unknown: { rest: null } }
        })
      )
    )
  }
})

describe("a limit that was not learned", () => {
  it.effect(
    "comes of a quota that is used up: the target is benched as ever, and nothing is left of it",
    () =>
      Effect.gen(function* () {
        let left = 50
        const service = capped(() => ({ take: () => left-- > 0, end: () => {} }), Effect.succeed(100))
        const caller = Effect.forever(Effect.catch(use(service), () => Effect.sleep("20 seconds")))
        const fibers = yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.forkChild(caller))
        yield* TestClock.adjust("2 hours")
        yield* Fiber.interruptAll(fibers)
        assert.strictEqual(service.seen.served, 50)
        // After a pause of eleven minutes all of them are served at once.
        left = 1_000
        yield* TestClock.adjust("11 minutes")
        const all = yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.forkChild(use(service)))
        yield* TestClock.adjust("4 seconds")
        for (const fiber of all) assert.strictEqual(yield* Fiber.join(fiber), "fine")
      }).pipe(runtime())
  )

  it.effect("is never kept by `learnedLimit: false`: every refusal benches", () =>
    Effect.gen(function* () {
      const service = capped(atOnce(5), Effect.succeed(500))
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.forkChild(Effect.exit(use(service)))
      )
      yield* TestClock.adjust("1 minute")
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(exits.filter((exit) => exit._tag === "Success").length, 5)
    }).pipe(runtime({ learnedLimit: false, whenAllBenched: "fail" }))
  )
})
