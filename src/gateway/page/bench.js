/**
 * What is wrong: everything on the bench, each key once, and targets that serve but fail often. Each with its reason,
 * since when, until when, and who answers instead.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { arrange, breakable, byId, el, icon, setAttribute, setText } from "./dom.js"
import { insteadOf } from "./store.js"
import {
  ago,
  countdown,
  counted,
  failingShare,
  failuresOf,
  isFailing,
  ordinal,
  plain,
  reasonWord,
  stateWords,
  timeOf
} from "./words.js"

/** @typedef {Status["benches"][number]} Bench */
/** @typedef {{ readonly bench: (row: Row) => void, readonly unbench: (bench: Bench) => void }} Actions */
/** @typedef {import("./dom.js").Shape} Shape */

/**
 * One line of the list.
 *
 * @typedef {object} Trouble
 * @property {string} key
 * @property {Exclude<keyof typeof ranks, "free">} state
 * @property {string} what what the key names
 * @property {number} affected how many targets it covers
 * @property {string} why
 * @property {string} more what else is known of it
 * @property {string} since
 * @property {string} ago
 * @property {string} left
 * @property {string} until
 * @property {() => void} act
 */

/** @typedef {{ readonly node: HTMLLIElement, readonly draw: (trouble: Trouble) => void }} Item */

/** What is out by itself comes first, what a person knows of comes last. */
const ranks = { resting: 0, failing: 1, probing: 2, "half-open": 3, manual: 4, free: 5 }

/** Lines that are shown unless all are asked for. */
const most = 6

let isExpanded = false

/** @type {Map<string, Item>} */
const items = new Map()

/** Lets the person at the page see all of it. @param {() => void} redraw */
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
  const all = [
    ...benches
      .filter(({ status }) => status !== "free")
      .map((bench) => ofBench(bench, rows, now, instead, () => actions.unbench(bench))),
    ...rows
      .filter((row) => row.state === "serving" && isFailing(row, now, stepMillis))
      .map((row) => ofFailing(row, now, stepMillis, () => actions.bench(row)))
  ].sort((a, b) => ranks[a.state] - ranks[b.state] || b.affected - a.affected || (a.key < b.key ? -1 : 1))
  const shown = isExpanded || all.length <= most + 1 ? all : all.slice(0, most)
  byId("bench").hidden = all.length === 0
  const more = byId("bench-more")
  more.hidden = all.length <= most + 1
  setText(more, isExpanded ? "Show fewer" : `Show all ${all.length}`)
  setAttribute(more, "aria-expanded", String(isExpanded))
  const nodes = shown.map((trouble) => {
    const id = `${trouble.state} ${trouble.key}`
    const item = items.get(id) ?? make(trouble)
    items.set(id, item)
    item.draw(trouble)
    return { id, node: item.node }
  })
  const present = new Set(nodes.map(({ id }) => id))
  for (const id of items.keys()) if (!present.has(id)) items.delete(id)
  arrange(
    byId("benches"),
    nodes.map(({ node }) => node)
  )
}

/** What can be benched around a target, the smallest first. @param {Row} row */
export const keysOf = ({ credential, key, model, provider }) =>
  /** @type {const} */ ([
    { scope: "target", key },
    { scope: "credential", key: `${provider}#${credential}` },
    { scope: "model", key: `${provider}/${model}` },
    { scope: "provider", key: provider }
  ])

/**
 * @param {Bench} bench @param {ReadonlyArray<Row>} rows @param {number} now
 * @param {ReadonlyMap<string, string>} instead @param {() => void} act @returns {Trouble}
 */
const ofBench = (bench, rows, now, instead, act) => {
  const { by, evidence, consecutiveBenches, key, reason, scope, since, status, until } = bench
  const covered = rows.filter((row) => keysOf(row).some((each) => each.key === key))
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
      !isManual && consecutiveBenches > 1 ? `${ordinal(consecutiveBenches)} rest in a row` : "",
      others.size === 1 ? `${plain([...others].join())} answers instead` : ""
    ]
      .filter(Boolean)
      .join(" · "),
    since: since === undefined ? "" : `since ${timeOf(since, now)}`,
    ago: since === undefined ? "" : ago(now - since),
    left: status === "half-open" ? "next request" : ending(status, until, now),
    until:
      status === "half-open"
        ? "decides"
        : until === undefined || until <= now
          ? ""
          : `until ${timeOf(until, now)}`,
    act
  }
}

/** @param {Row} row @param {number} now @param {number} stepMillis @param {() => void} act @returns {Trouble} */
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

/** @param {Trouble} first @returns {Item} */
const make = (first) => {
  let trouble = first
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
  button.addEventListener("click", () => trouble.act())
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
      trouble = next
      for (const [name, part] of Object.entries(parts)) {
        setText(part, next[/** @type {keyof typeof parts} */ (name)])
      }
    }
  }
}

/** When it will be over. @param {string} status @param {number | undefined} until @param {number} now */
export const ending = (status, until, now) => {
  if (status === "half-open") return "next request decides"
  if (status === "probing") return "probe under way"
  if (until === undefined) return "until taken off"
  return until <= now ? "any moment" : `${countdown(until - now)} left`
}
