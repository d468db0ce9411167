/**
 * The table of targets, with a group per provider and a row per model and credential. Rows keep their
 * position when states change; the list of problems is above.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { ending } from "./bench.js"
import * as Chart from "./chart.js"
import { arrange, breakable, byId, el, icon, setAttribute, setText } from "./dom.js"
import { failuresOf, isFailing, summary } from "./rows.js"
import { counted, duration, number, percent, plain, reasonWord, stateWords } from "./words.js"

/** @typedef {Status["benches"][number]} Bench */
/** @typedef {import("./bench.js").Actions} Actions */
/** @typedef {{ readonly node: HTMLTableRowElement, readonly draw: (row: Row, bench: Bench | undefined, status: Status, now: number) => void }} Line */
/** @typedef {{ readonly node: HTMLElement, readonly head: HTMLElement, readonly summary: HTMLElement, readonly none: HTMLElement }} Group */

/** @type {Map<string, Line>} */
const lines = new Map()
/** @type {Map<string, Group>} */
const groups = new Map()

const filter = { troubled: false, text: "" }

/** Connects the filters. @param {() => void} redraw */
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
    const nodes = own.map((row) => {
      const line = lines.get(row.key) ?? makeLine(row, actions)
      lines.set(row.key, line)
      line.draw(row, row.bench === undefined ? undefined : benchOf.get(row.bench), status, now)
      return line.node
    })
    arrange(group.node, [group.head, ...(all.length === 0 ? [group.none] : nodes)])
    return [group.node]
  })
  const table = byId("groups")
  arrange(table, [...table.querySelectorAll("caption, thead"), ...sections])
  table.hidden = sections.length === 0
  const troubled = rows.filter(isTroubled).length
  setText(byId("only-troubled"), troubled === 0 ? "Only problems" : `Only problems (${troubled})`)
  byId("no-target").hidden = sections.length > 0
  setText(
    byId("no-target"),
    rows.length === 0
      ? `${counted(providers.length, "provider")} configured; no model is configured or was called yet.`
      : filter.text !== ""
        ? "No target with that name."
        : "No problems: every target is serving."
  )
}

/** @param {Status["providers"][number]} provider @returns {Group} */
const makeGroup = ({ credentials, name, protocol }) => {
  const summary = el("span", { class: "summary" })
  const enabled = credentials.filter((credential) => credential.enabled)
  const head = el(
    "tr",
    {},
    el(
      "th",
      { colspan: 4, scope: "rowgroup" },
      el("bdi", { class: "provider" }, name),
      name !== protocol && el("span", { class: "muted small" }, `${protocol} protocol`),
      summary
    ),
    el("td", { class: "control" })
  )
  const none = el(
    "tr",
    {},
    el(
      "td",
      { colspan: 4, class: "empty" },
      `The config names no model of this provider; called models appear here. ${counted(enabled.length, "credential")}: ${enabled.map((credential) => credential.name).join(", ")}`
    )
  )
  return { node: el("tbody", { "data-provider": name }, head), head, summary, none }
}

/** @param {Row} first @param {Actions} actions @returns {Line} */
const makeLine = (first, actions) => {
  let row = first
  /** @type {Bench | undefined} */
  let bench
  const state = el("p", { class: "state" })
  const why = el("p", { class: "muted small" })
  const outcomes = Chart.outcomes(28)
  const [rate, attempted] = [el("p"), el("p", { class: "muted small" })]
  const latencies = Chart.latencies()
  const [median, tail] = [el("p"), el("p", { class: "muted small" })]
  const button = el("button", { type: "button", class: "quiet" })
  button.addEventListener("click", () => (bench === undefined ? actions.bench(row) : actions.unbench(bench)))
  const node = el(
    "tr",
    { "data-key": first.key },
    el(
      "th",
      { scope: "row" },
      el("bdi", { class: "model" }, ...breakable(first.model)),
      el("span", { class: "credential" }, el("bdi", {}, first.credential)),
      !first.named && el("span", { class: "tag" }, "not in the config")
    ),
    el("td", { class: "standing" }, state, why),
    el(
      "td",
      { "data-label": "Answered" },
      el("div", { class: "measure" }, outcomes.node, el("div", {}, rate, attempted))
    ),
    el(
      "td",
      { "data-label": "Latency" },
      el("div", { class: "measure" }, latencies.node, el("div", {}, median, tail))
    ),
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
      const inputs = [row, bench?.evidence, bench?.reason, bench?.key, end, failing, window.first]
      if (inputs.every((input, index) => input === drawn[index])) return
      drawn = inputs
      setAttribute(node, "data-state", failing ? "failing" : row.state)
      const word = failing ? "serving, but failing" : stateWords[row.state]
      if (state.textContent !== word) state.replaceChildren(icon(failing ? "warn" : row.state), word)
      setText(
        why,
        bench === undefined
          ? [takesOf(row), failuresOf(row)].filter(Boolean).join(" · ")
          : whyOf(row, bench, end)
      )
      const attempts = row.answered + row.failed
      node.toggleAttribute("data-idle", attempts === 0)
      outcomes.draw(
        row.steps,
        window,
        attempts === 0 ? "no attempts" : `${number(row.answered)} answered, ${number(row.failed)} failed`
      )
      setText(rate, attempts === 0 ? "" : percent(row.answered, attempts))
      setText(attempted, attempts === 0 ? "no attempts" : `of ${number(attempts)}`)
      const { p50, p95 = p50 } = row
      const [half, most] =
        p50 === undefined || p95 === undefined ? ["", ""] : [duration(p50), `p95 ${duration(p95)}`]
      latencies.draw(row.steps, window, half === "" ? "no answer" : `median ${half}, ${most}`)
      setText(median, half)
      setText(tail, most)
      setText(button, bench === undefined ? "Bench…" : "Unbench")
      setAttribute(
        button,
        "aria-label",
        bench === undefined ? `Bench ${plain(row.key)}…` : `Unbench ${plain(bench.key)}`
      )
    }
  }
}

/** What it takes, as learned from its refusals. @param {Row} row */
const takesOf = ({ takes }) => {
  if (takes === undefined) return ""
  const { atOnce, perSecond } = takes
  const parts = [
    atOnce === undefined ? "" : `${number(atOnce)} at once`,
    perSecond === undefined ? "" : `${perSecond} a second`
  ].filter(Boolean)
  return `takes ${parts.join(" and ")}, as learned`
}

/** @param {Row} row @param {Bench} bench @param {string} end */
const whyOf = (row, bench, end) =>
  [
    end,
    bench.status === "manual" ? plain(bench.evidence ?? "") : reasonWord(bench.reason),
    bench.key === row.key ? "" : `because of ${plain(bench.key)}`
  ]
    .filter(Boolean)
    .join(" · ")
