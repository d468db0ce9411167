/** The story of a simulation as lines to read. */
import type { FaultReport } from "../../simulator/report/Parts.ts"
import type { Report } from "../../simulator/report/Report.ts"
import type { Entry } from "../../simulator/report/Timeline.ts"
import { many, moment, time } from "../../simulator/report/Units.ts"

/** A key that is benched more often than this is described in full for the first times only. */
const mostRests = 4
const inFull = 2

/** The lines, in the order of the story. */
export const lines = ({ faults, timeline }: Report): ReadonlyArray<string> =>
  shortened(timeline).map((part) => (typeof part === "string" ? part : line(part, faults)))

/** What broke, in a word or two. */
export const describe = ({ fault, share, target }: FaultReport): string =>
  `${target === "*" ? "every target" : target}: ${fault}${share < 1 ? ` (${Math.round(share * 100)} %)` : ""}`

const line = (entry: Entry, faults: ReadonlyArray<FaultReport>): string => {
  const at = place(entry.at)
  switch (entry.what) {
    case "begins":
    case "over": {
      const fault = faults[entry.fault]
      return `${at}── ${fault === undefined ? "" : describe(fault)} ${entry.what === "begins" ? "begins" : "is over"} ──`
    }
    case "rests":
      return `${at}${entry.key} rests until ${until(entry.until)}: ${entry.reason ?? ""}${
        entry.evidence === undefined ? "" : ` (${entry.evidence})`
      }`
    case "fails":
      return `${at}${entry.key} fails ${tries(entry)} (${entry.reason ?? ""})${
        entry.probes + entry.lastTries > 1 ? `, until ${moment(entry.last)}` : ""
      }; rests until ${until(entry.until)}`
    case "back":
      return `${at}${entry.key} answers again, after ${time(entry.rested)}`
    case "lost":
      return `${at}${many(entry.requests, "request")} lost${
        entry.requests > 1 ? ` until ${moment(entry.last)}` : ""
      }: ${entry.error}`
  }
}

const place = (at: number): string => `${moment(at).padStart(8)}  `

const until = (millis: number): string =>
  millis === Number.POSITIVE_INFINITY ? "somebody acts" : moment(millis)

const tries = ({ lastTries, probes }: Extract<Entry, { readonly what: "fails" }>): string =>
  [
    ...(probes > 0 ? [many(probes, "probe")] : []),
    ...(lastTries > 0 ? [lastTries === 1 ? "1 last try" : `${lastTries} last tries`] : [])
  ].join(" and ")

type About = Extract<Entry, { readonly key: string }>

/** The same with one line for all the rests of a key that comes and goes, but the first ones and the end of the last. */
const shortened = (timeline: ReadonlyArray<Entry>): ReadonlyArray<Entry | string> => {
  const rests = new Map<string, ReadonlyArray<About>>()
  for (const entry of timeline) {
    if (entry.what === "rests") rests.set(entry.key, [...(rests.get(entry.key) ?? []), entry])
  }
  return timeline.flatMap((entry): ReadonlyArray<Entry | string> => {
    const all = "key" in entry ? (rests.get(entry.key) ?? []) : []
    const folded = all[inFull]
    const last = all.at(-1)
    if (!("key" in entry) || all.length <= mostRests || folded === undefined || last === undefined)
      return [entry]
    if (entry === folded) {
      return [
        `${place(entry.at)}${entry.key} rests ${all.length - inFull} more times, the last at ${moment(last.at)}`
      ]
    }
    return entry.at < folded.at || entry.at > last.at ? [entry] : []
  })
}
