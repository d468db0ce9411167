/**
 * Small charts of the last minutes, one step after the other. A chart is two or three paths, so hundreds stay quick.
 *
 * @import { Row } from "../status/Status.ts"
 */
import { setAttribute, setText, svg } from "./dom.js"

/** @typedef {{ readonly first: number, readonly count: number }} Window the first step shown, and how many */
/** @typedef {{ readonly node: SVGSVGElement, readonly draw: (steps: Row["steps"], window: Window, label: string) => void }} Chart */

const column = 2
const width = 120

/** @param {string} name @param {number} wide @param {number} high @param {ReadonlyArray<SVGElement>} parts */
const frame = (name, wide, high, parts) => {
  const title = svg("title")
  const node = svg(
    "svg",
    { class: `chart ${name}`, viewBox: `0 0 ${wide} ${high}`, preserveAspectRatio: "none", role: "img" },
    title,
    ...parts
  )
  return { node, label: (/** @type {string} */ text) => setText(title, text) }
}

/** @param {number} n */
const round = (n) => Math.round(n * 100) / 100

/**
 * Bars that stand on a line for what was answered and hang from it for what failed: which is which shows without
 * colours.
 *
 * @param {{ readonly high: number, readonly below: number, readonly count?: number }} options
 * @returns {Chart}
 */
export const outcomes = ({ below, count = width / column, high }) => {
  const line = high - below
  const answered = svg("path", { class: "answered" })
  const failed = svg("path", { class: "failed" })
  const wide = count * column
  const { label, node } = frame("outcomes", wide, high, [
    svg("path", { class: "ground", d: `M0 ${line}H${wide}`, "vector-effect": "non-scaling-stroke" }),
    answered,
    failed
  ])
  return {
    node,
    draw: (steps, { first }, text) => {
      const most = Math.max(1, ...steps.map(([, a, f]) => Math.max(a, f)))
      let [up, down] = ["", ""]
      for (const [number, a, f] of steps) {
        const x = (number - first) * column
        if (x < 0) continue
        if (a > 0) up += `M${x} ${line}v${-round(Math.max(1.5, ((line - 1) * a) / most))}h1.6V${line}Z`
        if (f > 0)
          down += `M${x} ${line + 0.5}v${round(Math.max(2, ((below - 0.5) * f) / most))}h1.6V${line + 0.5}Z`
      }
      setAttribute(answered, "d", up)
      setAttribute(failed, "d", down)
      label(text)
    }
  }
}

/** Per step a bar from the median up to the 95th percentile, and a mark at the median. @returns {Chart} */
export const latencies = () => {
  const high = 28
  const spread = svg("path", { class: "spread" })
  const median = svg("path", { class: "median" })
  const { label, node } = frame("latencies", width, high, [
    svg("path", { class: "ground", d: `M0 ${high - 0.5}H${width}`, "vector-effect": "non-scaling-stroke" }),
    spread,
    median
  ])
  return {
    node,
    draw: (steps, { first }, text) => {
      const most = Math.max(1, ...steps.map(([, , , , p95]) => p95))
      const y = (/** @type {number} */ millis) => round(high - 1 - ((high - 3) * millis) / most)
      let [bars, marks] = ["", ""]
      for (const [number, , , p50, p95] of steps) {
        const x = (number - first) * column
        if (x < 0 || p95 === 0) continue
        bars += `M${x} ${y(p95)}h1.6V${y(p50)}h-1.6Z`
        marks += `M${x} ${y(p50)}h1.6v1.5h-1.6Z`
      }
      setAttribute(spread, "d", bars)
      setAttribute(median, "d", marks)
      label(text)
    }
  }
}

/** The window that ends now. @param {number} now @param {number} stepMillis @param {number} count @returns {Window} */
export const windowOf = (now, stepMillis, count) => ({
  first: Math.floor(now / stepMillis) - count + 1,
  count
})

/** The steps of many rows as those of one. @param {ReadonlyArray<Row>} rows @returns {Row["steps"]} */
export const summed = (rows) => {
  /** @type {Map<number, [number, number]>} */
  const sums = new Map()
  for (const { steps } of rows) {
    for (const [number, answered, failed] of steps) {
      const sum = sums.get(number)
      if (sum === undefined) sums.set(number, [answered, failed])
      else {
        sum[0] += answered
        sum[1] += failed
      }
    }
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([number, [answered, failed]]) => [number, answered, failed, 0, 0])
}
