/** The small functions of the classifier: codes, dates, statuses, values, and texts before they are matched. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { fromCode } from "../../src/classifier/signals/Codes.ts"
import { fromNumber, parseDuration, untilDate } from "../../src/classifier/signals/Durations.ts"
import { isFields, keysOf, lowerHeaders, read } from "../../src/classifier/signals/Signal.ts"
import { fromStatus, isErrorStatus } from "../../src/classifier/signals/Status.ts"
import { fromText, leadingNames, prepare } from "../../src/classifier/signals/Texts.ts"
import { chainOf } from "../../src/classifier/signals/TransportErrors.ts"
import * as Failure from "../../src/failure/Failure.ts"

const now = Date.parse("2026-03-01T00:00:00Z")

describe("a code", () => {
  it("is found by its name, before a link, behind a module or a colon, and by its first part", () => {
    for (const code of [
      "ThrottlingException",
      " throttling_exception ",
      "ThrottlingException:http://internal.amazon.com/coral/",
      "ThrottlingException:https://internal.amazon.com/coral/",
      "ThrottlingException:",
      "ThrottlingException: slow down",
      "com.amazon.coral.service#ThrottlingException",
      "com.amazon.coral# ThrottlingException",
      "ThrottlingException.TooMany",
      "ThrottlingException:x",
      "channel:ThrottlingException"
    ]) {
      assert.strictEqual(fromCode(code), "RateLimit", code)
    }
    assert.isUndefined(fromCode(`${"x".repeat(200)}#ThrottlingException`))
    assert.strictEqual(fromCode(`${"x".repeat(180)}#ThrottlingException`), "RateLimit")
    assert.isUndefined(fromCode("a b:http://ThrottlingException"))
  })
})

describe("a date", () => {
  const hours = (text: string, zone?: string) => (untilDate(text, now, zone) ?? Number.NaN) / 3_600_000

  it("has its zone, or the given one", () => {
    assert.strictEqual(hours("2026-03-01T09:00:00Z"), 9)
    assert.strictEqual(hours("2026-03-01 09:00 UTC", "+08:00"), 9)
    assert.strictEqual(hours("2026-03-01 09:00:00 gmt", "+08:00"), 9)
    for (const zone of ["+08:00", "+0800"]) assert.strictEqual(hours(`2026-03-01T09:00:00${zone}`), 1)
    assert.strictEqual(hours("2026-03-01T09:00:00-0130"), 10.5)
    assert.strictEqual(hours("2026-03-01 09:00", "+08:00"), 1)
    assert.strictEqual(hours("2026-03-02"), 24)
    assert.strictEqual(untilDate("2026-03-01T08:00:30.250+08:00", now), 30_250)
  })

  it("is none without the time of the answer, and may have passed", () => {
    assert.isUndefined(untilDate("2026-03-01T09:00:00Z", undefined))
    assert.strictEqual(untilDate("2026-02-01", now), 0)
    assert.isUndefined(untilDate("soon", now))
  })
})

describe("a number", () => {
  it("is a wait, or a time in seconds or milliseconds, and nothing between", () => {
    const at = now / 1_000 + 60
    assert.deepStrictEqual(
      [fromNumber(5, now), fromNumber(at, now), fromNumber(at * 1_000, now), fromNumber(1e10, now)],
      [5_000, 60_000, 60_000, undefined]
    )
    for (const none of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e13])
      assert.isUndefined(fromNumber(none, now))
    assert.isUndefined(fromNumber(at, undefined))
  })

  it("of a clock may have parts of a second", () => {
    assert.strictEqual(parseDuration("00:00:01.25"), 1_250)
  })
})

describe("a status", () => {
  it("is a fault from 500 on, and a refusal below", () => {
    assert.deepStrictEqual([418, 500, 501, 599, 999].map(fromStatus), [
      "Invalid",
      "ServerError",
      fromStatus(501),
      "ServerError",
      "ServerError"
    ])
    assert.isUndefined(fromStatus(undefined))
    assert.deepStrictEqual(
      [399, 400, 599, 600, 400.5, "404", undefined].map((status) => isErrorStatus(status)),
      [false, true, true, false, false, false, false]
    )
  })
})

describe("a value", () => {
  it("has fields if it is an object or a function", () => {
    assert.deepStrictEqual([{}, [], () => {}, null, undefined, "a", 1].map(isFields), [
      true,
      true,
      true,
      false,
      false,
      false,
      false
    ])
    assert.isUndefined(read(null, "length"))
    assert.isUndefined(read("text", "length"))
    assert.deepStrictEqual(keysOf(["a", "b"], 1), ["0"])
    const thrower = Object.defineProperty({}, "x", { get: () => assert.fail("no") })
    assert.isUndefined(read(thrower, "x"))
  })

  it("has headers in lower case, without blanks around them, and not longer than is read", () => {
    const headers = lowerHeaders({ " Retry-After ": " 5 ", long: "x".repeat(3_000), ["y".repeat(200)]: "z" })
    assert.strictEqual(headers["retry-after"], "5")
    assert.lengthOf(headers.long!, 2_048)
    assert.strictEqual(headers["y".repeat(128)], "z")
    assert.deepStrictEqual(lowerHeaders(undefined), {})
  })
})

describe("a text", () => {
  it("is matched without links, quotes and advice", () => {
    assert.strictEqual(prepare("See http://a.test/x and  https://b.test/y now"), "see and now")
    assert.include(prepare("You don’t have access"), "don't")
    assert.strictEqual(prepare("Done!!! Next... "), "done. next")
  })

  it("means something else with some statuses only", () => {
    const text = "the container was not found"
    assert.strictEqual(fromText(prepare(text), 404)?.as, "Unsupported")
    assert.strictEqual(fromText(prepare(text))?.as, "Unsupported")
    for (const status of [402, 429, 500])
      assert.notStrictEqual(fromText(prepare(text), status)?.as, "Unsupported")
    assert.isUndefined(fromText(""))
  })

  it("begins with the names of what was thrown", () => {
    assert.deepStrictEqual(
      leadingNames("Error: ThrottlingException:  slow down"),
      leadingNames("Error: ThrottlingException: slow down")
    )
    assert.include(leadingNames("ThrottlingException: slow down"), "ThrottlingException")
  })
})

describe("an error of a transport", () => {
  it("is followed to what caused it, each once", () => {
    const inner = new Error("inner")
    const outer = new Error("outer", { cause: inner })
    Object.assign(inner, { cause: outer })
    assert.deepStrictEqual(chainOf(outer), [outer, inner])
    assert.deepStrictEqual(chainOf(null), [])
    assert.deepStrictEqual(chainOf(undefined), [])
    let deep: Error = new Error("0")
    for (let i = 1; i < 100; i++) deep = new Error(String(i), { cause: deep })
    assert.isBelow(chainOf(deep).length, 50)
  })
})

describe("a code that is a throttle at one status", () => {
  it("is named as what has decided", () => {
    const failure = classify({
      status: 429,
      body: { error: { code: "token_limit_exceeded", message: "no" } }
    } as never)
    assert.deepStrictEqual(
      [Failure.classOf(failure), failure.evidence],
      ["RateLimit", "code=token_limit_exceeded"]
    )
  })
})
