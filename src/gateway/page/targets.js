/**
 * The targets: a table per provider, a row per model and credential.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { ending } from "./bench.js"
import * as Chart from "./chart.js"
import { arrange, byId, el, icon, setAttribute, setText } from "./dom.js"
import { counted, duration, isFailing, percent, plain, reasonWord, stateWords, summary } from "./words.js"

/** @typedef {Status["benches"][number]} Bench */
/** @typedef {{ readonly bench: (row: Row) => void, readonly unbench: (bench: Bench) => void }} Actions */
/** @typedef {{ readonly node: HTMLTableRowElement, readonly draw: (row: Row, bench: Bench | undefined, status: Status, now: number) => void }} Line */
/** @typedef {{ readonly node: HTMLElement, readonly body: HTMLElement, readonly summary: HTMLElement, readonly none: HTMLElement, readonly table: HTMLElement }} Group */

/** @type {Map<string, Line>} */
const lines = new Map()
/** @type {Map<string, Group>} */
const groups = new Map()

const filter = { troubled: false, text: "" }

/** Lets the person at the page choose what is shown. @param {() => void} redraw */
export const start = (redraw) => {
  const button = byId("only-troubled")
  button.addEventListener("click", () => {
    filter.troubled = !filter.troubled
    setAttribute(button, "aria-pressed", String(filter.troubled))
    redraw()
  })
  byId("find").addEventListener("input", (event) => {
    filter.text = /** @type {HTMLInputElement} */ (event.target).value.trim().toLowerCase()
    redraw()
  })
}

/** @param {Status} status @param {number} now @param {Actions} actions */
export const draw = (status, now, actions) => {
  const { benches, providers, rows, stepMillis } = status
  const benchOf = new Map(benches.map((bench) => [bench.key, bench]))
  const isTroubled = (/** @type {Row} */ row) => row.state !== "serving" || isFailing(row, now, stepMillis)
  const isShown = (/** @type {Row} */ row) =>
    (!filter.troubled || isTroubled(row)) &&
    (filter.text === "" || row.key.toLowerCase().includes(filter.text))
  const shown = rows.filter(isShown)
  const present = new Set(rows.map(({ key }) => key))
  for (const key of lines.keys()) if (!present.has(key)) lines.delete(key)

  const isFiltered = filter.troubled || filter.text !== ""
  const sections = providers.flatMap((provider) => {
    const own = shown.filter((row) => row.provider === provider.name)
    const all = rows.filter((row) => row.provider === provider.name)
    if (own.length === 0 && (isFiltered || rows.length === 0)) return []
    const group = groups.get(provider.name) ?? makeGroup(provider)
    groups.set(provider.name, group)
    const { isWhole, text } = summary(all)
    setText(group.summary, text)
    setAttribute(group.summary, "data-state", isWhole ? "serving" : "resting")
    group.none.hidden = all.length > 0
    group.table.hidden = all.length === 0
    arrange(
      group.body,
      own.map((row) => {
        const line = lines.get(row.key) ?? makeLine(row, actions)
        lines.set(row.key, line)
        line.draw(row, row.bench === undefined ? undefined : benchOf.get(row.bench), status, now)
        return line.node
      })
    )
    return [group.node]
  })
  arrange(byId("groups"), sections)
  const troubled = rows.filter(isTroubled).length
  setText(byId("only-troubled"), troubled === 0 ? "Only troubled" : `Only troubled (${troubled})`)
  byId("no-target").hidden = sections.length > 0
  setText(
    byId("no-target"),
    rows.length === 0
      ? `${counted(providers.length, "provider")} configured, and no model named or called yet.`
      : filter.text !== ""
        ? "No target of that name."
        : "Nothing is troubled: every target serves."
  )
}

/** @param {Status["providers"][number]} provider @returns {Group} */
const makeGroup = ({ credentials, name, protocol }) => {
  const body = el("tbody")
  const summary = el("span", { class: "summary" })
  const enabled = credentials.filter((credential) => credential.enabled)
  const none = el(
    "p",
    { class: "empty" },
    `No model of it is named in the config; those that are called appear here. ${counted(enabled.length, "credential")}: ${enabled.map((credential) => credential.name).join(", ")}`
  )
  const table = el(
    "table",
    {},
    el("caption", { class: "unseen" }, `Targets of ${name}`),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, "Model and credential"),
        el("th", { scope: "col" }, "State"),
        el("th", { scope: "col" }, "Answered"),
        el("th", { scope: "col" }, "Latency"),
        el("th", { scope: "col", class: "control" }, el("span", { class: "unseen" }, "Control"))
      )
    ),
    body
  )
  const node = el(
    "section",
    { class: "group", "data-provider": name, "aria-label": `Provider ${name}` },
    el("h3", {}, el("bdi", {}, name), el("span", { class: "muted protocol" }, protocol), summary),
    none,
    table
  )
  return { node, body, summary, none, table }
}

/** @param {Row} first @param {Actions} actions @returns {Line} */
const makeLine = (first, actions) => {
  let row = first
  /** @type {Bench | undefined} */
  let bench
  const state = el("span", { class: "state" })
  const why = el("p", { class: "muted small why" })
  const outcomes = Chart.outcomes({ high: 28, below: 9 })
  const rate = el("p", { class: "small" })
  const latencies = Chart.latencies()
  const speed = el("p", { class: "small" })
  const button = el("button", { type: "button", class: "quiet" })
  button.addEventListener("click", () => (bench === undefined ? actions.bench(row) : actions.unbench(bench)))
  const name = plain(first.model)
  const node = el(
    "tr",
    { "data-key": first.key },
    el(
      "th",
      { scope: "row" },
      el("bdi", { class: "model" }, name),
      el("span", { class: "credential" }, el("bdi", {}, first.credential)),
      !first.named && el("span", { class: "tag" }, "not in the config")
    ),
    el("td", { "data-label": "State" }, state, why),
    el("td", { "data-label": "Answered" }, outcomes.node, rate),
    el("td", { "data-label": "Latency" }, latencies.node, speed),
    el("td", { class: "control" }, button)
  )
  /** @type {readonly unknown[]} */
  let drawn = []
  return {
    node,
    draw: (next, nextBench, status, now) => {
      row = next
      bench = nextBench
      const failing = row.state === "serving" && isFailing(row, now, status.stepMillis)
      const window = Chart.windowOf(now, status.stepMillis, status.steps)
      const end = bench === undefined ? "" : ending(bench.status, bench.until, now)
      const inputs = [row, bench?.evidence, bench?.reason, bench?.by, end, failing, window.first]
      if (inputs.every((input, index) => input === drawn[index])) return
      drawn = inputs
      setAttribute(node, "data-state", failing ? "failing" : row.state)
      const word = failing ? "serving, but failing" : stateWords[row.state]
      if (state.textContent !== word) state.replaceChildren(icon(failing ? "warn" : row.state), word)
      setText(why, bench === undefined ? failuresOf(row) : whyOf(row, bench, end))
      const attempts = row.answered + row.failed
      outcomes.draw(
        row.steps,
        window,
        attempts === 0 ? "no attempt" : `${row.answered} answered, ${row.failed} failed`
      )
      setText(rate, attempts === 0 ? "no attempt" : `${percent(row.answered, attempts)} of ${attempts}`)
      const times = row.p50 === undefined ? "–" : `${duration(row.p50)} · p95 ${duration(row.p95 ?? row.p50)}`
      latencies.draw(row.steps, window, row.p50 === undefined ? "no answer" : `median ${times}`)
      setText(speed, times)
      setText(button, bench === undefined ? "Bench…" : "Unbench")
      setAttribute(
        button,
        "aria-label",
        bench === undefined ? `Bench ${plain(row.key)}…` : `Unbench ${plain(bench.key)}`
      )
    }
  }
}

/** @param {Row} row @param {Bench} bench @param {string} end */
const whyOf = (row, bench, end) =>
  [
    end,
    bench.status === "manual" ? "" : reasonWord(bench.reason),
    bench.evidence === undefined ? "" : plain(bench.evidence),
    bench.key === row.key ? "" : `with ${plain(bench.key)}`,
    bench.by === undefined ? "" : `by ${plain(bench.by)}`
  ]
    .filter(Boolean)
    .join(" · ")

/** @param {Row} row */
const failuresOf = ({ failures }) =>
  Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([name, count]) => `${count} × ${reasonWord(name)}`)
    .join(", ")
