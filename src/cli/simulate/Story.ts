/** Formats the timeline of a simulation. */
import type { FaultReport } from "../../simulator/report/Parts.ts"
import type { Report } from "../../simulator/report/Report.ts"
import type { Entry } from "../../simulator/report/Timeline.ts"
import { type Moments, many, momentsOf, time } from "../../simulator/report/Units.ts"

/** If a key is benched more often than this, only the first times are described in full. */
const mostBenches = 4
const inFull = 2

/** The lines of the timeline, as text. */
export const lines = (report: Report): ReadonlyArray<string> => {
  const { faults, timeline } = report
  const { moment } = momentsOf(report)
  return shortened(timeline, moment).map((part) =>
    typeof part === "string" ? part : line(part, faults, moment)
  )
}

/** A fault and its target, in a few words. */
export const describe = ({ fault, share, target }: FaultReport): string =>
  `${target === "*" ? "every target" : target}: ${fault}${share < 1 ? ` (${Math.round(share * 100)} %)` : ""}`

const line = (entry: Entry, faults: ReadonlyArray<FaultReport>, moment: Moments["moment"]): string => {
  const at = place(entry.at, moment)
  switch (entry.what) {
    case "begins":
    case "over": {
      const fault = faults[entry.fault]
      return `${at}── ${fault === undefined ? "" : describe(fault)} ${entry.what === "begins" ? "begins" : "is over"} ──`
    }
    case "rests":
      return `${at}${entry.key} is benched until ${until(entry.until, moment)}: ${entry.reason ?? ""}${
        entry.evidence === undefined ? "" : ` (${entry.evidence})`
      }`
    case "fails":
      return `${at}${entry.key} fails ${tries(entry)} (${entry.reason ?? ""})${
        entry.probes + entry.lastTries > 1 ? `, until ${moment(entry.last)}` : ""
      }; benched until ${until(entry.until, moment)}`
    case "back":
      return `${at}${entry.key} answers again, after ${time(entry.rested)}`
    case "lost":
      return `${at}${many(entry.requests, "request")} lost${
        entry.requests > 1 ? ` until ${moment(entry.last)}` : ""
      }: ${entry.error}`
  }
}

const place = (at: number, moment: Moments["moment"]): string => `${moment(at).padStart(8)}  `

const until = (millis: number, moment: Moments["moment"]): string =>
  millis === Number.POSITIVE_INFINITY ? "it is unbenched" : moment(millis)

const tries = ({ lastTries, probes }: Extract<Entry, { readonly what: "fails" }>): string =>
  [
    ...(probes > 0 ? [many(probes, "probe")] : []),
    ...(lastTries > 0 ? [lastTries === 1 ? "1 last attempt" : `${lastTries} last attempts`] : [])
  ].join(" and ")

type About = Extract<Entry, { readonly key: string }>

/** The timeline with one line for all further benches of a key after the first ones. */
const shortened = (
  timeline: ReadonlyArray<Entry>,
  moment: Moments["moment"]
): ReadonlyArray<Entry | string> => {
  const rests = new Map<string, ReadonlyArray<About>>()
  for (const entry of timeline) {
    if (entry.what === "rests") rests.set(entry.key, [...(rests.get(entry.key) ?? []), entry])
  }
  return timeline.flatMap((entry): ReadonlyArray<Entry | string> => {
    const all = "key" in entry ? (rests.get(entry.key) ?? []) : []
    const folded = all[inFull]
    const last = all.at(-1)
    if (!("key" in entry) || all.length <= mostBenches || folded === undefined || last === undefined)
      return [entry]
    if (entry === folded) {
      return [
        `${place(entry.at, moment)}${entry.key} is benched ${all.length - inFull} more times, the last at ${moment(last.at)}`
      ]
    }
    return entry.at < folded.at || entry.at > last.at ? [entry] : []
  })
}
