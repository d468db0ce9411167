/** Compares two reports of one scenario, as text and in one sentence. */
import * as Compare from "../../simulator/report/Compare.ts"
import type { Report } from "../../simulator/report/Report.ts"
import { percent, ratio, time } from "../../simulator/report/Units.ts"
import { section, table, wrap } from "./Layout.ts"
import { money } from "./Spending.ts"
import { head } from "./Text.ts"

/** A report with the name of its config. */
export interface Named {
  readonly name: string
  readonly report: Report
}

/** The comparison as plain text of at most 100 columns. */
export const format = (one: Named, other: Named): string => {
  const note = noteOf(one, other)
  return [
    head(one.report),
    section("COMPARED", [
      ...wrap(sentence(one, other)),
      ...(note === undefined ? [] : wrap(note)),
      "",
      ...tableOf(one, other)
    ])
  ].join("\n\n")
}

/** Notes on the second report only, such as requests of a log for models that its config does not have. */
export const noteOf = (one: Named, { name, report }: Named): string | undefined =>
  report.about === undefined || report.about === one.report.about
    ? undefined
    : `With ${name}: ${report.about}`

/** The largest difference, in one sentence. */
export const sentence = (one: Named, other: Named): string => {
  const row = Compare.most(Compare.rows(one.report, other.report))
  if (row === undefined) return `${one.name} and ${other.name} do the same here.`
  const write = cell(row.measure)
  return `What differs most: with ${one.name} ${said[row.measure](write(row.one), one.report)}, with ${
    other.name
  } ${said[row.measure](write(row.other), other.report)}.`
}

const tableOf = (one: Named, other: Named): ReadonlyArray<string> =>
  table([["", one.name, other.name], ...cells(one.report, other.report)], [0])

/** The rows of the table: a measure and both values. */
export const cells = (one: Report, other: Report): ReadonlyArray<readonly [string, string, string]> =>
  Compare.rows(one, other).map(({ measure, ...row }) => [
    names(one)[measure],
    cell(measure)(row.one),
    cell(measure)(row.other)
  ])

const cell =
  (measure: Compare.Measure) =>
  (value: number): string => {
    switch (measure) {
      case "lost":
      case "atOneTarget":
      case "cached":
        return percent(value)
      case "calls":
        return ratio(value)
      case "cost":
        return money(value)
      default:
        return Number.isFinite(value) ? time(value) : "not before the end"
    }
  }

const names = ({ stream }: Report): { readonly [M in Compare.Measure]: string } => {
  const to = stream ? "first word" : "answer"
  return {
    lost: "requests lost",
    p50: `to the ${to}: p50`,
    p95: "  p95",
    p99: "  p99",
    longest: "  longest",
    calls: "calls a request",
    back: "served again after the last fault's end, at most",
    atOneTarget: "turns at their conversation's target",
    cached: "tokens read from prompt caches",
    cost: "cost"
  }
}

const late = (share: string) => (value: string, report: Report) =>
  `${share} of the ${report.stream ? "first words" : "answers"} take longer than ${value}`

const said: { readonly [M in Compare.Measure]: (value: string, report: Report) => string } = {
  lost: (_, { requests: { answered, asked } }) => `${asked - answered} of ${asked} requests are lost`,
  p50: late("half"),
  p95: late("5 %"),
  p99: late("1 %"),
  longest: (value, { stream }) => `the longest wait for ${stream ? "a first word" : "an answer"} is ${value}`,
  calls: (value) => `a request takes ${value} calls`,
  back: (value) =>
    /\d/.test(value)
      ? `a target serves again ${value} after its fault`
      : "a target does not serve again before the end",
  atOneTarget: (value) => `${value} of the turns stay at their conversation's target`,
  cached: (value) => `${value} of the tokens come from prompt caches`,
  cost: (value) => `it costs ${value}`
}
