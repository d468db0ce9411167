/**
 * The top of the page: the overall state in sentences, and a chart of the requests of the last minutes.
 *
 * @import { Status } from "../status/Status.ts"
 */
import * as Chart from "./chart.js"
import { byId, el, icon, setAttribute, setText, shapeOf } from "./dom.js"
import { relevant } from "./rows.js"
import { headline } from "./standing.js"
import { countdown, counted, number, percent } from "./words.js"

/** @type {Readonly<Record<import("./standing.js").Level, import("./dom.js").Shape>>} */
const marks = { ok: "serving", warn: "warn", bad: "failed", unknown: "unknown" }

const colours = { ok: "#1a7f4b", warn: "#b26a00", bad: "#c0362c", unknown: "#6b7785" }

const signs = { ok: "", warn: "! ", bad: "✕ ", unknown: "" }

const chart = Chart.outcomes(56)
const figures = el("p", { class: "figures" }, "\u00a0")
const from = el("span")
let shown = ""

/** Adds the empty chart, so that the layout does not move when data comes. */
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
    el("p", { class: "axis", "aria-hidden": "true" }, from, el("span", {}, "now"))
  )
  mark("unknown")
}

/** @param {import("./standing.js").Level} level */
const mark = (level) => {
  document.body.dataset.level = level
  if (shown === level) return
  shown = level
  byId("mark").replaceChildren(icon(marks[level]))
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="${colours[level]}" fill-rule="evenodd" d="${shapeOf(marks[level])}"/></svg>`
  setAttribute(byId("icon"), "href", `data:image/svg+xml,${encodeURIComponent(drawing)}`)
}

/** @param {Status} status @param {number} now @param {string | undefined} lost what is wrong with the connection */
export const draw = (status, now, lost) => {
  const { detail, level, text: sentence } = headline(status, now)
  mark(lost === undefined ? level : "unknown")
  setText(byId("headline"), lost === undefined ? sentence : `Last known: ${sentence}`)
  setText(byId("detail"), lost === undefined ? [detail, soonest(status, now)].filter(Boolean).join(" ") : "")
  const title = `${lost === undefined ? signs[level] : "? "}${sentence} · effect-failover`
  if (document.title !== title) document.title = title
  const { requests, stepMillis, steps } = status
  const [answered, failed] = requests.reduce(([a, f], step) => [a + step[1], f + step[2]], [0, 0])
  const minutes = Math.round((stepMillis * steps) / 60_000)
  const text =
    answered + failed === 0
      ? `No request in the last ${minutes} minutes`
      : `${percent(answered, answered + failed)} of ${counted(answered + failed, "request")} answered`
  setText(figures, text)
  setText(from, `${minutes} min ago`)
  chart.draw(
    requests,
    Chart.windowOf(now, stepMillis, steps),
    `${text} in ${minutes} minutes: ${number(answered)} answered, ${number(failed)} failed`
  )
}

/** When the first cooldown ends, if no target can be called. @param {Status} status @param {number} now */
const soonest = ({ benches, rows }, now) => {
  const own = relevant(rows)
  if (own.length === 0 || own.some(({ state }) => state === "serving" || state === "half-open")) return ""
  const keys = new Set(own.map(({ bench }) => bench))
  const ends = benches.flatMap(({ key, until }) =>
    keys.has(key) && until !== undefined && until > now ? [until] : []
  )
  return ends.length === 0 ? "" : `The first cooldown ends in ${countdown(Math.min(...ends) - now)}.`
}
