import { assert, describe, it } from "@effect/vitest"
import * as Words from "../../src/gateway/page/words.js"
import type { Row, State } from "../../src/gateway/status/Status.ts"

const now = 1_000_000_000
const stepMillis = 10_000
const step = now / stepMillis

/** A target in a state, with what it did in the last seconds. */
const row = (
  key: string,
  state: State = "serving",
  [answered, failed]: readonly [number, number] = [0, 0]
): Row => {
  const [, provider = "", model = "", credential = ""] = /^(.+)\/(.+)#(.+)$/.exec(key) ?? []
  const steps = answered + failed === 0 ? [] : [[step, answered, failed, 10, 20] as const]
  return { key, provider, model, credential, named: true, state, answered, failed, failures: {}, steps }
}

const said = (...rows: ReadonlyArray<Row>) => Words.headline({ rows, benches: [], stepMillis }, now)

describe("the headline of the status page", () => {
  it("says that all serve, and who did", () => {
    const calm = said(row("a/x#1", "serving", [9, 0]), row("b/y#1", "serving", [20, 1]), row("c/z#1"))
    assert.deepStrictEqual(calm, {
      level: "ok",
      text: "All 3 targets are serving",
      detail: "Requests are served by b and a."
    })
    assert.strictEqual(said(row("a/x#1")).detail, "No request in the last minute.")
  })

  it("says who serves badly before anything rests", () => {
    const { level, text } = said(row("a/x#1", "serving", [6, 4]), row("b/y#1"))
    assert.strictEqual(level, "warn")
    assert.strictEqual(text, "Both targets are serving, but a fails 40 % of its attempts")
  })

  it("names a provider where all of it is away, else the targets", () => {
    const whole = said(
      row("a/x#1", "resting", [50, 2]),
      row("a/y#1", "resting"),
      row("b/z#1", "serving", [9, 0])
    )
    assert.strictEqual(whole.text, "a is resting: 2 of 3 targets on the bench")
    assert.strictEqual(whole.detail, "Requests are served by b.")
    const part = said(row("a/x#1", "resting"), row("a/x#2"), row("b/z#1", "manual"))
    assert.strictEqual(part.text, "a/x#1 and b are out: 2 of 3 targets on the bench")
    assert.strictEqual(part.detail, "1 target can serve; no request in the last minute.")
  })

  it("is alarmed when nothing can be called, and hopeful when a probe decides", () => {
    assert.deepInclude(said(row("a/x#1", "resting"), row("b/z#1", "probing")), {
      level: "bad",
      text: "Nothing can be called: both targets are on the bench"
    })
    assert.deepInclude(said(row("a/x#1", "half-open"), row("b/z#1")), {
      level: "warn",
      text: "a waits for a probe: 1 of 2 targets"
    })
  })

  it("leaves what clients made up out where the config names targets", () => {
    const made = { ...row("a/made-up#1", "resting"), named: false }
    assert.strictEqual(said(row("a/x#1"), made).level, "ok")
    assert.strictEqual(said(made).level, "bad")
    assert.strictEqual(said().level, "unknown")
  })
})

describe("the summary of a provider", () => {
  it("says how many of its targets serve", () => {
    assert.deepStrictEqual(Words.summary([row("a/x#1"), row("a/y#1", "half-open")]), {
      isWhole: false,
      text: "1 of 2 serving"
    })
    assert.deepStrictEqual(Words.summary([row("a/x#1"), row("a/y#1")]), {
      isWhole: true,
      text: "all serving"
    })
  })

  it("leaves what clients made up out where the config names targets, as the headline does", () => {
    const made = { ...row("a/made-up#1", "resting"), named: false }
    assert.strictEqual(Words.summary([row("a/x#1"), made]).text, "all serving")
    assert.strictEqual(Words.summary([row("a/x#1", "resting"), made]).text, "0 of 1 serving")
    assert.strictEqual(Words.summary([made]).text, "0 of 1 serving")
    assert.strictEqual(Words.summary([]).text, "")
  })
})

describe("the words of the status page", () => {
  it("write times as people read them", () => {
    assert.deepStrictEqual([24_000, 90_500, 7_152_000, 183_600_000].map(Words.countdown), [
      "0:24",
      "1:31",
      "1:59:12",
      "2 d 3 h"
    ])
    assert.deepStrictEqual([82, 2_140, 42_000, 200_000].map(Words.duration), [
      "82 ms",
      "2.1 s",
      "42 s",
      "3 min"
    ])
    assert.deepStrictEqual([0, 12_000, 300_000, 7_200_000].map(Words.ago), [
      "just now",
      "12 s ago",
      "5 min ago",
      "2 h ago"
    ])
  })

  it("never round a share up to all or down to nothing", () => {
    assert.strictEqual(Words.percent(9_999, 10_000), "99.9 %")
    assert.strictEqual(Words.percent(1, 10_000), "0.1 %")
    assert.strictEqual(Words.percent(2, 2), "100 %")
    assert.strictEqual(Words.percent(0, 0), "–")
  })

  it("take out of others' text what would turn or hide a line", () => {
    assert.strictEqual(Words.plain("a\u202eb\u0000c\u200bd"), "a\ufffdb\ufffdc\ufffdd")
  })
})
