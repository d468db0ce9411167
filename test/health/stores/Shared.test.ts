/** What replicas exchange: which records and messages are read, what a change sends, and when a record is over. */
import { assert, describe, it } from "@effect/vitest"
import * as Bench from "../../../src/health/Bench.ts"
import { forgive, restore, type Saved } from "../../../src/health/stores/Saved.ts"
import * as Shared from "../../../src/health/stores/Shared.ts"

const hour = 3_600_000
const throttled: Saved = {
  reason: "RateLimit",
  since: 1_000,
  until: 10_000,
  consecutiveBenches: 1,
  failures: 1
}
const manual = { since: 2_000, until: 20_000, reason: "repairs", by: "ann" }
const record = (fields: object = {}) => ({ ...throttled, epoch: 3, writer: "r1", ...fields })
const read = (value: unknown) => Shared.recordIn(JSON.stringify(value))

const entry = (...records: ReadonlyArray<Saved>) =>
  records.reduce((state, one) => restore(state, "x", one, 0), Bench.make()).entries.get("x")!

describe("a record of another replica", () => {
  it("is read with its count and its writer", () => {
    assert.deepStrictEqual<unknown>(read(record()), { saved: throttled, epoch: 3, writer: "r1" })
  })

  it("cannot be read without them, or if it is none", () => {
    for (const [value, why] of [
      [record({ epoch: "3" }), "`epoch` is not a count"],
      [record({ epoch: 0.5 }), "`epoch` is not a count"],
      [record({ writer: 7 }), "`writer` is not a text"],
      [[], "it is not a record"],
      [record({ until: "later" }), "`until` is not a time"]
    ] as ReadonlyArray<readonly [unknown, string]>) {
      assert.strictEqual(read(value), why)
    }
    assert.strictEqual(Shared.recordIn("{"), "it is not a record")
  })

  it("has its bench by hand if nothing else can be read", () => {
    const least = { since: 0, until: 0, consecutiveBenches: 0, failures: 0 }
    assert.deepStrictEqual<unknown>(read(record({ reason: "QuantumFlux", manual })), {
      saved: { ...least, manual },
      epoch: 3,
      writer: "r1",
      unreadable: 'this version does not know the failure class "QuantumFlux"'
    })
    assert.strictEqual(read(record({ reason: "QuantumFlux", manual, epoch: null })), "`epoch` is not a count")
  })

  it("is the same by the clock of this process as by that of Redis", () => {
    const one = { saved: throttled, epoch: 1, writer: "r" }
    assert.deepStrictEqual(Shared.fromWire(one, -500), { ...throttled, since: 500, until: 9_500 })
  })
})

describe("a message of another replica", () => {
  const message = { key: "x", writer: "r1", now: 5_000 }
  const heard = (value: unknown) => Shared.messageIn(JSON.stringify(value))

  it("says that a key was cleared, and how many changes there were", () => {
    const cleared = { ...message, record: undefined, byHand: false, epoch: undefined, era: undefined }
    assert.deepStrictEqual<unknown>(heard(message), cleared)
    assert.deepStrictEqual<unknown>(heard({ ...message, byHand: true, epoch: 7 }), {
      ...cleared,
      byHand: true,
      epoch: 7
    })
    assert.deepStrictEqual<unknown>(heard({ ...message, epoch: 7.5, era: 1 }), cleared)
  })

  it("has a new record, or why that cannot be read", () => {
    assert.deepStrictEqual<unknown>(heard({ ...message, epoch: 9, era: "e", record: record() }), {
      ...message,
      record: { saved: throttled, epoch: 3, writer: "r1" },
      byHand: false,
      epoch: 3,
      era: "e"
    })
    assert.deepInclude(heard({ ...message, record: "none" }), {
      record: "it is not a record",
      epoch: undefined
    })
    assert.deepInclude(heard({ ...message, epoch: 4, record: "none" }), { epoch: 4 })
  })

  it("is absent if its parts are missing or of another kind", () => {
    for (const value of [
      null,
      [],
      { ...message, key: 1 },
      { ...message, writer: undefined },
      { ...message, now: "5" },
      { ...message, byHand: "yes" }
    ]) {
      assert.isUndefined(heard(value))
    }
    assert.isUndefined(Shared.messageIn("no JSON"))
  })
})

describe("an entry as it is sent", () => {
  const sent = (of: Bench.Entry, now: number) => JSON.parse(Shared.toWire(of, now) ?? "null")

  it("has spans in place of times, since the clocks of replicas differ", () => {
    const spans = { ...throttled, since: 0, until: 0, left: 6_000, age: 3_000 }
    assert.deepStrictEqual(sent(entry(throttled), 4_000), spans)
    assert.deepStrictEqual(sent(entry({ ...throttled, hint: 9_000, manual }), 4_000), {
      ...spans,
      hint: 5_000,
      manual: { reason: "repairs", by: "ann", left: 16_000, age: 2_000 }
    })
    assert.deepStrictEqual(sent(entry({ ...throttled, manual: { since: 2_000 } }), 4_000).manual, {
      age: 2_000
    })
    assert.strictEqual(sent(entry({ ...throttled, hint: 3_000 }), 4_000).hint, 0, "it is over")
  })

  it("is empty if the key is free", () => {
    const free = forgive(restore(Bench.make(), "x", throttled, 0), "x", true, 0)
    assert.isUndefined(Shared.toWire(free.entries.get("x")!, 4_000))
  })

  it("has whole characters and backslashes, and no half of a character", () => {
    const of = (evidence: string) => sent(entry({ ...throttled, evidence }), 4_000).evidence
    assert.strictEqual(of("cut \ud83d"), "cut \ufffd")
    assert.strictEqual(of("cut \udc00."), "cut \ufffd.")
    assert.strictEqual(of("whole 😀"), "whole 😀")
    assert.strictEqual(of("path\\ud83d"), "path\\ud83d")
  })
})

describe("a record in Redis", () => {
  const week = 7 * 24 * hour
  const isOver = (value: unknown, now: number) => {
    const text = JSON.stringify(value)
    return Shared.isOver(Shared.recordIn(text), text, now, week)
  }

  it("is over when its key has been idle for an hour, a dead one for a day", () => {
    assert.deepStrictEqual(
      [isOver(record(), 10_000 + hour - 1), isOver(record(), 10_000 + hour)],
      [false, true]
    )
    const dead = record({ reason: "InvalidKey" })
    assert.deepStrictEqual(
      [isOver(dead, 10_000 + 24 * hour - 1), isOver(dead, 10_000 + 24 * hour)],
      [false, true]
    )
  })

  it("is over at once if it benches nothing, but not before its bench by hand is over", () => {
    const none = { ...record(), reason: undefined }
    assert.isTrue(isOver(none, 0))
    assert.isFalse(isOver({ ...none, manual: { since: 0 } }, 1e12))
    assert.isFalse(isOver({ ...record(), manual: { since: 0, until: 2 * hour } }, 2 * hour - 1))
    assert.isTrue(isOver({ ...record(), manual: { since: 0, until: 2 * hour } }, 2 * hour))
  })

  it("that cannot be read stays for a week after its end, or always without one", () => {
    const other = record({ reason: "QuantumFlux" })
    assert.deepStrictEqual([isOver(other, 10_000 + week - 1), isOver(other, 10_000 + week)], [false, true])
    assert.isFalse(isOver({ ...other, until: undefined }, 1e15))
    assert.isFalse(isOver([], 1e15))
    assert.isFalse(Shared.isOver("it is not a record", "{", 1e15, week))
  })

  it("that cannot be read stays with a bench by hand, and for a week after both have ended", () => {
    const other = record({ reason: "QuantumFlux", manual })
    assert.isFalse(isOver(other, 19_999))
    assert.deepStrictEqual([isOver(other, 10_000 + week - 1), isOver(other, 10_000 + week)], [false, true])
    assert.isFalse(isOver({ ...other, epoch: "none" }, 1e15), "its bench by hand cannot be read")
  })
})

describe("the changes of a key that are sent", () => {
  const tags = (
    to: Bench.Entry,
    before: Bench.Entry | undefined,
    now = 4_000,
    epoch = 5
  ): ReadonlyArray<string> =>
    Shared.changesOf("x", to, before && { entry: before, epoch, taken: 0 }, now).map((change) =>
      change._tag === "Put"
        ? `put ${JSON.parse(change.record).left ?? "-"}`
        : `clear ${change.epoch} ${change.byHand}`
    )
  const benched = entry(throttled)
  const byHand = (until?: number) =>
    entry({ ...throttled, manual: { since: 0, ...(until !== undefined && { until }) } })
  const { reason: _, ...alone } = throttled
  const only = (until: number) => entry({ ...alone, manual: { since: 0, until } })
  const free: Bench.Entry = { ...benched, reason: undefined, until: 0 }

  it("are empty if nothing has changed, or nothing that concerns other replicas", () => {
    assert.deepStrictEqual(tags(benched, benched), [])
    assert.deepStrictEqual(tags({ ...benched, probe: 7 }, benched), [])
    const held = byHand(20_000)
    assert.deepStrictEqual(tags({ ...held, probe: 7 }, held), [])
    assert.deepStrictEqual(tags({ ...benched, failures: 9, touched: 99 }, benched), [])
    assert.deepStrictEqual(tags(free, undefined), [])
    assert.deepStrictEqual(tags({ ...free, failures: 2 }, free), [])
  })

  it("are a new bench, a longer one, or a further one", () => {
    assert.deepStrictEqual(tags(benched, undefined), ["put 6000"])
    assert.deepStrictEqual(tags(benched, free), ["put 6000"])
    assert.deepStrictEqual(tags({ ...benched, until: 12_000 }, benched), ["put 8000"])
    assert.deepStrictEqual(tags({ ...benched, generation: benched.generation + 1 }, benched), ["put 6000"])
  })

  it("are that it was cleared, first if it was benched again for less, or as for the first time", () => {
    assert.deepStrictEqual(tags(free, benched), ["clear 5 false"])
    const again = { ...benched, generation: benched.generation + 2 }
    assert.deepStrictEqual(tags({ ...again, until: 9_000 }, benched), ["clear 5 false", "put 5000"])
    const second = { ...benched, consecutiveBenches: 2 }
    assert.deepStrictEqual(tags(again, second), ["clear 5 false", "put 6000"])
  })

  it("are a bench by hand, and that it was lifted or shortened", () => {
    assert.lengthOf(tags(only(20_000), undefined), 1)
    assert.deepStrictEqual(tags(byHand(20_000), benched), ["put 6000"])
    assert.deepStrictEqual(tags(benched, byHand(20_000)), ["clear 5 true", "put 6000"])
    assert.deepStrictEqual(tags(byHand(15_000), byHand(20_000)), ["clear 5 true", "put 6000"])
    assert.deepStrictEqual(tags(byHand(25_000), byHand(20_000)), ["put 6000"])
    assert.deepStrictEqual(tags(byHand(20_000), byHand(20_000)), ["put 6000"], "it was benched again")
    assert.deepStrictEqual(tags(benched, byHand(4_000)), [], "it had ended")
    assert.deepStrictEqual(tags(benched, byHand(4_001)), ["clear 5 true", "put 6000"])
  })
})
