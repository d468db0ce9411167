/** Durations, dates and bare numbers, to the millisecond. */
import { assert, describe, it } from "@effect/vitest"
import { day, fromNumber, parseDuration, sane, untilDate } from "../../src/classifier/signals/Durations.ts"

describe("a duration", () => {
  it.each([
    ["5ns", 0],
    ["900us", 1],
    ["900µs", 1],
    ["7ms", 7],
    ["7 msecs", 7],
    ["7 msec", 7],
    ["7 milliseconds", 7],
    ["7 millisecond", 7],
    ["2s", 2_000],
    ["2 sec", 2_000],
    ["2 secs", 2_000],
    ["2 second", 2_000],
    ["2 seconds", 2_000],
    ["2秒", 2_000],
    ["2m", 120_000],
    ["2 min", 120_000],
    ["2 mins", 120_000],
    ["2 minute", 120_000],
    ["2 minutes", 120_000],
    ["2分钟", 120_000],
    ["2分", 120_000],
    ["2h", 7_200_000],
    ["2hr", 7_200_000],
    ["2hrs", 7_200_000],
    ["2 hour", 7_200_000],
    ["2 hours", 7_200_000],
    ["2小时", 7_200_000],
    ["2d", 2 * day],
    ["2 day", 2 * day],
    ["2 days", 2 * day],
    ["2天", 2 * day],
    ["1 week", 7 * day],
    ["2 weeks", 14 * day],
    ["  About 2 S ", 2_000],
    ["~2s", 2_000],
    ["approximately 2s", 2_000],
    ["1.5 hours", 5_400_000],
    ["1h30m", 5_400_000],
    ["1 hour and 30 minutes", 5_400_000],
    ["1 hour, 30 minutes", 5_400_000],
    ["1d 2h 3m 4s 5ms", day + 7_384_005],
    ["00:00:01.5", 1_500],
    ["1:02:03", 3_723_000],
    ["0100:00:00", 360_000_000],
    ["400 days", 400 * day],
    ["401 days", undefined],
    ["10000:00:00", undefined],
    ["1:2:03", undefined],
    ["1:02:3", undefined],
    ["x1:02:03", undefined],
    ["1:02:03x", undefined],
    ["2s left", undefined],
    ["in 2s", undefined],
    ["2 sx", undefined],
    ["2", undefined],
    [`${" ".repeat(130)}2s`, undefined]
  ])("%j is %s ms", (text, expected) => {
    assert.strictEqual(parseDuration(text), expected)
  })
})

describe("a plausible wait", () => {
  it("is a finite number from 0 to 400 days, in whole milliseconds", () => {
    assert.deepStrictEqual(
      [0, 1.4, 1.5, -1, 400 * day, 400 * day + 1, Number.NaN, Number.POSITIVE_INFINITY].map(sane),
      [0, 1, 2, undefined, 400 * day, undefined, undefined, undefined]
    )
  })
})

describe("a bare number", () => {
  const now = 1_500_000_000_000
  it.each([
    [0, 0],
    [999_999, 999_999_000],
    [1e6, undefined],
    [999_999_999, undefined],
    [1e9, 0],
    [1_500_000_060, 60_000],
    [9_999_999_999, undefined],
    [1e10, undefined],
    [1e12 - 1, undefined],
    [1e12, 0],
    [1_500_000_060_000, 60_000],
    [1e13, undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined]
  ])("%d is %s ms from now", (value, expected) => {
    assert.strictEqual(fromNumber(value, now), expected)
  })

  it("is not a moment if the present time is unknown", () => {
    assert.deepStrictEqual(
      [fromNumber(5, undefined), fromNumber(1_500_000_060, undefined), fromNumber(1.5e12, undefined)],
      [5_000, undefined, undefined]
    )
  })
})

describe("a date", () => {
  const now = Date.parse("2026-03-06T22:00:00Z")
  it.each([
    ["2026-03-06T22:01:00Z", 60_000],
    ["2026-03-06T22:01:00.5Z", 60_500],
    ["2026-03-06T22:01Z", 60_000],
    ["2026-03-06 22:01:00", 60_000],
    ["2026-03-06 at 22:01 UTC", 60_000],
    ["2026-03-06, at 22:01 GMT", 60_000],
    ["2026-03-07", 7_200_000],
    ["2026-03-07 1:00", 10_800_000],
    ["2026-03-07T00:01:00+02:00", 60_000],
    ["2026-03-07T00:01:00+0200", 60_000],
    ["2026-03-06T20:01:00-02:00", 60_000],
    ["  2026-03-06T22:01:00z", 60_000],
    ["Fri, 06 Mar 2026 22:01:00 GMT", 60_000],
    ["2026-03-06T21:00:00Z", 0],
    ["2027-12-06T21:00:00Z", undefined],
    ["2026-13-06", undefined],
    ["06 Mar 2026 22:01:00 GMT", undefined],
    ["on 2026-03-06T22:01:00Z", undefined],
    ["2026-03-06T22:01:00Zulu", 60_000],
    ["soon", undefined],
    ["Fri", undefined]
  ])("%j is %s ms from now", (text, expected) => {
    assert.strictEqual(untilDate(text, now), expected)
  })

  it("without a zone is in the given one", () => {
    assert.strictEqual(untilDate("2026-03-07 06:01:00", now, "+08:00"), 60_000)
    assert.strictEqual(untilDate("2026-03-06 22:01:00 UTC", now, "+08:00"), 60_000)
  })

  it("is nothing if the present time is unknown", () => {
    assert.isUndefined(untilDate("2026-03-07", undefined))
  })
})
