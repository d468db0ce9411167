/** What is counted for targets: attempts, series of visits that were cut short, and requests per minute. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import { AdmissionCache } from "../../src/health/AdmissionCache.ts"
import { Tallies } from "../../src/health/AttemptCounts.ts"
import type * as Bench from "../../src/health/Bench.ts"
import { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import { CutOffs } from "../../src/health/CutOffs.ts"
import { FailureStreaks, retryWindow, rowIdle } from "../../src/health/FailureStreaks.ts"
import * as Limiter from "../../src/health/Limiter.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { fault } from "../support/engine.ts"

const targetOf = (model: string, { rpm, unlisted = false }: { rpm?: number; unlisted?: boolean } = {}) =>
  Target.make({
    provider: "p",
    model,
    credential: Credential.make("k", rpm === undefined ? {} : { rpm }),
    policy: Policy.defaults,
    unlisted
  })
const a = targetOf("a")

describe("a row of visits that a budget cut short", () => {
  it("counts from two and a half seconds on, and ends with an answer or after a minute", () => {
    const rows = new FailureStreaks()
    rows.succeeded(a)
    assert.isFalse(rows.cutShort(a, 1_000))
    assert.isFalse(rows.cutShort(a, 1_000 + retryWindow - 1))
    assert.isTrue(rows.cutShort(a, 1_000 + retryWindow))
    assert.strictEqual(rows.size, 1)
    assert.isFalse(rows.cutShort(targetOf("b"), 9_000))
    rows.succeeded(a)
    assert.strictEqual(rows.size, 1)
    assert.isFalse(rows.cutShort(a, 10_000))
    assert.isTrue(rows.cutShort(a, 10_000 + rowIdle))
    // The series continues from its last visit.
    assert.isTrue(rows.cutShort(a, 10_000 + 2 * rowIdle))
    assert.isFalse(rows.cutShort(a, 10_001 + 3 * rowIdle))
    assert.isFalse(rows.cutShort(a, 10_002 + 3 * rowIdle))
  })
})

describe("attempts that were cancelled early", () => {
  const own = 60_000
  it("count as timeouts from the third in a row on, where the target has answered before", () => {
    const cutOffs = new CutOffs()
    cutOffs.answered(a, 100)
    assert.deepStrictEqual(
      [1, 2, 3, 4].map((i) => cutOffs.cutOff(a, 600, own, i * 1_000)),
      [false, false, true, true]
    )
    cutOffs.answered(a, 100)
    assert.isFalse(cutOffs.cutOff(a, 600, own, 9_000))
  })

  it("count only after fifteen seconds without an answer where it has not", () => {
    const cutOffs = new CutOffs()
    cutOffs.answered(a, 0)
    // The first attempt began at 400.
    assert.deepStrictEqual(
      [1_000, 2_000, 3_000, 15_399, 15_400].map((now) => cutOffs.cutOff(a, 600, own, now)),
      [false, false, false, false, true]
    )
  })

  it("count if they waited half a second, or half of the timeout, and twice as long as usual", () => {
    const counts = (waited: number, timeout: number, usual: number) => {
      const cutOffs = new CutOffs()
      cutOffs.answered(a, usual)
      return [1, 2, 3].map((i) => cutOffs.cutOff(a, waited, timeout, i))[2]
    }
    assert.deepStrictEqual(
      [counts(500, own, 10), counts(499, own, 10), counts(300, 600, 10), counts(299, 600, 10)],
      [true, false, true, false]
    )
    assert.deepStrictEqual([counts(1_000, own, 500), counts(999, own, 500)], [true, false])
  })

  it("are compared with the slowest of the latest answers, which fades", () => {
    const cutOffs = new CutOffs()
    cutOffs.answered(a, 1_000)
    cutOffs.answered(a, 0)
    cutOffs.answered(a, 100)
    // Now 900 is the usual time.
    assert.deepStrictEqual(
      [1, 2, 3].map((i) => cutOffs.cutOff(a, 1_799, own, i)),
      [false, false, false]
    )
    assert.deepStrictEqual(
      [4, 5, 6].map((i) => cutOffs.cutOff(a, 1_800, own, i)),
      [false, false, true]
    )
    cutOffs.answered(a, 5_000)
    assert.isFalse(cutOffs.cutOff(a, 9_999, own, 7))
    assert.strictEqual(cutOffs.usualOf(a), 5_000)
  })

  it("are no row after ten minutes", () => {
    const cutOffs = new CutOffs()
    cutOffs.answered(a, 100)
    for (const now of [0, 1]) cutOffs.cutOff(a, 600, own, now)
    assert.isTrue(cutOffs.cutOff(a, 600, own, 600_001))
    assert.isFalse(cutOffs.cutOff(a, 600, own, 1_200_002))
    assert.isFalse(cutOffs.cutOff(a, 600, own, 1_200_003))
    assert.isTrue(cutOffs.cutOff(a, 600, own, 1_200_004))
  })
})

describe("the counts of attempts", () => {
  const all = (tallies: Tallies) => Object.fromEntries(tallies.targets())

  it("are those of the target and of its credential", () => {
    const tallies = new Tallies(2)
    const [one, other] = [targetOf("a"), targetOf("b")]
    tallies.failed(one, fault(), 5)
    tallies.failed(one, fault(), 6)
    tallies.succeeded(one)
    tallies.failed(other, fault("Timeout"), 7)
    const last = (at: number, kind = "Overloaded") => ({ class: kind, at, evidence: undefined })
    assert.deepStrictEqual(all(tallies), {
      "p/a#k": { attempts: 3, failures: 2, failuresInRow: 0, lastFailure: last(6) },
      "p/b#k": { attempts: 1, failures: 1, failuresInRow: 1, lastFailure: last(7, "Timeout") }
    } as never)
    assert.deepStrictEqual(Object.fromEntries(tallies.credentials()), {
      "p#k": { attempts: 4, failures: 3, failuresInRow: 1, lastFailure: last(7, "Timeout") }
    } as never)
  })

  it("are kept at a target for one runtime at a time", () => {
    const [one, other] = [new Tallies(2), new Tallies(2)]
    const target = targetOf("a")
    one.succeeded(target)
    other.succeeded(target)
    one.succeeded(target)
    assert.deepStrictEqual([all(one)["p/a#k"]?.attempts, all(other)["p/a#k"]?.attempts], [2, 1])
  })

  it("of names that are not configured are those of the latest few, and displace no others", () => {
    const tallies = new Tallies(2)
    tallies.succeeded(targetOf("mine"))
    for (const model of ["x", "y", "x", "z"]) tallies.succeeded(targetOf(model, { unlisted: true }))
    assert.deepStrictEqual(Object.keys(all(tallies)).sort(), ["p/mine#k", "p/y#k", "p/z#k"])
    tallies.succeeded(targetOf("w", { unlisted: true }))
    assert.deepStrictEqual(Object.keys(all(tallies)).sort(), ["p/mine#k", "p/w#k", "p/z#k"])
    assert.strictEqual(all(tallies)["p/mine#k"]?.attempts, 1)
  })
})

describe("a bucket of requests per minute", () => {
  it.effect("takes as many at once as a minute has, then one whenever one is due", () =>
    Effect.gen(function* () {
      const { take } = Limiter.memory()
      const ask = take("p#k", 3)
      assert.deepStrictEqual(
        [yield* ask, yield* ask, yield* ask, yield* ask],
        [
          { allowed: true, wait: 0 },
          { allowed: true, wait: 0 },
          { allowed: true, wait: 20_000 },
          { allowed: false, wait: 20_000 }
        ]
      )
      assert.deepStrictEqual(yield* take("p#other", 3), { allowed: true, wait: 0 })
      yield* TestClock.adjust(19_999)
      assert.deepStrictEqual(yield* ask, { allowed: false, wait: 1 })
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* ask, { allowed: true, wait: 20_000 })
    })
  )
})

describe("the own limit of a credential", () => {
  const limited = targetOf("a", { rpm: 2 })
  const asked = (taken: unknown, now = 0) =>
    Effect.gen(function* () {
      const seen: Array<readonly [string, number]> = []
      const limits = new CredentialLimits({
        take: (key, rpm) => {
          seen.push([key, rpm])
          return Effect.succeed(taken as Limiter.Taken)
        }
      })
      const mayGo = yield* limits.take(limited)
      assert.deepStrictEqual(seen, [["p#k", 2]])
      return { mayGo, until: limits.why(limited, now)?.until, limits }
    })

  it.effect.each([
    [{ allowed: true, wait: 0 }, true, undefined],
    [{ allowed: true, wait: 5 }, true, 5],
    [{ allowed: false, wait: 5 }, false, 5],
    [{ allowed: false, wait: 0 }, false, 1],
    [{ allowed: false, wait: -3 }, false, 1],
    // An invalid answer lets the attempt through.
    [undefined, true, undefined],
    [{ allowed: "no", wait: 5 }, true, undefined],
    [{ allowed: false, wait: "5" }, true, undefined],
    [{ allowed: false, wait: Number.POSITIVE_INFINITY }, true, undefined]
  ] as const)("is known from what the limiter says: %j", ([taken, mayGo, until]) =>
    Effect.gen(function* () {
      const found = yield* asked(taken)
      assert.deepStrictEqual([found.mayGo, found.until], [mayGo, until])
    })
  )

  it.effect(
    "is unknown if the limiter fails, or returns nothing or an invalid value, which is logged once",
    () =>
      Effect.gen(function* () {
        const says = Effect.fnUntraced(function* (take: Effect.Effect<unknown>) {
          const lines: Array<string> = []
          const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
          const limits = new CredentialLimits({ take: () => take as Effect.Effect<Limiter.Taken> })
          const twice = yield* Effect.forkChild(
            Effect.replicateEffect(limits.take(limited), 2).pipe(Effect.provide(Logger.layer([logger])))
          )
          yield* TestClock.adjust("2 seconds")
          assert.deepStrictEqual(yield* Fiber.join(twice), [true, true])
          assert.isUndefined(limits.why(limited, 0))
          return lines.map((line) => line.replace("the limiter of requests per minute", "it"))
        })
        const through = "requests are let through"
        assert.deepStrictEqual(yield* says(Effect.die(new TypeError("a bug"))), [
          `it threw TypeError; ${through}`
        ])
        assert.deepStrictEqual(yield* says(Effect.never), [`it did not end within 1000 ms; ${through}`])
        assert.deepStrictEqual(yield* says(Effect.succeed({ allowed: true })), [
          `it returned an invalid result; ${through}`
        ])
      })
  )

  it.effect("holds until its end, for targets with that credential and a limit", () =>
    Effect.gen(function* () {
      const { limits } = yield* asked({ allowed: false, wait: 5 })
      const benched = {
        _tag: "Benched",
        key: "p#k",
        until: 5,
        reason: "OwnLimit",
        evidence: "rpm=2",
        probing: false
      }
      assert.deepStrictEqual(limits.why(limited, 4), benched as never)
      assert.deepStrictEqual(limits.whyNot(limited, 4), benched as never)
      assert.isUndefined(limits.why(limited, 5))
      assert.deepStrictEqual(limits.whyNot(limited, 9), { ...benched, until: 9 } as never)
      assert.isUndefined(limits.why(a, 4))
    })
  )
})

describe("the cache of why targets are benched", () => {
  const why = (until: number, probing = false): Bench.Benched =>
    ({ _tag: "Benched", key: "p/a#k", until, reason: "Overloaded", probing }) as Bench.Benched

  it("keeps what it saw until that ends, it is expired, or another bench sees the target", () => {
    const [cache, other] = [new AdmissionCache(), new AdmissionCache()]
    const target = targetOf("a")
    assert.isUndefined(cache.of(target, 0))
    const seen = why(10)
    cache.saw(target, seen, 5)
    assert.deepStrictEqual(
      [cache.of(target, 9), cache.of(target, 10), other.of(target, 9)],
      [seen, undefined, undefined]
    )
    cache.expire()
    assert.isUndefined(cache.of(target, 9))
    cache.saw(target, seen, 5)
    other.saw(target, seen, 5)
    assert.deepStrictEqual([cache.of(target, 9), other.of(target, 9)], [undefined, seen])
  })

  it("keeps no record of a probe under way, or of an ended one", () => {
    const cache = new AdmissionCache()
    const target = targetOf("a")
    cache.saw(target, why(10, true), 5)
    cache.saw(target, why(10), 10)
    assert.isUndefined(cache.of(target, 0))
  })
})
