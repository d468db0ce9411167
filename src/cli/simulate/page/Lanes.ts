/** When faults were active and keys benched: a lane for each. */
import type { Report } from "../../../simulator/report/Report.ts"
import { type Moments, momentsOf } from "../../../simulator/report/Units.ts"
import * as Story from "../Story.ts"
import { escape } from "./Html.ts"
import { round, times } from "./Plot.ts"

interface Bar {
  readonly from: number
  readonly until: number
  readonly text: string
}

interface Lane {
  readonly name: string
  readonly kind: "fault" | "rest"
  readonly bars: ReadonlyArray<Bar>
}

/** The most lanes that are drawn. */
const mostLanes = 24

/** The lanes of a report; empty where nothing broke and nothing was benched. */
export const format = (report: Report): string => {
  const lanes = [...faultsOf(report), ...restsOf(report)]
  if (lanes.length === 0) return ""
  const { duration, startsAt } = report
  const drawn = lanes.slice(0, mostLanes).map(({ bars, kind, name }) => {
    const all = bars
      .map(({ from, text, until }) => {
        const left = round((100 * from) / duration)
        const wide = Math.max(0.2, round((100 * (Math.min(until, duration) - from)) / duration))
        return `<i style="left:${left}%;width:${wide}%" title="${escape(text)}"></i>`
      })
      .join("")
    return `<div class="lane ${kind}"><span title="${escape(name)}">${escape(name)}</span><div>${all}</div></div>`
  })
  const more = lanes.length > mostLanes ? `<p class="small">and ${lanes.length - mostLanes} more</p>` : ""
  return `<figure><figcaption><b>Faults, and what was benched</b><span class="legend"><span><i style="background:var(--fault)"></i>fault</span><span><i style="background:var(--rest)"></i>on the bench</span></span></figcaption>${drawn.join("")}<div class="lane"><span></span><div class="axis">${times({ duration, startsAt })}</div></div>${more}</figure>`
}

const faultsOf = (report: Report): ReadonlyArray<Lane> =>
  report.faults.map((fault) => ({
    name: Story.describe(fault),
    kind: "fault",
    bars: spans(fault, report.duration).map((span) => ({
      ...span,
      text: `${Story.describe(fault)}, ${range(span, momentsOf(report))}`
    }))
  }))

const spans = ({ every, from, lasts, until }: Report["faults"][number], duration: number) => {
  const end = Math.min(until, duration)
  const all: Array<{ readonly from: number; readonly until: number }> = []
  const step = every ?? end - from
  for (let at = from; at < end; at += step) {
    all.push({ from: at, until: Math.min(end, at + (lasts ?? step)) })
  }
  return all
}

const restsOf = (report: Report): ReadonlyArray<Lane> => {
  const { duration, timeline } = report
  const lanes = new Map<string, Array<Bar>>()
  const open = new Map<string, { readonly from: number; readonly reason: string }>()
  const close = (key: string, until: number) => {
    const rest = open.get(key)
    if (rest === undefined) return
    open.delete(key)
    const span = { from: rest.from, until }
    lanes
      .get(key)
      ?.push({ ...span, text: `${key} benched, ${range(span, momentsOf(report))}: ${rest.reason}` })
  }
  for (const entry of timeline) {
    if (entry.what === "rests") {
      if (!lanes.has(entry.key)) lanes.set(entry.key, [])
      open.set(entry.key, { from: entry.at, reason: entry.reason ?? "" })
    } else if (entry.what === "back") close(entry.key, entry.at)
  }
  for (const key of [...open.keys()]) close(key, duration)
  return [...lanes].map(([name, bars]) => ({ name, kind: "rest", bars }))
}

const range = (
  { from, until }: { readonly from: number; readonly until: number },
  { roundMoment }: Moments
): string => `${roundMoment(from)} to ${roundMoment(until)}`
