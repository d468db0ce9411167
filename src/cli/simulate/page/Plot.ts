/** The frame of a chart over time: axes, the times of faults, and tooltips. */
import type { FaultReport } from "../../../simulator/report/Parts.ts"
import { momentsOf } from "../../../simulator/report/Units.ts"
import { escape } from "./Html.ts"

/** The size of a drawing; the page stretches it. */
export const width = 1000
export const height = 100

/** The frame of a chart. */
export interface Frame {
  readonly title: string
  /** In milliseconds. */
  readonly duration: number
  /** When a replayed log begins, in milliseconds since the epoch. */
  readonly startsAt: number | undefined
  /** The highest value of the chart. */
  readonly most: number
  /** The label of a value on the axis. */
  readonly label: (value: number) => string
  readonly faults: ReadonlyArray<FaultReport>
  /** The tooltip of each interval. */
  readonly hints: ReadonlyArray<{ readonly from: number; readonly until: number; readonly text: string }>
  readonly legend: ReadonlyArray<{ readonly name: string; readonly colour: string }>
}

/** Converts values to positions in the drawing. */
export interface Scale {
  readonly x: (millis: number) => number
  readonly y: (value: number) => number
}

/** A whole chart; `draw` returns its content. */
export const chart = (frame: Frame, draw: (scale: Scale) => string): string => {
  const { duration, faults, hints, label, legend, most, title } = frame
  const ticks = ticksOf(most)
  const top = ticks.at(-1) ?? 1
  const x = (millis: number) => round((width * millis) / duration)
  const y = (value: number) => round(height - (height * Math.min(value, top)) / top)
  const lines = ticks
    .map((tick) => `<line class="grid" x1="0" x2="${width}" y1="${y(tick)}" y2="${y(tick)}"/>`)
    .join("")
  const told = hints
    .map(
      ({ from, text, until }) =>
        `<rect class="hint" x="${x(from)}" y="0" width="${round(x(until) - x(from))}" height="${height}"><title>${escape(text)}</title></rect>`
    )
    .join("")
  const side = ticks.map((tick) => `<span style="top:${y(tick)}%">${escape(label(tick))}</span>`).join("")
  const names = legend
    .map(({ colour, name }) => `<span><i style="background:${colour}"></i>${escape(name)}</span>`)
    .join("")
  return `<figure><figcaption><b>${escape(title)}</b><span class="legend">${names}</span></figcaption><div class="plot"><div class="side">${side}</div><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${escape(title)}">${bands(faults, x)}${lines}${draw({ x, y })}${told}</svg>${times(frame)}</div></figure>`
}

/** The times at which a fault was active. */
export const bands = (faults: ReadonlyArray<FaultReport>, x: Scale["x"]): string =>
  faults
    .map(
      ({ from, until }) =>
        `<rect class="band" x="${x(from)}" y="0" width="${round(x(until) - x(from))}" height="${height}"/>`
    )
    .join("")

/** The time axis: since the start, or with round times of a log. */
export const times = ({ duration, startsAt }: Pick<Frame, "duration" | "startsAt">): string => {
  const { roundMoment } = momentsOf(startsAt === undefined ? {} : { startsAt })
  const step = steps.find((step) => duration / step <= 8) ?? duration / 4
  const moments: Array<string> = []
  for (let at = startsAt === undefined ? 0 : (step - (startsAt % step)) % step; at <= duration; at += step) {
    const place = round((100 * at) / duration)
    const edge = place < 5 ? "first" : place > 95 ? "last" : ""
    const text = roundMoment(at)
    // Whole minutes of a clock need no seconds.
    const short = startsAt !== undefined && step % minute === 0 ? text.slice(0, 5) : text
    moments.push(`<span class="${edge}" style="left:${place}%">${short}</span>`)
  }
  return `<div class="times">${moments.join("")}</div>`
}

const second = 1_000
const minute = 60 * second
const steps = [1, 2, 5, 10, 15, 30]
  .flatMap((n) => [n * second, n * minute])
  .concat([60 * minute, 120 * minute, 360 * minute, 1_440 * minute])
  .sort((a, b) => a - b)

/** Two to six round values, from 0 to the first one that is not below `most`. */
const ticksOf = (most: number): ReadonlyArray<number> => {
  const rough = Math.max(most, 1e-9) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((step) => step >= rough) ?? power * 10
  return Array.from({ length: Math.max(1, Math.ceil(most / step - 1e-9)) + 1 }, (_, index) => index * step)
}

/** Rounds to a precision below what is visible. */
export const round = (value: number): number => Math.round(value * 100) / 100
