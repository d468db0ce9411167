/** What is recorded beside the bench: answers between failures, attempts that were cut off, and counts for reports. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import { AnswersBetween } from "../../src/health/AnswersBetween.ts"
import { Tallies } from "../../src/health/AttemptCounts.ts"
import { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import { CutOffs } from "../../src/health/CutOffs.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { a, target } from "../support/bench.ts"

describe("the answers of a target", () => {
  it("are counted from its first failure on, each target for itself", () => {
    const answers = new AnswersBetween()
    const other = target("other")
    answers.answered(a)
    const since = answers.of(a)
    assert.strictEqual(since.count, 0)
    answers.answered(a)
    answers.answered(a)
    answers.answered(other)
    assert.strictEqual(since.count, 2)
    assert.strictEqual(answers.of(a), since)
    assert.strictEqual(answers.of(other).count, 0)
    assert.isFalse(answers.isEmpty)
  })
})

describe("an attempt that was cut off", () => {
  /** Whether the third of three attempts counts. Each takes a second, and they end at these times. */
  const third = (cutOffs: CutOffs, ...ends: ReadonlyArray<number>) =>
    ends.map((now) => cutOffs.cutOff(a, 1_000, 10_000, now)).at(-1)

  it("counts for nothing if its target answered another one meanwhile, the first time as well", () => {
    const first = new CutOffs()
    first.answered(a, 400, 50_000)
    assert.isFalse(third(first, 50_100, 50_200, 50_300))
    assert.isTrue(third(first, 52_000, 53_000, 54_000))
    const later = new CutOffs()
    later.answered(a, 400, 10_000)
    later.answered(a, 400, 50_000)
    assert.isFalse(third(later, 50_100, 50_200, 50_300))
    const atOnce = new CutOffs()
    atOnce.answered(a, 400, 50_000)
    atOnce.answered(a, 0)
    assert.isFalse(third(atOnce, 50_100, 50_200, 50_300))
  })

  it("counts if the answer came when it began, and not if it came later", () => {
    const at = (answeredAt: number) => {
      const cutOffs = new CutOffs()
      cutOffs.answered(a, 400, answeredAt)
      return third(cutOffs, 60_000, 60_000, 60_000)
    }
    assert.deepStrictEqual([at(59_000), at(59_001)], [true, false])
  })
})

describe("a limiter that gives nonsense", () => {
  it.effect("lets requests through", () =>
    Effect.gen(function* () {
      const limited = Target.make({
        provider: "a",
        model: "m",
        credential: Credential.make("k", { rpm: 60 }),
        policy: Policy.defaults
      })
      const taken = (answer: object) =>
        new CredentialLimits({ take: () => Effect.succeed(answer as never) }).take(limited)
      for (const answer of [
        { allowed: false, wait: Number.NaN },
        { allowed: false },
        { wait: 5 },
        { allowed: 0, wait: 5 }
      ]) {
        assert.isTrue(yield* taken(answer))
      }
      assert.isFalse(yield* taken({ allowed: false, wait: 5 }))
    }).pipe(Effect.provide(Logger.layer([])))
  )
})

describe("counts for reports", () => {
  it("have a made-up name again that is used after others have displaced it", () => {
    const made = (model: string) =>
      Target.make({
        provider: "a",
        model,
        credential: Credential.make("k"),
        policy: Policy.defaults,
        unlisted: true
      })
    const tallies = new Tallies(1)
    const [one, two] = [made("one"), made("two")]
    for (const used of [one, two, one]) tallies.succeeded(used)
    assert.deepStrictEqual(
      [...tallies.targets()].map(([key, { attempts }]) => `${key} ${attempts}`),
      ["a/one#k 1"]
    )
  })
})
