/** The frame of a chart over time: axes, the times of faults, and what is said of a stretch that is pointed at. */
import type { FaultReport } from "../../../simulator/report/Parts.ts"
import { roundMoment } from "../../../simulator/report/Units.ts"
import { escape } from "./Html.ts"

/** Drawings are this wide and high; the page stretches them. */
export const width = 1000
export const height = 100

/** What a chart is about. */
export interface Frame {
  readonly title: string
  /** In milliseconds. */
  readonly duration: number
  /** The highest value that has to fit in. */
  readonly most: number
  /** A value as its axis says it. */
  readonly label: (value: number) => string
  readonly faults: ReadonlyArray<FaultReport>
  /** What is said of each stretch when it is pointed at. */
  readonly hints: ReadonlyArray<{ readonly from: number; readonly until: number; readonly text: string }>
  readonly legend: ReadonlyArray<{ readonly name: string; readonly colour: string }>
}

/** Places in a drawing. */
export interface Scale {
  readonly x: (millis: number) => number
  readonly y: (value: number) => number
}

/** A whole chart; `draw` gives what is in it. */
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
  return `<figure><figcaption><b>${escape(title)}</b><span class="legend">${names}</span></figcaption><div class="plot"><div class="side">${side}</div><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${escape(title)}">${bands(faults, x)}${lines}${draw({ x, y })}${told}</svg>${times(duration)}</div></figure>`
}

/** When something was broken. */
export const bands = (faults: ReadonlyArray<FaultReport>, x: Scale["x"]): string =>
  faults
    .map(
      ({ from, until }) =>
        `<rect class="band" x="${x(from)}" y="0" width="${round(x(until) - x(from))}" height="${height}"/>`
    )
    .join("")

/** The axis of time. */
export const times = (duration: number): string => {
  const step = steps.find((step) => duration / step <= 8) ?? duration / 4
  const moments: Array<string> = []
  for (let at = 0; at <= duration; at += step) {
    const place = round((100 * at) / duration)
    moments.push(`<span class="${place > 95 ? "last" : ""}" style="left:${place}%">${roundMoment(at)}</span>`)
  }
  return `<div class="times">${moments.join("")}</div>`
}

const second = 1_000
const minute = 60 * second
const steps = [1, 2, 5, 10, 15, 30]
  .flatMap((n) => [n * second, n * minute])
  .concat([60 * minute, 120 * minute, 360 * minute, 1_440 * minute])
  .sort((a, b) => a - b)

/** Round values from 0 to the first one that is not below `most`: at least two, and at most six. */
const ticksOf = (most: number): ReadonlyArray<number> => {
  const rough = Math.max(most, 1e-9) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((step) => step >= rough) ?? power * 10
  return Array.from({ length: Math.max(1, Math.ceil(most / step - 1e-9)) + 1 }, (_, index) => index * step)
}

/** More digits than that cannot be seen. */
export const round = (value: number): number => Math.round(value * 100) / 100
