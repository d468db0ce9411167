/**
 * The last decisions: the targets that each request tried, and their results.
 *
 * @import { Status } from "../status/Status.ts"
 */
import { arrange, breakable, byId, el, icon, setAttribute, setText } from "./dom.js"
import { isTroubled } from "./store.js"
import { counted, duration, plain, reasonWord, timeOf } from "./words.js"

/** @typedef {Status["decisions"][number]} Decision */
/** @typedef {Decision["attempts"][number]} Attempt */

/** The most lines that are shown. */
const maxLines = 60

const filter = { troubled: false }
/** @type {ReadonlyArray<Decision> | undefined} */
let paused
/** @type {Map<number, { readonly decision: Decision, readonly node: HTMLLIElement }>} */
let items = new Map()

/** Connects the filters. @param {() => void} redraw @param {() => Status | undefined} latest */
export const start = (redraw, latest) => {
  const only = byId("trail-troubled")
  only.addEventListener("click", () => {
    filter.troubled = !filter.troubled
    setAttribute(only, "aria-pressed", String(filter.troubled))
    redraw()
  })
  const pause = byId("pause")
  pause.addEventListener("click", () => {
    paused = paused === undefined ? latest()?.decisions : undefined
    setAttribute(pause, "aria-pressed", String(paused !== undefined))
    redraw()
  })
}

/** @param {Status} status @param {number} now */
export const draw = (status, now) => {
  const decisions = paused ?? status.decisions
  const shown = decisions.filter((decision) => !filter.troubled || isTroubled(decision)).slice(0, maxLines)
  const next = new Map(
    shown.map((decision) => {
      const known = items.get(decision.id)
      const isSame = known !== undefined && known.decision === decision
      return [decision.id, isSame ? known : { decision, node: make(decision, now, known?.node) }]
    })
  )
  items = next
  arrange(
    byId("decisions"),
    [...next.values()].map(({ node }) => node)
  )
  const missed =
    paused === undefined ? 0 : status.decisions.filter(({ id }) => id > (paused?.[0]?.id ?? 0)).length
  setText(byId("pause"), paused === undefined ? "Pause" : missed === 0 ? "Resume" : `Resume (${missed} new)`)
  byId("no-decision").hidden = shown.length > 0
  setText(
    byId("no-decision"),
    decisions.length === 0 ? "No requests yet." : "No recent request had a problem."
  )
}

/** @type {Readonly<Record<Decision["outcome"] | Attempt["outcome"], import("./dom.js").Shape>>} */
const shapes = {
  answered: "serving",
  failed: "failed",
  broken: "failed",
  interrupted: "interrupted",
  dropped: "interrupted",
  running: "running"
}

const outcomeWords = {
  answered: "answered",
  failed: "failed",
  broken: "broke off",
  interrupted: "caller disconnected",
  dropped: "stopped, the other was faster",
  running: "running"
}

/** @param {Decision} decision @param {number} now @param {HTMLLIElement | undefined} before */
const make = (decision, now, before) => {
  const { at, attempts, error, kind, model, outcome, skips } = decision
  const wasOpen = before?.querySelector("details")?.open ?? false
  const summary = el(
    "summary",
    {},
    el("time", { datetime: new Date(at).toISOString() }, timeOf(at, now)),
    el("bdi", { class: "asked" }, model === undefined ? "–" : plain(model)),
    el("span", { class: "took" }, decision.duration === undefined ? "…" : duration(decision.duration)),
    el(
      "span",
      { class: "path" },
      ...grouped(attempts).map((visit, index) => line(visit, index > 0)),
      attempts.length === 0 &&
        el(
          "span",
          { class: "visit", "data-outcome": outcome },
          icon(shapes[outcome]),
          error === undefined ? outcomeWords[outcome] : reasonWord(error)
        ),
      attempts.length > 0 &&
        outcome === "broken" &&
        el("span", { class: "visit muted" }, "the stream broke off")
    )
  )
  const more = el(
    "div",
    { class: "more small" },
    el(
      "p",
      {},
      `${outcomeWords[outcome]}${error === undefined ? "" : `: ${reasonWord(error)}`}${kind === "stream" ? ", as a stream" : ""}`
    ),
    el(
      "ol",
      {},
      ...attempts.map((attempt) =>
        el("li", {}, el("bdi", {}, plain(attempt.target)), ` ${attemptWords(attempt)}`)
      )
    ),
    skips.length > 0 && el("p", { class: "muted" }, `Skipped: ${listOfSkips(skips)}`)
  )
  const details = el("details", { open: wasOpen }, summary, more)
  return el(
    "li",
    { "data-id": decision.id, "data-outcome": outcome, "data-troubled": isTroubled(decision) },
    details
  )
}

/** @typedef {{ readonly target: string, readonly last: Attempt, readonly count: number }} Visit */

/** Groups consecutive attempts at the same target. @param {ReadonlyArray<Attempt>} attempts @returns {ReadonlyArray<Visit>} */
const grouped = (attempts) => {
  /** @type {Array<Visit>} */
  const visits = []
  for (const attempt of attempts) {
    const before = visits.at(-1)
    if (before !== undefined && before.target === attempt.target && before.last.outcome === "failed") {
      visits[visits.length - 1] = { target: attempt.target, last: attempt, count: before.count + 1 }
    } else visits.push({ target: attempt.target, last: attempt, count: 1 })
  }
  return visits
}

/** @param {Visit} visit @param {boolean} isNext */
const line = ({ count, last, target }, isNext) =>
  el(
    "span",
    { class: "visit", "data-outcome": last.failure !== undefined ? "failed" : last.outcome },
    icon(last.failure !== undefined ? "failed" : shapes[last.outcome]),
    isNext && el("span", { class: "muted" }, "→"),
    el("bdi", {}, ...breakable(target)),
    last.failure !== undefined && el("span", { class: "said" }, reasonWord(last.failure)),
    count > 1 && el("span", { class: "said" }, `×${count}`)
  )

/** @param {Attempt} attempt */
const attemptWords = ({ action, duration: took, evidence, failure, hedge, outcome, probe, status }) =>
  [
    `${probe ? "probe, " : ""}${hedge ? "hedge, " : ""}${failure === undefined ? outcomeWords[outcome] : reasonWord(failure)}`,
    status === undefined ? "" : `status ${status}`,
    evidence === undefined ? "" : plain(evidence),
    took === undefined ? "" : duration(took),
    action === undefined ? "" : `then ${action}`
  ]
    .filter(Boolean)
    .join(" · ")

/** @param {Decision["skips"]} skips */
const listOfSkips = (skips) => {
  const shown = skips
    .slice(0, 8)
    .map(
      ({ key, reason, target }) =>
        `${plain(target)} (${reasonWord(reason)}${key === target ? "" : `, ${plain(key)}`})`
    )
  return `${shown.join(", ")}${skips.length > 8 ? ` and ${counted(skips.length - 8, "other")}` : ""}`
}
