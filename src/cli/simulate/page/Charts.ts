/** The charts of a report: the targets that answered, the times, and the calls per request. */
import type { Interval } from "../../../simulator/report/Parts.ts"
import type { Report } from "../../../simulator/report/Report.ts"
import { momentsOf, time } from "../../../simulator/report/Units.ts"
import { chart, type Frame, height, round, type Scale } from "./Plot.ts"

/** The highest values of the axes; two reports side by side share them. */
export interface Most {
  readonly asked: number
  readonly late: number
  readonly calls: number
  /** The targets in the order of their colours. */
  readonly targets: ReadonlyArray<string>
}

/** The highest values of a report, and its targets. */
export const mostOf = ({ fine, targets }: Report): Most => ({
  asked: highest(fine.intervals, ({ asked }) => asked),
  late: highest(fine.intervals, ({ p99 = 0 }) => p99),
  calls: Math.max(2, highest(fine.intervals, callsOf)),
  targets: targets.map(({ target }) => target)
})

const highest = (intervals: ReadonlyArray<Interval>, of: (interval: Interval) => number): number =>
  intervals.reduce((most, interval) => Math.max(most, of(interval)), 0)

const callsOf = ({ asked, calls }: Interval): number => (asked === 0 ? 0 : calls / asked)

/** The colour of a target by its place; later ones share one. */
export const colourOf = (index: number): string => `var(--c${Math.min(index, 7)})`

const framed = (report: Report, hint: (interval: Interval) => string) => {
  const { duration, faults, fine, startsAt } = report
  const { roundMoment } = momentsOf(report)
  return {
    duration,
    startsAt,
    faults,
    hints: fine.intervals.map((interval) => {
      const { from } = interval
      const until = Math.min(duration, from + fine.step)
      return { from, until, text: `${roundMoment(from)} to ${roundMoment(until)}: ${hint(interval)}` }
    })
  } satisfies Partial<Frame>
}

/** Requests by the time of their arrival and the target that answered them. */
export const served = (report: Report, most: Most): string => {
  const { fine, targets } = report
  const parts = [
    ...targets.map(({ target }) => ({
      name: target,
      colour: colourOf(most.targets.indexOf(target)),
      of: ({ served }: Interval) => served[target] ?? 0
    })),
    { name: "lost", colour: "var(--bad)", of: ({ lost }: Interval) => lost }
  ].filter(({ of }) => fine.intervals.some((interval) => of(interval) > 0))
  const second = fine.step / 1000
  const frame: Frame = {
    ...framed(report, (interval) =>
      parts
        .filter(({ of }) => of(interval) > 0)
        .map(({ name, of }) => `${name} ${of(interval)}`)
        .join(", ")
    ),
    title: "Who answered, requests a second",
    most: most.asked / second,
    label: (value) => String(round(value)),
    legend: parts
  }
  return chart(frame, ({ x, y }) =>
    fine.intervals
      .map((interval) => {
        let below = 0
        const [left, right] = [x(interval.from), x(Math.min(report.duration, interval.from + fine.step))]
        return parts
          .map(({ colour, of }) => {
            const count = of(interval) / second
            if (count === 0) return ""
            const [bottom, top] = [y(below), y(below + count)]
            below += count
            return `<rect x="${left}" y="${top}" width="${round(right - left)}" height="${round(bottom - top)}" fill="${colour}"/>`
          })
          .join("")
      })
      .join("")
  )
}

/** The times to the first word, or to the answer. */
export const late = (report: Report, most: Most): string => {
  const curves = [
    { name: "p99", colour: "var(--p99)", of: ({ p99 }: Interval) => p99 },
    { name: "p95", colour: "var(--p95)", of: ({ p95 }: Interval) => p95 },
    { name: "p50", colour: "var(--p50)", of: ({ p50 }: Interval) => p50 }
  ]
  const frame: Frame = {
    ...framed(report, (interval) =>
      interval.p50 === undefined
        ? "no request was answered"
        : curves.map(({ name, of }) => `${name} ${time(of(interval) ?? 0)}`).join(", ")
    ),
    title: report.stream ? "Time to the first word" : "Time to the answer",
    most: most.late,
    label: time,
    legend: curves
  }
  return chart(frame, (scale) => curves.map(({ colour, of }) => curve(report, scale, of, colour)).join(""))
}

/** Calls to targets for each request. */
export const calls = (report: Report, most: Most): string => {
  const frame: Frame = {
    ...framed(report, (interval) => `${interval.calls} calls for ${interval.asked} requests`),
    title: "Calls a request",
    most: most.calls,
    label: (value) => String(round(value)),
    legend: []
  }
  return chart(frame, (scale) =>
    curve(report, scale, (interval) => (interval.asked === 0 ? undefined : callsOf(interval)), "var(--p95)")
  )
}

/** A line in steps, with gaps where there is no value. */
const curve = (
  { duration, fine }: Report,
  { x, y }: Scale,
  of: (interval: Interval) => number | undefined,
  colour: string
): string => {
  let path = ""
  let isDrawing = false
  for (const interval of fine.intervals) {
    const value = of(interval)
    if (value !== undefined) {
      const [left, right, up] = [x(interval.from), x(Math.min(duration, interval.from + fine.step)), y(value)]
      path += `${isDrawing ? "L" : "M"}${left} ${Math.min(up, height)}H${right}`
    }
    isDrawing = value !== undefined
  }
  return `<path class="curve" d="${path}" stroke="${colour}"/>`
}
