import { assert, describe, it } from "@effect/vitest"
import { failureClasses } from "../../../src/failure/Failure.ts"
import * as Rows from "../../../src/gateway/page/rows.js"
import * as Standing from "../../../src/gateway/page/standing.js"
import * as Store from "../../../src/gateway/page/store.js"
import * as Words from "../../../src/gateway/page/words.js"
import type { Row, State } from "../../../src/gateway/status/Status.ts"
import * as Scenes from "../../support/scenes.ts"

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

/** The headline for these targets, with so many requests answered and failed in the last minute. */
const saidOf = (rows: ReadonlyArray<Row>, answered = 0, failed = 0) =>
  Standing.headline(
    {
      rows,
      requests: answered + failed === 0 ? [] : [[step, answered, failed]],
      startedAt: now - 1_000,
      stepMillis
    },
    now
  )

const said = (...rows: ReadonlyArray<Row>) => saidOf(rows)

describe("the standing of a model name", () => {
  const model = { name: "smart", targets: ["a/x#1", "b/y#1", "b/y#2"] }
  const standing = (...rows: ReadonlyArray<Row>) =>
    Standing.modelStanding(model, new Map(rows.map((each) => [each.key, each])), now, stepMillis)

  it("names the first target of its chain that can be called", () => {
    assert.deepStrictEqual(standing(row("a/x#1"), row("b/y#1", "resting")), {
      level: "ok",
      word: "answers",
      detail: "by a/x#1"
    })
    assert.deepStrictEqual(standing(row("a/x#1", "resting"), row("b/y#1", "manual"), row("b/y#2")), {
      level: "warn",
      word: "falls back",
      detail: "by b/y#2, the 3rd of 3"
    })
    assert.strictEqual(standing(row("a/x#1", "half-open")).word, "half-open")
    assert.deepStrictEqual(standing(row("a/x#1", "serving", [1, 3])), {
      level: "warn",
      word: "fails often",
      detail: "by a/x#1, which fails 75 % of its attempts"
    })
  })

  it("is answered by any of the targets equal targets", () => {
    const model = { name: "smart", targets: ["a/x#1", "b/x#1", "c/y#1"], equals: 2 }
    const of = (...rows: ReadonlyArray<ReturnType<typeof row>>) =>
      Standing.modelStanding(model, new Map(rows.map((each) => [each.key, each])), now, stepMillis)
    const away = row("a/x#1", "resting")
    assert.deepStrictEqual(of(away, row("b/x#1"), row("c/y#1")), {
      level: "ok",
      word: "answers",
      detail: "by 1 of 2 equal targets"
    })
    assert.deepStrictEqual(of(row("a/x#1"), row("b/x#1", "serving", [1, 3]), row("c/y#1")), {
      level: "warn",
      word: "fails often",
      detail: "by 2 of 2 equal targets, of which b/x#1 fail often"
    })
    assert.deepStrictEqual(of(away, row("b/x#1", "manual"), row("c/y#1")), {
      level: "warn",
      word: "falls back",
      detail: "by c/y#1, the 3rd of 3"
    })
  })

  it("cannot be answered while all of its targets are unavailable", () => {
    assert.deepStrictEqual(
      standing(row("a/x#1", "resting"), row("b/y#1", "probing"), row("b/y#2", "manual")),
      { level: "bad", word: "cannot answer", detail: "all of its 3 targets are unavailable" }
    )
    assert.strictEqual(
      Standing.modelStanding({ name: "off", targets: [] }, new Map(), now, stepMillis).level,
      "bad"
    )
  })
})

describe("the headline of the status page", () => {
  it("states that all serve, and which providers answered", () => {
    const calm = said(row("a/x#1", "serving", [9, 0]), row("b/y#1", "serving", [20, 1]), row("c/z#1"))
    assert.deepStrictEqual(calm, {
      level: "ok",
      text: "All 3 targets are serving",
      detail: "Requests are served by b and a."
    })
    assert.strictEqual(said(row("a/x#1")).detail, "No request yet.")
    const idle = { ...row("a/x#1"), steps: [[step - 30, 1, 0, 10, 20] as const] }
    assert.strictEqual(said(idle).detail, "No request in the last minute.")
  })

  it("does not claim in an outage that a target can serve if it failed or was not called", () => {
    const out = row("a/x#1", "resting")
    assert.strictEqual(
      saidOf([out, row("b/y#1", "serving", [0, 1])], 0, 4).detail,
      "No request of the last minute was answered (4 failed). 1 other target is not benched, but failed too."
    )
    assert.strictEqual(
      saidOf([out, row("b/y#1")], 0, 4).detail,
      "No request of the last minute was answered (4 failed). 1 other target was not called."
    )
    assert.strictEqual(
      saidOf([out, row("b/y#1", "serving", [0, 1]), row("b/z#1")], 0, 4).detail,
      "No request of the last minute was answered (4 failed). Of 2 other targets that are not benched, 1 failed too and 1 was not called."
    )
  })

  it("starts with the results that callers got", () => {
    const out = [row("a/x#1", "resting"), row("b/y#1", "serving", [9, 0])]
    assert.deepInclude(saidOf(out, 30), {
      level: "warn",
      detail: "All 30 requests of the last minute were answered. Requests are served by b."
    })
    assert.deepInclude(saidOf(out, 27, 3), {
      level: "bad",
      detail: "3 of 30 requests of the last minute failed. Requests are served by b."
    })
    assert.strictEqual(saidOf(out, 1_199, 1).level, "warn", "one of many is no alarm")
    assert.deepInclude(saidOf([row("a/x#1")], 0, 4), { level: "bad", text: "Requests fail" })
  })

  it("names a target that often fails before it is benched", () => {
    const { level, text } = said(row("a/x#1", "serving", [6, 4]), row("b/y#1"))
    assert.strictEqual(level, "warn")
    assert.strictEqual(text, "Both targets are serving, but a fails 40 % of its attempts")
  })

  it("names a provider if all of its targets are unavailable, else the targets", () => {
    const whole = said(
      row("a/x#1", "resting", [50, 2]),
      row("a/y#1", "resting"),
      row("b/z#1", "serving", [9, 0])
    )
    assert.strictEqual(whole.text, "a is in cooldown")
    assert.strictEqual(whole.detail, "Requests are served by b.")
    const part = said(row("a/x#1", "resting"), row("a/x#2"), row("b/z#1", "manual"))
    assert.strictEqual(part.text, "a/x#1 and b are unavailable")
    assert.strictEqual(part.detail, "1 target can serve; no request in the last minute.")
  })

  it("is bad if no target can be called, and a warning while a probe is due", () => {
    assert.deepInclude(said(row("a/x#1", "resting"), row("b/z#1", "probing")), {
      level: "bad",
      text: "No target can be called: both targets are benched"
    })
    assert.deepInclude(said(row("a/x#1", "half-open"), row("b/z#1")), {
      level: "warn",
      text: "a waits for a probe"
    })
    assert.strictEqual(
      said(row("a/x#1", "half-open"), row("b/y#1", "probing"), row("c/z#1")).text,
      "a and b are being probed"
    )
  })

  it("counts targets if there are many, or if their names are long", () => {
    const rows = Array.from({ length: 9 }, (_, index) =>
      row(`p${index}/x#1`, index < 4 ? "resting" : "serving")
    )
    assert.strictEqual(said(...rows).text, "4 of 9 targets are in cooldown")
    const long = `a/${"very-long-".repeat(8)}#1`
    assert.strictEqual(
      said(row(long, "manual"), row("a/y#1"), row("b/z#1")).text,
      "1 of 3 targets is benched manually"
    )
  })

  it("ignores models that only clients named, if the config names targets", () => {
    const made = { ...row("a/made-up#1", "resting"), named: false }
    assert.strictEqual(said(row("a/x#1"), made).level, "ok")
    assert.strictEqual(said(made).level, "bad")
    assert.strictEqual(said().level, "unknown")
  })
})

describe("the summary of a provider", () => {
  it("states how many of its targets serve", () => {
    assert.deepStrictEqual(Rows.summary([row("a/x#1"), row("a/y#1", "half-open")]), {
      isWhole: false,
      text: "1 of 2 serving"
    })
    assert.deepStrictEqual(Rows.summary([row("a/x#1"), row("a/y#1")]), {
      isWhole: true,
      text: "all serving"
    })
  })

  it("leaves what clients made up out where the config names targets, as the headline does", () => {
    const made = { ...row("a/made-up#1", "resting"), named: false }
    assert.strictEqual(Rows.summary([row("a/x#1"), made]).text, "all serving")
    assert.strictEqual(Rows.summary([row("a/x#1", "resting"), made]).text, "0 of 1 serving")
    assert.strictEqual(Rows.summary([made]).text, "0 of 1 serving")
    assert.strictEqual(Rows.summary([]).text, "")
  })
})

describe("the target that answers instead", () => {
  it("is a serving target that lately answered requests for which another was skipped or failed", () => {
    const status = Scenes.oneBenched(now)
    const key = "anthropic/claude-sonnet-5#main"
    assert.deepStrictEqual([...Store.insteadOf(status, now)], [[key, "openai/gpt-5.2#primary"]])
    assert.strictEqual(Store.insteadOf(status, now + 600_000).size, 0)
    const rows = status.rows.map((row) => ({ ...row, state: "resting" as const }))
    assert.strictEqual(Store.insteadOf({ ...status, rows }, now).size, 0)
  })
})

describe("the labels of the status page", () => {
  it("exist for every failure of a request and every reason of a bench", () => {
    const names = [
      ...failureClasses,
      "Manual",
      "OwnLimit",
      "LearnedLimit",
      "ChainExhausted",
      "AllBenched",
      "DeadlineExceeded"
    ]
    assert.deepStrictEqual(
      names.filter((name) => Words.reasonWord(name) === name),
      []
    )
  })

  it("show times in a readable form", () => {
    assert.deepStrictEqual([24_000, 90_500, 7_152_000, 183_600_000].map(Words.countdown), [
      "0:24",
      "1:31",
      "1:59:12",
      "2 d 3 h"
    ])
    assert.deepStrictEqual([0.2, 82, 2_140, 42_000, 200_000].map(Words.duration), [
      "<1 ms",
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

  it("write counts and orders as people read them", () => {
    assert.strictEqual(Words.counted(12_345, "request"), "12,345 requests")
    assert.deepStrictEqual(
      [1, 2, 3, 4, 11, 12, 13, 21, 111, 102].map(Words.ordinal).join(" "),
      "1st 2nd 3rd 4th 11th 12th 13th 21st 111th 102nd"
    )
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
