/** The score can be bad: the judge detects faults, and a client without a gateway gets a bad score. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "./Caller.ts"
import { judge, type Verdict } from "./Judge.ts"
import type { Attempt, Observed } from "./Observed.ts"
import { play } from "./Play.ts"
import { scenarioOf, scenarios } from "./Scenarios.ts"
import * as Wall from "./Wall.ts"

const attempts = (...at: ReadonlyArray<number>): ReadonlyArray<Attempt> =>
  at.map((at) => ({ at, size: 40, answer: "503" }))

/** The best observation for most scenarios. */
const good: Observed = {
  outcome: "answer",
  text: Wall.text,
  isWhole: true,
  error: undefined,
  code: undefined,
  status: undefined,
  model: "fb-ok",
  hasUsage: true,
  seconds: 3,
  primary: attempts(0, 2),
  fallback: attempts(2.5),
  isAlive: true,
  grace: 0,
  requests: [{ at: 0, outcome: "answer", isWhole: true }]
}

const cut = { isWhole: false, text: "A provider keeps" }
const refused = { ...cut, outcome: "error", code: "content_policy_violation", primary: attempts(0) } as const
const prefill = [{ at: 1, size: 60, answer: "invalid_prefill" }]
const recovered = [...attempts(0, 4, 50), { at: 95, size: 40, answer: "200" }]

const rows: ReadonlyArray<readonly [id: string, name: string, seen: Partial<Observed>, verdict: Verdict]> = [
  ["S01", "a retry in time", {}, "pass"],
  ["S01", "a retry before its time", { primary: attempts(0, 1.7) }, "partial"],
  ["S01", "no retry at all", { primary: attempts(0) }, "partial"],
  ["S01", "a tight loop", { primary: attempts(0, 0.1, 0.2, 2) }, "fail"],
  ["S02", "five attempts in three seconds", { primary: attempts(0, 0.5, 1, 2, 2.9) }, "fail"],
  ["S02", "seven attempts", { primary: attempts(0, 4, 8, 12, 16, 20, 24) }, "fail"],
  ["S03", "no second attempt", { primary: attempts(0) }, "partial"],
  ["S05", "an error", { outcome: "error", isWhole: false }, "safe"],
  ["S05", "a hang", { outcome: "hang", isWhole: false }, "fail"],
  ["S06", "a second attempt at a silent target", {}, "partial"],
  ["S06", "101 s", { seconds: 101 }, "fail"],
  ["S07", "waiting for the slow one", { seconds: 20 }, "partial"],
  ["S08", "a part as success", cut, "fail"],
  ["S08", "a part, and an error", { ...cut, outcome: "error" }, "safe"],
  ["S09", "46 s", { seconds: 46 }, "fail"],
  ["S09", "nobody there afterwards", { isAlive: false }, "fail"],
  ["S11", "nine seconds", { seconds: 9 }, "fail"],
  ["S11", "no usage", { hasUsage: false }, "partial"],
  ["S12", "the same prompt again", {}, "fail"],
  ["S12", "elsewhere", { primary: attempts(0) }, "pass"],
  ["S13", "the refusal", refused, "pass"],
  ["S13", "another word for it", { ...refused, code: "bad_request" }, "fail"],
  ["S13", "a second attempt", { ...refused, primary: attempts(0, 1) }, "fail"],
  ["S13", "an answer from elsewhere", { primary: attempts(0) }, "partial"],
  ["S14", "the fallback's refusal as the outcome", { outcome: "error", fallback: prefill }, "fail"],
  ["S15", "back after 35 s", { primary: recovered }, "fail"],
  ["S15", "never back", { primary: attempts(0, 70) }, "fail"],
  ["S16", "the name of the one that failed", { model: "fb-s16-503-persistent" }, "fail"]
]

describe("the judge", () => {
  for (const [id, name, seen, verdict] of rows) {
    it(`${id}: ${name} is a ${verdict}`, () => {
      assert.strictEqual(judge(scenarioOf(id), { ...good, ...seen }).verdict, verdict)
    })
  }
})

describe("the official client without a gateway", () => {
  it.live("gets an answer from three of the sixteen, and a clean error from the others", () =>
    Effect.gen(function* () {
      const scale = 1 / 100
      const wall = yield* Wall.make({ scale })
      const caller = Caller.make({ baseUrl: wall.baseUrl, timeout: 30_000 * scale })
      const stage = { wall, caller, scale, nameOf: (model: string) => model, hasFallbacks: false }
      const verdicts: Record<string, Verdict> = {}
      for (const scenario of scenarios) verdicts[scenario.id] = (yield* play(scenario, stage)).verdict
      const passed = scenarios.filter(({ id }) => verdicts[id] === "pass").map(({ id }) => id)
      assert.deepStrictEqual(passed, ["S07", "S11", "S13"])
      for (const { id } of scenarios) {
        if (!passed.includes(id)) assert.strictEqual(verdicts[id], "safe", id)
      }
    })
  )
})
