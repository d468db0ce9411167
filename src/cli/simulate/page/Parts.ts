/** The parts of the page that are not charts. */
import type { RequestRecord } from "../../../simulator/report/Journal.ts"
import type { Report } from "../../../simulator/report/Report.ts"
import { type Moments, momentsOf, percent, ratio, time } from "../../../simulator/report/Units.ts"
import { money } from "../Spending.ts"
import * as Story from "../Story.ts"
import * as Text from "../Text.ts"
import { escape, section, table } from "./Html.ts"

/** The result, in one sentence. */
export const verdict = (report: Report): string => {
  const isGood = report.requests.answered === report.requests.asked
  return `<p class="verdict${isGood ? "" : " bad"}">${escape(Text.verdict(report))}</p>`
}

/** The most important numbers. */
export const tiles = (report: Report): string => {
  const { conversations, cost, requests, stream, times, tokens } = report
  const { asked, calls, hedged, rescued } = requests
  const to = stream ? "first word" : "answer"
  const all: ReadonlyArray<readonly [string, string] | undefined> = [
    times.all && [time(times.all.p50), `to the ${to}, p50`],
    times.all && [time(times.all.p95), "p95"],
    times.all && [time(times.all.p99), "p99"],
    times.all && [time(times.all.max), "longest"],
    hedged === 0 ? undefined : [String(hedged), "answered with a hedge"],
    [String(rescued), "rescued after a failed call"],
    [ratio(calls / asked), "calls a request"],
    conversations && [percent(conversations.atOneTarget), "of turns at one target"],
    conversations && [
      percent(tokens.input === 0 ? 0 : tokens.cached / tokens.input),
      "of tokens from caches"
    ],
    cost === undefined ? undefined : [money(cost), "cost"]
  ]
  return `<div class="tiles">${all
    .flatMap((tile) => (tile === undefined ? [] : [tile]))
    .map(([value, name]) => `<div><b>${escape(value)}</b><span>${escape(name)}</span></div>`)
    .join("")}</div>`
}

/** The table of targets. */
export const targets = ({ targets }: Report): string => {
  const hasCost = targets.some(({ cost }) => cost !== undefined)
  const hasDropped = targets.some(({ dropped }) => dropped > 0)
  const optional = [...(hasDropped ? ["dropped"] : []), ...(hasCost ? ["cost"] : [])]
  return section(
    "Targets",
    table(
      ["target", "calls", "answered", "probes", ...optional, "failures"],
      targets.map(({ answered, calls, cost, dropped, failures, probes, target }) => [
        target,
        String(calls),
        String(answered),
        String(probes),
        ...(hasDropped ? [String(dropped)] : []),
        ...(hasCost ? [cost === undefined ? "–" : money(cost)] : []),
        Object.entries(failures)
          .map(([name, count]) => `${name} ${count}`)
          .join(", ")
      ]),
      [1, 2, 3, ...optional.map((_, index) => index + 4)]
    )
  )
}

/** The table of faults. */
export const faults = (report: Report): string => {
  const [heads, ...rows] = Text.faults(report)
  return heads === undefined ? "" : section("Faults", table(heads, rows, [1, 2, 3, 4]))
}

/** The timeline, line by line. */
export const story = (report: Report): string => {
  const lines = Story.lines(report)
  return lines.length === 0
    ? ""
    : section("What happened", `<ol>${lines.map((line) => `<li>${escape(line)}</li>`).join("")}</ol>`)
}

/** Some requests, call by call. */
export const examples = (report: Report): string => {
  const { lost, rescued } = report.examples
  const { moment } = momentsOf(report)
  return section(
    "Some requests, call by call",
    shown("The first lost requests", lost, moment) + shown("The first rescued requests", rescued, moment)
  )
}

const shown = (title: string, requests: ReadonlyArray<RequestRecord>, moment: Moments["moment"]): string =>
  requests.length === 0
    ? ""
    : `<details><summary>${escape(title)}</summary>${table(
        ["came", "got", "calls"],
        requests.map(({ at, calls, error, took }) => [
          moment(at),
          error ?? `an answer after ${time(took ?? 0)}`,
          calls
            .map(({ at, outcome, target }) => `${moment(at)} ${target}: ${outcome ?? "given up"}`)
            .join("; ")
        ]),
        [0]
      )}</details>`
