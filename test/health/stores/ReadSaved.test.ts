/** Records of a saved or shared bench, which may be written by any program: which can be read, and what is reported for the others. */
import { assert, describe, it } from "@effect/vitest"
import * as ReadSaved from "../../../src/health/stores/ReadSaved.ts"

const least = { since: 0, until: 0, consecutiveBenches: 0, failures: 0 }
const all = {
  reason: "RateLimit",
  evidence: "status 429",
  hint: 8.64e15,
  fingerprint: "abc",
  unlisted: true,
  since: -8.64e15,
  until: 8.64e15,
  consecutiveBenches: 3,
  failures: 4,
  callers: ["one", "two"],
  heldFor: "open",
  manual: { since: 1, until: 2, reason: "repairs", by: "ann" }
}
const long = "x".repeat(10_001)

describe("a record", () => {
  it("is read whole, or with what it must have", () => {
    assert.deepStrictEqual<unknown>(ReadSaved.read(all), all)
    assert.deepStrictEqual<unknown>(ReadSaved.read(least), least)
    const few = { ...least, manual: { since: 5 }, heldFor: "callers", unlisted: false }
    assert.deepStrictEqual<unknown>(ReadSaved.read(few), few)
    assert.deepStrictEqual<unknown>(ReadSaved.read({ ...all, other: "field" }), all)
  })

  it("is read with the names before the rename", () => {
    const { consecutiveBenches: hits, ...rest } = all
    assert.deepStrictEqual<unknown>(ReadSaved.read({ ...rest, hits, reason: "Silent" }), {
      ...all,
      reason: "Timeout"
    })
    assert.deepStrictEqual<unknown>(ReadSaved.read({ ...all, hits: 9 }), all, "the new name counts")
  })

  it("may have texts of 10,000 characters and lists of 100", () => {
    const large = { ...all, evidence: long.slice(1), callers: Array.from({ length: 100 }, () => "c") }
    assert.deepStrictEqual<unknown>(ReadSaved.read(large), large)
  })

  const byHand = (fields: object) => ({ ...all, manual: { ...all.manual, ...fields } })
  for (const [value, why] of [
    [undefined, "it is not a record"],
    [null, "it is not a record"],
    [[], "it is not a record"],
    ["a text", "it is not a record"],
    [{ ...all, reason: "QuantumFlux" }, 'this version does not know the failure class "QuantumFlux"'],
    [{ ...all, reason: "x y" }, "`reason` is not a failure class"],
    [{ ...all, reason: "a-b" }, "`reason` is not a failure class"],
    [{ ...all, reason: "-a" }, "`reason` is not a failure class"],
    [{ ...all, reason: "" }, "`reason` is not a failure class"],
    [{ ...all, reason: "y".repeat(41) }, "`reason` is not a failure class"],
    [{ ...all, reason: ["Abc"] }, "`reason` is not a failure class"],
    [{ ...all, since: "0" }, "`since` is not a time"],
    [{ ...all, since: 8.65e15 }, "`since` is not a time"],
    [{ ...all, until: null }, "`until` is not a time"],
    [{ ...all, until: -8.65e15 }, "`until` is not a time"],
    [{ ...all, consecutiveBenches: 1.5 }, "`consecutiveBenches` is not a count"],
    [{ ...all, consecutiveBenches: "1" }, "`consecutiveBenches` is not a count"],
    [{ ...all, failures: -1 }, "`failures` is not a count"],
    [{ ...all, hint: "soon" }, "`hint` is not a time"],
    [{ ...all, evidence: 429 }, "`evidence` is not a text"],
    [{ ...all, evidence: ["status 429"] }, "`evidence` is not a text"],
    [{ ...all, evidence: long }, "`evidence` is not a text"],
    [{ ...all, fingerprint: {} }, "`fingerprint` is not a text"],
    [{ ...all, unlisted: 1 }, "`unlisted` is neither true nor false"],
    [{ ...all, callers: "one" }, "`callers` is not a list of texts"],
    [{ ...all, callers: ["one", 2] }, "`callers` is not a list of texts"],
    [{ ...all, callers: Array.from({ length: 101 }, () => "c") }, "`callers` is not a list of texts"],
    [{ ...all, heldFor: "nobody" }, "`heldFor` is not one of its values"],
    [{ ...all, manual: "by ann" }, "`manual` is not a record"],
    [byHand({ since: "0" }), "`manual.since` is not a time"],
    [byHand({ until: null }), "`manual.until` is not a time"],
    [byHand({ reason: 1 }), "`manual.reason` is not a text"],
    [byHand({ by: long }), "`manual.by` is not a text"]
  ] as ReadonlyArray<readonly [unknown, string]>) {
    it(`cannot be read: ${why} (${JSON.stringify(value)?.slice(0, 60)})`, () => {
      assert.strictEqual(ReadSaved.read(value), why)
    })
  }

  it("names a class of 40 letters, and nothing from the text around it", () => {
    const name = "y".repeat(40)
    assert.include(ReadSaved.read({ ...all, reason: name }) as string, name)
  })
})

describe("the bench by hand of a record that cannot be read", () => {
  it("is read alone", () => {
    const { manual } = all
    assert.deepStrictEqual<unknown>(ReadSaved.manualOf({ reason: "QuantumFlux", manual }), {
      ...least,
      manual
    })
  })

  it("is absent if there is none, or if it cannot be read either", () => {
    for (const value of [
      undefined,
      null,
      "text",
      {},
      { manual: undefined },
      { manual: "text" },
      { manual: { since: "x" } }
    ]) {
      assert.isUndefined(ReadSaved.manualOf(value))
    }
  })
})

describe("the report of records that cannot be read", () => {
  const many = (from: number, count: number) =>
    new Map(Array.from({ length: count }, (_, i) => [`k${from + i}`, "why"] as const))

  it("names each once, for each reason, with its key", () => {
    const unreadable = new ReadSaved.Unreadable()
    assert.isUndefined(unreadable.tell(new Map()))
    assert.strictEqual(unreadable.tell(many(0, 2)), '"k0": why; "k1": why')
    assert.strictEqual(unreadable.tell(many(1, 2)), '"k2": why')
    assert.isUndefined(unreadable.tell(many(0, 3)))
    assert.strictEqual(unreadable.tell(new Map([["k0", "other"]])), '"k0": other')
  })

  it("names ten at a time, and counts the others", () => {
    const unreadable = new ReadSaved.Unreadable()
    const ten = unreadable.tell(many(0, 10))
    assert.strictEqual(ten?.split("; ").length, 10)
    assert.notInclude(ten, "more")
    assert.match(new ReadSaved.Unreadable().tell(many(0, 13)) ?? "", /"k9": why; and 3 more$/)
    assert.isUndefined(unreadable.tell(many(0, 10)))
  })

  it("cuts a long key after 100 characters, and ends after 10,000 records", () => {
    const unreadable = new ReadSaved.Unreadable()
    assert.strictEqual(unreadable.tell(new Map([["x".repeat(100), "why"]])), `"${"x".repeat(100)}": why`)
    assert.strictEqual(unreadable.tell(new Map([["x".repeat(101), "why"]])), `"${"x".repeat(100)}…": why`)
    unreadable.tell(many(0, 9_997))
    assert.strictEqual(unreadable.tell(many(20_000, 5)), '"k20000": why')
    assert.isUndefined(unreadable.tell(many(30_000, 1)))
  })
})
