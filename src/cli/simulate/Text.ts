/** The report of a simulation as plain text of at most 100 columns. */
import type { Report } from "../../simulator/report/Report.ts"
import type { Spread } from "../../simulator/report/Times.ts"
import { many, momentsOf, ratio, time } from "../../simulator/report/Units.ts"
import { section, table, wrap } from "./Layout.ts"
import * as Spending from "./Spending.ts"
import * as Story from "./Story.ts"

/** The most targets with a column in the table of intervals. */
const mostColumns = 8

/** The whole report. */
export const format = (report: Report): string =>
  [
    head(report),
    result(report),
    section("FAULTS", table(faults(report), [0])),
    section("WHAT HAPPENED", Story.lines(report)),
    section("TARGETS", targets(report)),
    section("WHO ANSWERED", intervals(report))
  ]
    .filter((part) => part !== "")
    .join("\n\n")

/** The title, the requests and how they were simulated. */
export const head = (report: Report): string => {
  const { about, title } = report
  return [title, about, asked(report), called(report)]
    .flatMap((text) => (text === undefined ? [] : wrap(text)))
    .join("\n")
}

/** How it was simulated, and what its times are. */
export const called = ({ startsAt }: Report): string =>
  `In virtual time; no provider was called.${startsAt === undefined ? "" : " Times are those of the log, in UTC."}`

/** The requests, in one sentence. */
export const asked = ({ duration, model, perSecond, requests, seed, stream }: Report): string =>
  `${many(requests.asked, "request")} for ${model}${stream ? ", streamed" : ""}: ${perSecond} a second for ${time(duration)} (seed ${seed}).`

// -- result -------------------------------------------------------------------------------------------------------

/** The result, in one sentence. */
export const verdict = ({ requests: { answered, asked, broken, failed } }: Report): string => {
  const lost = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(broken > 0 ? [`${broken} broke off after the first word`] : [])
  ]
  return answered === asked
    ? `Nothing was lost: all ${asked} requests were answered.`
    : `${asked - answered} of ${many(asked, "request")} ${asked - answered === 1 ? "was" : "were"} lost: ${lost.join(", ")}.`
}

const result = (report: Report): string => {
  const { requests, stream, times } = report
  const { asked, atOnce, calls, errors, failovers, hedged, hedges, rescued, retries } = requests
  const to = stream ? "first word" : "answer"
  const rows: Array<ReadonlyArray<string>> = [
    ["", "requests", `to the ${to}: p50`, "p95", "p99", "longest"],
    ["answered by the first call", String(atOnce), ...spread(times.atOnce)],
    ...(hedged === 0
      ? []
      : [["answered with a hedge, no call failed", String(hedged), ...spread(times.hedged)]]),
    ...(rescued === 0
      ? []
      : [
          ["rescued after a failed call", String(rescued), ...spread(times.rescued)],
          ["  of that lost before", "", ...spread(times.added)]
        ]),
    ...Object.entries(errors).map(([error, count]) => [`got ${error}`, String(count)])
  ]
  const each = calls === asked ? "" : ` (${ratio(calls / asked)} a request)`
  const more = [
    `${many(calls, "call")}${each}: ${many(retries, "retry").replace(/ys$/, "ies")}, ${many(failovers, "failover")}${hedges === 0 ? "" : `, ${many(hedges, "hedge")}`}.`,
    ...Spending.lines(report)
  ]
  return section("RESULT", [verdict(report), "", ...table(rows, [0]), "", ...more])
}

const spread = (times: Spread | undefined): ReadonlyArray<string> =>
  times === undefined
    ? ["–", "–", "–", "–"]
    : [time(times.p50), time(times.p95), time(times.p99), time(times.max)]

// -- faults and targets -------------------------------------------------------------------------------------------

/** The table of faults: a row of heads, and a row for each fault; empty without faults. */
export const faults = (report: Report): ReadonlyArray<ReadonlyArray<string>> =>
  report.faults.length === 0
    ? []
    : [
        ["what", "from", "until", "calls that met it", "served again after"],
        ...report.faults.map((fault) => [
          Story.describe(fault),
          momentsOf(report).roundMoment(fault.from),
          fault.until < report.duration ? momentsOf(report).roundMoment(fault.until) : "the end",
          String(fault.calls),
          fault.backAfter === undefined
            ? "–"
            : fault.backAfter === "never"
              ? "not before the end"
              : time(fault.backAfter)
        ])
      ]

const targets = (report: Report): ReadonlyArray<string> => {
  const hasDropped = report.targets.some(({ dropped }) => dropped > 0)
  return table(
    [
      ["", "target", "calls", "answered", "probes", ...(hasDropped ? ["dropped"] : []), "failures"],
      ...report.targets.map(({ answered, calls, dropped, failures, probes, target }, index) => [
        letter(index),
        target,
        String(calls),
        String(answered),
        String(probes),
        ...(hasDropped ? [String(dropped)] : []),
        Object.entries(failures)
          .map(([name, count]) => `${name} ${count}`)
          .join(", ")
      ])
    ],
    [0, 1, hasDropped ? 6 : 5]
  )
}

const letter = (index: number): string =>
  String.fromCharCode(65 + (index % 26)).repeat(1 + Math.floor(index / 26))

// -- intervals ----------------------------------------------------------------------------------------------------

const intervals = (report: Report): ReadonlyArray<string> => {
  const serving = report.targets
    .map(({ target }, index) => ({ target, name: letter(index) }))
    .filter(({ target }) => report.intervals.some(({ served }) => (served[target] ?? 0) > 0))
  const shown = serving.slice(0, mostColumns)
  const others = serving.slice(mostColumns)
  const sum = (served: Readonly<Record<string, number>>, of: typeof serving) =>
    of.reduce((total, { target }) => total + (served[target] ?? 0), 0)
  const hasLost = report.intervals.some(({ lost }) => lost > 0)
  const { roundMoment } = momentsOf(report)
  const cell = (count: number) => (count === 0 ? "·" : String(count))
  const header = [
    "from",
    "asked",
    ...shown.map(({ name }) => name),
    ...(others.length > 0 ? ["others"] : []),
    ...(hasLost ? ["lost"] : []),
    "p95",
    "faults"
  ]
  const rows = report.intervals.map(({ asked, from, lost, p95, served }) => [
    roundMoment(from),
    String(asked),
    ...shown.map(({ target }) => cell(served[target] ?? 0)),
    ...(others.length > 0 ? [cell(sum(served, others))] : []),
    ...(hasLost ? [cell(lost)] : []),
    p95 === undefined ? "–" : time(p95),
    active(report, from)
  ])
  return table([header, ...rows], [header.length - 1])
}

/** The faults that were active in an interval; `throttled ×2` if two targets had one. */
const active = ({ faults, step }: Report, from: number): string => {
  const counts = new Map<string, number>()
  for (const { fault, from: begin, until } of faults) {
    if (begin < from + step && from < until) counts.set(fault, (counts.get(fault) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`)).join(", ")
}
