/**
 * What is on the bench beyond the single targets of the table: credentials, models and providers, and targets that
 * have no row. Each key once, with its reason, its end and a way back.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { arrange, byId, el, icon, setText } from "./dom.js"
import { ago, countdown, counted, plain, reasonWord, stateWords, timeOf } from "./words.js"

/** @typedef {Status["benches"][number]} Bench */
/** @typedef {{ readonly node: HTMLLIElement, readonly draw: (bench: Bench, affected: number, now: number) => void }} Item */

const scopes = { target: "target", credential: "credential", model: "model", provider: "provider" }

/** @type {Map<string, Item>} */
const items = new Map()

/** @param {Status} status @param {number} now @param {(bench: Bench) => void} onUnbench */
export const draw = ({ benches, rows }, now, onUnbench) => {
  const order = { manual: 1, resting: 0, probing: 2, "half-open": 3, free: 4 }
  const told = new Set(rows.map(({ key }) => key))
  const sorted = benches
    .filter(({ key }) => !told.has(key))
    .sort((a, b) => order[a.status] - order[b.status] || (a.key < b.key ? -1 : 1))
  byId("bench").hidden = sorted.length === 0
  const shown = sorted.map((bench) => {
    const id = `${bench.status} ${bench.key}`
    const item = items.get(id) ?? make(bench, onUnbench)
    items.set(id, item)
    item.draw(bench, rows.filter((row) => covers(bench, row)).length, now)
    return { id, node: item.node }
  })
  const present = new Set(shown.map(({ id }) => id))
  for (const id of items.keys()) if (!present.has(id)) items.delete(id)
  arrange(
    byId("benches"),
    shown.map(({ node }) => node)
  )
}

/** Whether a key covers a target. @param {Pick<Bench, "key">} bench @param {Row} row */
export const covers = ({ key }, row) => keysOf(row).some((each) => each.key === key)

/** What can be benched around a target, the smallest first. @param {Row} row */
export const keysOf = ({ credential, key, model, provider }) =>
  /** @type {const} */ ([
    { scope: "target", key },
    { scope: "credential", key: `${provider}#${credential}` },
    { scope: "model", key: `${provider}/${model}` },
    { scope: "provider", key: provider }
  ])

/** @param {Bench} first @param {(bench: Bench) => void} onUnbench @returns {Item} */
const make = (first, onUnbench) => {
  let bench = first
  const what = el("p", { class: "why" })
  const left = el("p", { class: "left" })
  const more = el("p", { class: "muted small" })
  const button = el(
    "button",
    { type: "button", class: "control quiet", "aria-label": `Unbench ${plain(first.key)}` },
    "Unbench"
  )
  button.addEventListener("click", () => onUnbench(bench))
  const state = first.status === "free" ? "serving" : first.status
  const node = el(
    "li",
    { "data-bench": first.key, "data-state": state },
    icon(state),
    el("div", { class: "grow" }, el("p", { class: "key" }, el("bdi", {}, plain(first.key))), what, more),
    left,
    button
  )
  return {
    node,
    draw: (now_, affected, now) => {
      bench = now_
      const { by, evidence, hits, reason, since, status, until } = bench
      setText(
        what,
        [
          status === "free" ? "" : stateWords[status],
          status === "manual" ? "" : reasonWord(reason),
          evidence === undefined ? "" : plain(evidence)
        ]
          .filter(Boolean)
          .join(" · ")
      )
      setText(
        more,
        [
          `${scopes[bench.scope]}${bench.scope === "target" ? "" : `, ${counted(affected, "target")}`}`,
          since === undefined ? "" : `since ${timeOf(since, now)}, ${ago(now - since)}`,
          hits > 1 ? `rest number ${hits} in a row` : "",
          by === undefined ? "" : `by ${plain(by)}`
        ]
          .filter(Boolean)
          .join(" · ")
      )
      setText(left, ending(status, until, now))
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
