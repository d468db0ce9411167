/**
 * The problems: every benched key, and targets that serve but fail often. Each with its reason, since when,
 * until when, and what answers instead.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { arrange, breakable, byId, el, icon, setAttribute, setText } from "./dom.js"
import { failingShare, failuresOf, isFailing } from "./rows.js"
import { insteadOf } from "./store.js"
import { ago, countdown, counted, ordinal, plain, reasonWord, stateWords, timeOf } from "./words.js"

/** @typedef {Status["benches"][number]} Bench */
/** @typedef {{ readonly bench: (row: Row) => void, readonly unbench: (bench: Bench) => void }} Actions */
/** @typedef {import("./dom.js").Shape} Shape */

/**
 * One line of the list.
 *
 * @typedef {object} Problem
 * @property {string} key
 * @property {Exclude<keyof typeof ranks, "free">} state
 * @property {string} what the scope of the key
 * @property {number} affected how many targets it covers
 * @property {string} why
 * @property {string} more further details
 * @property {string} since
 * @property {string} ago
 * @property {string} left
 * @property {string} until
 * @property {() => void} act
 */

/** @typedef {{ readonly node: HTMLLIElement, readonly draw: (problem: Problem) => void }} Item */

/** Automatic benches come first, manual ones last, because an operator made them. */
const ranks = { resting: 0, failing: 1, probing: 2, "half-open": 3, manual: 4, free: 5 }

/** The lines that are shown before the list is expanded. */
const maxLines = 6

let isExpanded = false

/** @type {Map<string, Item>} */
const items = new Map()

/** Connects the button that expands the list. @param {() => void} redraw */
export const start = (redraw) => {
  byId("bench-more").addEventListener("click", () => {
    isExpanded = !isExpanded
    redraw()
  })
}

/** @param {Status} status @param {number} now @param {Actions} actions */
export const draw = (status, now, actions) => {
  const instead = insteadOf(status, now)
  const { benches, rows, stepMillis } = status
  const benched = benches.filter(({ status }) => status !== "free")
  const covered = rowsCoveredBy(benched, rows)
  const all = [
    ...benched.map((bench) =>
      ofBench(bench, covered.get(bench.key) ?? [], now, instead, () => actions.unbench(bench))
    ),
    ...rows
      .filter((row) => row.state === "serving" && isFailing(row, now, stepMillis))
      .map((row) => ofFailing(row, now, stepMillis, () => actions.bench(row)))
  ].sort((a, b) => ranks[a.state] - ranks[b.state] || b.affected - a.affected || (a.key < b.key ? -1 : 1))
  const shown = isExpanded || all.length <= maxLines + 1 ? all : all.slice(0, maxLines)
  byId("bench").hidden = all.length === 0
  const more = byId("bench-more")
  more.hidden = all.length <= maxLines + 1
  setText(more, isExpanded ? "Show fewer" : `Show all ${all.length}`)
  setAttribute(more, "aria-expanded", String(isExpanded))
  const nodes = shown.map((problem) => {
    const id = `${problem.state} ${problem.key}`
    const item = items.get(id) ?? make(problem)
    items.set(id, item)
    item.draw(problem)
    return { id, node: item.node }
  })
  const present = new Set(nodes.map(({ id }) => id))
  for (const id of items.keys()) if (!present.has(id)) items.delete(id)
  arrange(
    byId("benches"),
    nodes.map(({ node }) => node)
  )
}

/** The keys that cover a target, the narrowest first. @param {Row} row */
export const keysOf = ({ credential, key, model, provider }) =>
  /** @type {const} */ ([
    { scope: "target", key },
    { scope: "credential", key: `${provider}#${credential}` },
    { scope: "model", key: `${provider}/${model}` },
    { scope: "provider", key: provider }
  ])

/**
 * The rows that each bench covers. Looks at each row once: with thousands of rows a search for each bench would take seconds.
 *
 * @param {ReadonlyArray<Bench>} benches @param {ReadonlyArray<Row>} rows @returns {ReadonlyMap<string, ReadonlyArray<Row>>}
 */
const rowsCoveredBy = (benches, rows) => {
  /** @type {Map<string, Array<Row>>} */
  const covered = new Map(benches.map(({ key }) => [key, []]))
  if (covered.size > 0) for (const row of rows) for (const { key } of keysOf(row)) covered.get(key)?.push(row)
  return covered
}

/**
 * @param {Bench} bench @param {ReadonlyArray<Row>} covered @param {number} now
 * @param {ReadonlyMap<string, string>} instead @param {() => void} act @returns {Problem}
 */
const ofBench = (bench, covered, now, instead, act) => {
  const { by, evidence, consecutiveBenches, key, reason, scope, since, status, until } = bench
  const others = new Set(covered.flatMap((row) => instead.get(row.key) ?? []))
  const isManual = status === "manual"
  const state = status === "free" ? "resting" : status
  return {
    key,
    state,
    what: scope === "target" ? "" : `${scope}, ${counted(covered.length, "target")}`,
    affected: covered.length,
    why: isManual ? stateWords.manual : [stateWords[state], reasonWord(reason)].filter(Boolean).join(": "),
    more: [
      evidence === undefined ? "" : plain(evidence),
      by === undefined ? "" : `by ${plain(by)}`,
      !isManual && consecutiveBenches > 1 ? `${ordinal(consecutiveBenches)} time in a row` : "",
      others.size === 1 ? `${plain([...others].join())} answers instead` : ""
    ]
      .filter(Boolean)
      .join(" · "),
    since: since === undefined ? "" : `since ${timeOf(since, now)}`,
    ago: since === undefined ? "" : ago(now - since),
    left: status === "half-open" ? "next request" : ending(status, until, now),
    until:
      status === "half-open"
        ? "probes it"
        : until === undefined || until <= now
          ? ""
          : `until ${timeOf(until, now)}`,
    act
  }
}

/** @param {Row} row @param {number} now @param {number} stepMillis @param {() => void} act @returns {Problem} */
const ofFailing = (row, now, stepMillis, act) => ({
  key: row.key,
  state: "failing",
  what: "",
  affected: 1,
  why: `serving, but fails ${failingShare(row, now, stepMillis)} of its attempts`,
  more: failuresOf(row),
  since: "",
  ago: "",
  left: "",
  until: "",
  act
})

/** @param {Problem} first @returns {Item} */
const make = (first) => {
  let problem = first
  const { key, state } = first
  const isFailingOnly = state === "failing"
  const parts = {
    what: el("p", { class: "muted small" }),
    why: el("p", { class: "state" }),
    more: el("p", { class: "muted small" }),
    left: el("p", { class: "strong" }),
    until: el("p", { class: "muted small" }),
    since: el("p"),
    ago: el("p", { class: "muted small" })
  }
  const button = el(
    "button",
    {
      type: "button",
      class: "control quiet",
      "aria-label": `${isFailingOnly ? "Bench" : "Unbench"} ${plain(key)}${isFailingOnly ? "…" : ""}`
    },
    isFailingOnly ? "Bench…" : "Unbench"
  )
  button.addEventListener("click", () => problem.act())
  const node = el(
    "li",
    { "data-bench": key, "data-state": state },
    icon(isFailingOnly ? "warn" : state),
    el("div", { class: "what" }, el("p", { class: "key" }, el("bdi", {}, ...breakable(key))), parts.what),
    el("div", { class: "why" }, parts.why, parts.more),
    el("div", { class: "when" }, parts.since, parts.ago),
    el("div", { class: "when" }, parts.left, parts.until),
    button
  )
  return {
    node,
    draw: (next) => {
      problem = next
      for (const [name, part] of Object.entries(parts)) {
        setText(part, next[/** @type {keyof typeof parts} */ (name)])
      }
    }
  }
}

/** When the bench ends. @param {string} status @param {number | undefined} until @param {number} now */
export const ending = (status, until, now) => {
  if (status === "half-open") return "next request probes it"
  if (status === "probing") return "probe in flight"
  if (until === undefined) return "until unbenched"
  return until <= now ? "ends now" : `${countdown(until - now)} left`
}
