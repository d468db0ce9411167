/** What experiments look at. */
import { percent, ratio, time } from "../report/Units.ts"
import type { Column } from "./Experiment.ts"

/** Requests that got no whole answer. */
export const lost: Column = {
  name: "lost",
  of: ({ requests: { answered, asked } }) => (answered === asked ? "0" : `${asked - answered} of ${asked}`)
}

const late = (name: string, of: "p50" | "p95" | "p99" | "max"): Column => ({
  name,
  of: ({ times }) => (times.all === undefined ? "–" : time(times.all[of]))
})

/** Times to the first word, or to the answer. */
export const p50 = late("p50", "p50")
export const p95 = late("p95", "p95")
export const p99 = late("p99", "p99")
export const longest = late("longest", "max")

/** Calls to targets for each request. */
export const calls: Column = {
  name: "calls a request",
  of: ({ requests: { asked, calls } }) => ratio(calls / asked)
}

/** Calls that met the first fault. */
export const met: Column = { name: "calls that met it", of: ({ faults }) => String(faults[0]?.calls ?? 0) }

/** From the end of the first fault until a target of it served again. */
export const back: Column = {
  name: "served again after",
  of: ({ faults: [fault] }) =>
    fault?.backAfter === undefined ? "–" : fault.backAfter === "never" ? "never" : time(fault.backAfter)
}

/** The share of answers that the first target of the chain gave. */
export const first: Column = {
  name: "by the first target",
  of: ({ requests: { answered }, targets: [target] }) =>
    percent(answered === 0 ? 0 : (target?.answered ?? 0) / answered)
}
