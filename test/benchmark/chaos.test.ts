/** The chaos run detects the violations that it looks for. */
import { assert, describe, it } from "@effect/vitest"
import type { Outcome } from "../../benchmark/chaos/caller.ts"
import { faults } from "../../benchmark/chaos/faults.ts"
import * as Ledger from "../../benchmark/chaos/ledger.ts"
import type { Report } from "../../benchmark/chaos/messages.ts"
import * as Options from "../../benchmark/chaos/options.ts"
import * as Plan from "../../benchmark/chaos/plan.ts"
import { type Asked, streamed, whole } from "../../benchmark/chaos/replies.ts"
import { seal } from "../../benchmark/chaos/seal.ts"
import { judgeCall } from "../../benchmark/chaos/verdict.ts"
import { keyOf } from "../../benchmark/chaos/world.ts"

const target = "so/m#one"
const plan = (more: Partial<Plan.Plan> = {}): Plan.Plan => ({
  ...Plan.make(1, 1),
  nonce: "n1",
  api: "chat",
  model: "first",
  stream: false,
  tool: false,
  size: 200,
  reads: "at once",
  ...more
})

const asked = (given: Plan.Plan): Asked => ({ path: given.api, stream: given.stream, tool: given.tool })

const came = (given: Plan.Plan, body: string, more: Partial<Outcome> = {}): Outcome => ({
  status: 200,
  headers: {
    "x-failover-target": target,
    "content-type": given.stream ? "text/event-stream" : "application/json"
  },
  body,
  end: "whole",
  error: undefined,
  reused: false,
  ...more
})

const visit = (fault?: string, to = target, sent = 0, began = sent): Ledger.Visit => ({
  target: to,
  fault,
  sent,
  began,
  progress: { at: "finished", since: began }
})

/** The ledger's entry for the one request that made these visits. */
const entryOf = (visits: ReadonlyArray<Ledger.Visit>): Ledger.Entry => {
  const ledger = Ledger.make()
  const entry = ledger.open("n1")
  ledger.read(report(1, visits))
  return entry
}

const report = (upTo: number, visits: ReadonlyArray<Ledger.Visit>): Report => ({
  upTo,
  came: visits.map(({ began, fault, sent, target }, id) => ({ id, nonce: "n1", target, fault, began, sent })),
  over: [],
  running: []
})

const verdict = (
  given: Plan.Plan,
  outcome: Outcome,
  visits: ReadonlyArray<Ledger.Visit> = [],
  isDrained = false
): string => judgeCall(given, outcome, entryOf(visits), isDrained).as

const refusal = JSON.stringify({ error: { message: "no", type: "x" } })

describe("the verdict of a chaos run", () => {
  it("takes whole answers of their target, in each protocol, whole and as streams", () => {
    for (const api of ["chat", "messages", "responses"] as const) {
      for (const tool of [false, true]) {
        const one = plan({ api, tool })
        assert.strictEqual(
          verdict(one, came(one, whole(asked(one), seal("n1", target, 200)))),
          "answered by a fallback"
        )
        const many = plan({ api, tool, stream: true })
        const { begin, end, pieces } = streamed(asked(many), seal("n1", target, 200), 7)
        const body = [...begin, ...pieces, ...end].join("")
        assert.strictEqual(verdict(many, came(many, body), [visit()]), "answered")
      }
    }
  })

  it("finds the answers of others", () => {
    const one = plan()
    for (const text of [seal("n2", target, 200), seal("n1", "oa/m#one", 200), "something"]) {
      assert.strictEqual(verdict(one, came(one, whole(asked(one), text))), "mixed")
    }
    const twice = seal("n1", target, 200) + seal("n1", target, 200)
    assert.strictEqual(verdict(one, came(one, whole(asked(one), twice))), "mixed")
  })

  it("finds what was cut and is called complete", () => {
    const one = plan()
    const text = seal("n1", target, 200)
    assert.strictEqual(verdict(one, came(one, whole(asked(one), text.slice(0, 100)))), "truncated as success")
    const many = plan({ stream: true })
    const { begin, end, pieces } = streamed(asked(many), text, 7)
    const body = [...begin, ...pieces.slice(0, 5), ...end].join("")
    assert.strictEqual(verdict(many, came(many, body)), "truncated as success")
  })

  it("finds what was lost, and takes errors that were earned", () => {
    const one = plan()
    assert.strictEqual(verdict(one, came(one, refusal, { status: 502 })), "lost")
    assert.strictEqual(verdict(one, came(one, "", { end: "broken", error: "ECONNRESET" })), "lost")
    assert.strictEqual(verdict(one, came(one, "", { end: "late" })), "lost")
    assert.strictEqual(verdict(one, came(one, "oops", { status: 400 })), "lost")
    assert.strictEqual(verdict(one, came(one, refusal, { status: 400 }), [visit("too long")]), "refused")
    assert.strictEqual(verdict(plan({ model: "hopeless" }), came(one, refusal, { status: 502 })), "refused")
  })

  it("finds streams that end without an end marker", () => {
    const many = plan({ stream: true })
    const { begin, pieces } = streamed(asked(many), seal("n1", target, 200), 7)
    const cut = [...begin, ...pieces.slice(0, 5)].join("")
    const visits = [visit("cut in the middle")]
    assert.strictEqual(verdict(many, came(many, cut), visits), "lost")
    const said = `${cut}data: ${refusal}\n\n`
    assert.strictEqual(verdict(many, came(many, said), visits), "broke and said so")
    assert.strictEqual(verdict(many, came(many, said), [visit()]), "lost")
  })

  it("accepts streams that are cut with an error at the end of a drain, and finds those cut earlier or without an error", () => {
    const stopped = JSON.stringify({
      error: { message: "the gateway stopped before the request was answered", type: "server_error" }
    })
    const cut = "cut at the end of a drain"
    const one = plan()
    const before = came(one, stopped, { status: 503 })
    assert.deepStrictEqual(
      [verdict(one, before, [visit()], true), verdict(one, before, [visit()])],
      [cut, "lost"]
    )
    const many = plan({ stream: true })
    const { begin, pieces } = streamed(asked(many), seal("n1", target, 200), 7)
    const half = [...begin, ...pieces.slice(0, 5)].join("")
    const said = came(many, `${half}data: ${stopped}\n\n`)
    assert.deepStrictEqual(
      [verdict(many, said, [visit()], true), verdict(many, said, [visit()])],
      [cut, "lost"]
    )
    const broken = came(many, half, { end: "broken" })
    assert.strictEqual(verdict(many, broken, [visit()], true), "lost")
    assert.strictEqual(verdict(one, came(one, "", { status: 0, end: "broken" }), [visit()], true), "lost")
  })

  it("finds targets that are called after the commit point, and keys that leak", () => {
    const one = plan()
    const entry = entryOf([visit(undefined, target, 10), visit(undefined, "oa/m#one", 30)])
    entry.committedAt = 20
    const good = came(one, whole(asked(one), seal("n1", target, 200)))
    assert.strictEqual(judgeCall(one, good, entry, false).as, "duplicated after commit")
    assert.strictEqual(verdict(one, came(one, `${refusal} ${keyOf("oa", "one")}`)), "a key leaked")
  })
})

describe("the ledger of a chaos run", () => {
  it("counts a call as too late by the time at which it was made, not at which a busy provider read it", () => {
    const entry = entryOf([visit("reset at once", "oa/m#one", 10, 500), visit(undefined, target, 15, 30)])
    entry.committedAt = 20
    assert.isEmpty(Ledger.lateVisits(entry))
    entry.committedAt = 12
    assert.deepStrictEqual(
      Ledger.lateVisits(entry).map((each) => each.target),
      [target]
    )
  })

  it("does not count a call that was made after its caller had left", () => {
    const entry = entryOf([visit(undefined, target, 30)])
    entry.committedAt = 20
    entry.leftAt = 25
    assert.isEmpty(Ledger.lateVisits(entry))
  })

  it("counts a call that was made too late, also after the request was judged", () => {
    const ledger = Ledger.make()
    const entry = ledger.open("n1")
    entry.committedAt = 20
    const late: Array<string> = []
    ledger.close("n1", (each) => late.push(each.target))
    ledger.read(report(50, [visit(undefined, target, 10), visit(undefined, "oa/m#one", 30)]))
    assert.deepStrictEqual(late, ["oa/m#one"])
  })

  it("is settled when the providers have reported all that came by then", async () => {
    const ledger = Ledger.make()
    const settled: Array<number> = []
    const waits = [5, 10].map((time) => ledger.settled(time).then(() => settled.push(time)))
    ledger.read(report(5, []))
    await waits[0]
    assert.deepStrictEqual(settled, [5])
    ledger.read(report(11, []))
    await Promise.all(waits)
    assert.deepStrictEqual(settled, [5, 10])
  })
})

describe("a chaos run", () => {
  it("sends the same requests with the same seed", () => {
    for (let index = 0; index < 50; index++) {
      assert.strictEqual(Plan.bodyOf(Plan.make(7, index)), Plan.bodyOf(Plan.make(7, index)))
    }
    assert.notDeepEqual(Plan.make(7, 1), Plan.make(8, 1))
  })

  it("has every fault in every protocol", () => {
    for (const path of ["chat", "messages", "responses"] as const) {
      for (const stream of [false, true]) {
        for (const [name, { make }] of Object.entries(faults)) {
          const given = { asked: { path, stream, tool: false }, text: "some text", piece: 3, by: 10 }
          assert.isNotEmpty(make(given), name)
        }
      }
    }
  })

  it("reads its options, and names the invalid one", () => {
    assert.deepInclude(Options.read(["--seed", "5"]), { minutes: 2, seed: 5, rate: 60 })
    assert.deepInclude(Options.read(["--minutes", "30"]), { minutes: 30, rate: 1000 })
    assert.deepInclude(Options.read(["--requests", "1000000"]), { requests: 1_000_000, rate: 1000 })
    assert.strictEqual(Options.boundsOf(Options.read(["--requests", "500"])), "--requests 500")
    assert.throws(() => Options.read(["--minutes", "soon"]), /--minutes is a number above zero/)
  })
})
