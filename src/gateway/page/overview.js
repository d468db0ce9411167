/**
 * The top of the page: the overall state in a sentence, and all attempts of the last minutes in one chart.
 *
 * @import { Status } from "../status/Status.ts"
 */
import * as Chart from "./chart.js"
import { byId, el, icon, setAttribute, setText, shapeOf } from "./dom.js"
import { countdown, counted, headline, percent, relevant } from "./words.js"

/** @type {Readonly<Record<import("./words.js").Level, import("./dom.js").Shape>>} */
const marks = { ok: "serving", warn: "warn", bad: "failed", unknown: "unknown" }

const colours = { ok: "#1a7f4b", warn: "#b26a00", bad: "#c0362c", unknown: "#6b7785" }

const chart = Chart.outcomes({ high: 56, below: 16 })
const figures = el("p", { class: "figures" })
let shown = ""

/** Puts the chart in its place. */
export const start = () => {
  byId("timeline").append(
    el(
      "figcaption",
      {},
      figures,
      el(
        "span",
        { class: "legend" },
        el("i", { class: "up" }),
        "answered",
        el("i", { class: "down" }),
        "failed"
      )
    ),
    chart.node,
    el("p", { class: "axis", "aria-hidden": "true" }, el("span", { id: "axis-from" }), el("span", {}, "now"))
  )
}

/** @param {Status} status @param {number} now @param {string | undefined} lost what is wrong with the connection */
export const draw = (status, now, lost) => {
  const said = headline(status, now)
  const level = lost === undefined ? said.level : "unknown"
  document.body.dataset.level = level
  if (shown !== level) {
    shown = level
    byId("mark").replaceChildren(icon(marks[level]))
    const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="${colours[level]}" fill-rule="evenodd" d="${shapeOf(marks[level])}"/></svg>`
    setAttribute(byId("icon"), "href", `data:image/svg+xml,${encodeURIComponent(drawing)}`)
  }
  setText(byId("headline"), lost === undefined ? said.text : `Last known: ${said.text}`)
  setText(
    byId("detail"),
    lost === undefined ? [said.detail, soonest(status, now)].filter(Boolean).join(" ") : ""
  )
  document.title = `${lost !== undefined ? "? " : level === "ok" ? "" : level === "bad" ? "✕ " : level === "warn" ? "! " : ""}${said.text} · effect-failover`
  const steps = Chart.summed(status.rows)
  byId("timeline").hidden = status.rows.length === 0
  const [answered, failed] = steps.reduce(([a, f], step) => [a + step[1], f + step[2]], [0, 0])
  const minutes = Math.round((status.stepMillis * status.steps) / 60_000)
  const text =
    answered + failed === 0
      ? `No attempt in the last ${minutes} minutes`
      : `${percent(answered, answered + failed)} of ${counted(answered + failed, "attempt")} answered, last ${minutes} min`
  setText(figures, text)
  setText(byId("axis-from"), `${minutes} min ago`)
  chart.draw(
    steps,
    Chart.windowOf(now, status.stepMillis, status.steps),
    `${text}: ${answered} answered, ${failed} failed`
  )
}

/** When the first rest ends, where nothing can be called. @param {Status} status @param {number} now */
const soonest = ({ benches, rows }, now) => {
  const own = relevant(rows)
  if (own.length === 0 || own.some(({ state }) => state === "serving" || state === "half-open")) return ""
  const keys = new Set(own.map(({ bench }) => bench))
  const ends = benches.flatMap(({ key, until }) =>
    keys.has(key) && until !== undefined && until > now ? [until] : []
  )
  return ends.length === 0 ? "" : `The first rest ends in ${countdown(Math.min(...ends) - now)}.`
}
