/** The numbers that experiments compare. */
import type { Report } from "../report/Report.ts"
import { percent, ratio, time } from "../report/Units.ts"
import type { Column } from "./Experiment.ts"

const sum = (reports: ReadonlyArray<Report>, of: (report: Report) => number): number =>
  reports.reduce((total, report) => total + of(report), 0)

/** Requests that got no whole answer. */
export const lost: Column = {
  name: "lost",
  of: (reports) => {
    const asked = sum(reports, ({ requests }) => requests.asked)
    const lost = asked - sum(reports, ({ requests }) => requests.answered)
    return lost === 0 ? "0" : `${lost} of ${asked}`
  }
}

/** A percentile; of several runs, the worst one. */
const late = (name: string, of: "p50" | "p95" | "p99" | "max"): Column => ({
  name,
  of: (reports) => time(Math.max(0, ...reports.map(({ times }) => times.all?.[of] ?? 0)))
})

/** Times to the first word, or to the answer. */
export const p95 = late("p95", "p95")
/** The same, 99th percentile. */
export const p99 = late("p99", "p99")
/** The longest of them. */
export const longest = late("longest", "max")

/** Calls to targets for each request. */
export const calls: Column = {
  name: "calls a request",
  of: (reports) =>
    ratio(sum(reports, ({ requests }) => requests.calls) / sum(reports, ({ requests }) => requests.asked))
}

/** Calls that met the first fault. */
export const met: Column = {
  name: "calls that met it",
  of: (reports) => String(Math.round(sum(reports, ({ faults }) => faults[0]?.calls ?? 0) / reports.length))
}

/** The share of the calls to the first target that met the first fault. */
export const refused: Column = {
  name: "of its calls refused",
  of: (reports) =>
    percent(
      sum(reports, ({ faults }) => faults[0]?.calls ?? 0) /
        Math.max(
          1,
          sum(reports, ({ targets: [target] }) => target?.calls ?? 0)
        )
    )
}

/** From the end of the first fault until one of its targets served again; of several runs, the mean and the longest. */
export const back: Column = {
  name: "served again after",
  of: (reports) => {
    const backs = reports.map(({ faults: [fault] }) =>
      typeof fault?.backAfter === "number" ? fault.backAfter : Number.POSITIVE_INFINITY
    )
    const longest = Math.max(...backs)
    if (!Number.isFinite(longest)) return "never"
    const mean = backs.reduce((total, each) => total + each, 0) / backs.length
    return backs.length === 1 ? time(longest) : `${time(mean)}, at most ${time(longest)}`
  }
}

/** The share of answers that the first target of the chain gave. */
export const first: Column = {
  name: "by the first target",
  of: (reports) =>
    percent(
      sum(reports, ({ targets: [target] }) => target?.answered ?? 0) /
        Math.max(
          1,
          sum(reports, ({ requests }) => requests.answered)
        )
    )
}
