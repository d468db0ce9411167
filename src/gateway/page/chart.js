/**
 * Small charts of the last minutes, one column per step. A chart is two or three paths, so hundreds of charts
 * are fast.
 *
 * @import { Row } from "../status/Status.ts"
 */
import { setAttribute, setText, svg } from "./dom.js"

/** @typedef {{ readonly first: number, readonly count: number }} Window the first step shown, and how many */
/** @typedef {{ readonly node: SVGSVGElement, readonly draw: (steps: Row["steps"], window: Window, label: string) => void }} Latencies */
/** @typedef {{ readonly node: SVGSVGElement, readonly draw: (steps: ReadonlyArray<readonly [number, number, number, ...ReadonlyArray<number>]>, window: Window, label: string) => void }} Outcomes */

const column = 2
const width = 120

/** @param {string} name @param {number} high @param {ReadonlyArray<SVGElement>} parts */
const frame = (name, high, parts) => {
  const title = svg("title")
  const node = svg(
    "svg",
    { class: `chart ${name}`, viewBox: `0 0 ${width} ${high}`, preserveAspectRatio: "none", role: "img" },
    title,
    ...parts
  )
  view.observe(node)
  return { node, label: (/** @type {string} */ text) => setText(title, text) }
}

/** Charts in view, and the pending drawings of the others. @type {WeakSet<Element>} */
const inView = new WeakSet()
/** @type {WeakMap<Element, () => void>} */
const waiting = new WeakMap()

const view = new IntersectionObserver(
  (changes) => {
    for (const { isIntersecting, target } of changes) {
      if (isIntersecting) {
        inView.add(target)
        waiting.get(target)?.()
        waiting.delete(target)
      } else {
        inView.delete(target)
      }
    }
  },
  { rootMargin: "300px" }
)

window.addEventListener("beforeprint", () => {
  for (const node of document.querySelectorAll(".chart")) waiting.get(node)?.()
})

/** Draws a chart now if it is in view, or when it comes into view. @param {Element} node @param {() => void} draw */
const drawInView = (node, draw) => {
  if (inView.has(node)) draw()
  else waiting.set(node, draw)
}

/** @param {number} n */
const round = (n) => Math.round(n * 100) / 100

/**
 * Bars above a line for answers and below it for failures, at one scale, so that the chart is readable
 * without colours. The line is as low as the failures allow.
 *
 * @param {number} high
 * @returns {Outcomes}
 */
export const outcomes = (high) => {
  const ground = svg("path", { class: "ground", "vector-effect": "non-scaling-stroke" })
  const answered = svg("path", { class: "answered" })
  const failed = svg("path", { class: "failed" })
  const { label, node } = frame("outcomes", high, [ground, answered, failed])
  return {
    node,
    draw: (steps, { first }, text) => {
      label(text)
      drawInView(node, () => {
        const most = (/** @type {1 | 2} */ of) => Math.max(0, ...steps.map((step) => step[of]))
        const [above, below] = [most(1), most(2)]
        const line = round(below === 0 ? high - 0.5 : Math.min(high - 5, (high * above) / (above + below)))
        const up = (line - 1) / Math.max(1, above)
        const down = (high - line - 0.5) / Math.max(1, below)
        let [bars, holes] = ["", ""]
        for (const [number, a, f] of steps) {
          const x = (number - first) * column
          if (x < 0) continue
          if (a > 0) bars += `M${x} ${line}v${-round(Math.max(1.5, up * a))}h1.6V${line}Z`
          if (f > 0) holes += `M${x} ${line + 0.5}v${round(Math.max(2, down * f))}h1.6V${line + 0.5}Z`
        }
        setAttribute(ground, "d", `M0 ${line}H${width}`)
        setAttribute(answered, "d", bars)
        setAttribute(failed, "d", holes)
      })
    }
  }
}

/** Per step, a bar from the median to the 95th percentile, and a mark at the median. @returns {Latencies} */
export const latencies = () => {
  const high = 28
  const spread = svg("path", { class: "spread" })
  const median = svg("path", { class: "median" })
  const { label, node } = frame("latencies", high, [
    svg("path", { class: "ground", d: `M0 ${high - 0.5}H${width}`, "vector-effect": "non-scaling-stroke" }),
    spread,
    median
  ])
  return {
    node,
    draw: (steps, { first }, text) => {
      label(text)
      drawInView(node, () => {
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
      })
    }
  }
}

/** The window that ends now. @param {number} now @param {number} stepMillis @param {number} count @returns {Window} */
export const windowOf = (now, stepMillis, count) => ({
  first: Math.floor(now / stepMillis) - count + 1,
  count
})
