/**
 * The model names for callers: whether each can be answered now, and by which target.
 *
 * @import { Status } from "../status/Status.ts"
 */
import { arrange, breakable, byId, el, icon, setAttribute, setText } from "./dom.js"
import { modelStanding } from "./standing.js"
import { plain } from "./words.js"

/** @typedef {{ readonly node: HTMLLIElement, readonly draw: (standing: ReturnType<typeof modelStanding>) => void }} Item */

/** The lines that are shown before the list is expanded; then models with problems come first. */
const maxLines = 8

let isExpanded = false

/** @type {Map<string, Item>} */
const items = new Map()

/** Connects the button that expands the list. @param {() => void} redraw */
export const start = (redraw) => {
  byId("models-more").addEventListener("click", () => {
    isExpanded = !isExpanded
    redraw()
  })
}

/** @param {Status} status @param {number} now */
export const draw = (status, now) => {
  const { models, rows, stepMillis } = status
  const rowOf = new Map(rows.map((row) => [row.key, row]))
  const all = models.map((model) => ({
    name: model.name,
    standing: modelStanding(model, rowOf, now, stepMillis)
  }))
  const isLong = all.length > maxLines + 1
  const shown = isExpanded || !isLong ? all : worstFirst(all).slice(0, maxLines)
  byId("models").hidden = all.length === 0
  const more = byId("models-more")
  more.hidden = !isLong
  setText(more, isExpanded ? "Show fewer" : `Show all ${all.length}`)
  setAttribute(more, "aria-expanded", String(isExpanded))
  arrange(
    byId("model-list"),
    shown.map(({ name, standing }) => {
      const item = items.get(name) ?? make(name)
      items.set(name, item)
      item.draw(standing)
      return item.node
    })
  )
}

const ranks = { bad: 0, warn: 1, ok: 2 }

/** @template {{ readonly standing: { readonly level: keyof typeof ranks } }} A @param {ReadonlyArray<A>} all */
const worstFirst = (all) => [...all].sort((a, b) => ranks[a.standing.level] - ranks[b.standing.level])

/** @param {string} name @returns {Item} */
const make = (name) => {
  const state = el("span", { class: "state" })
  const why = el("span", { class: "muted small" })
  const node = el(
    "li",
    { "data-model": plain(name) },
    el("bdi", { class: "model" }, ...breakable(name)),
    state,
    why
  )
  /** @type {string | undefined} */
  let drawn
  return {
    node,
    draw: ({ detail, level, word }) => {
      setText(why, detail)
      if (drawn === `${level} ${word}`) return
      drawn = `${level} ${word}`
      setAttribute(node, "data-level", level)
      state.replaceChildren(icon(level === "ok" ? "serving" : level === "warn" ? "warn" : "failed"), word)
    }
  }
}
