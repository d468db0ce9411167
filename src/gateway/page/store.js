/**
 * What the page knows: the status as it came, and every update laid over it. Pure functions.
 *
 * @import { Status } from "../status/Status.ts"
 * @import { Update } from "../status/Watch.ts"
 * @import { Decision } from "../../observe/Decisions.ts"
 */

/** Decisions that are kept of each kind, troubled and not. */
const mostDecisions = 100

/** Whether something failed on a request's way. @param {Decision} decision */
export const isTroubled = ({ attempts, outcome }) =>
  outcome === "failed" || outcome === "broken" || attempts.some(({ failure }) => failure !== undefined)

/** The status with an update laid over it. @param {Status} status @param {Update} update @returns {Status} */
export const updated = (status, update) => {
  const { at, benches = [], decisions, gone = [], off = [], requests, rows } = update
  const changed = new Map((rows ?? []).map((row) => [row.key, row]))
  const oldest = Math.floor(at / status.stepMillis) - status.steps + 1
  const kept = status.rows
    .filter(({ key }) => !gone.includes(key))
    .map((row) => {
      const now = changed.get(row.key)
      changed.delete(row.key)
      return now === undefined ? row : { ...now, steps: merged(row.steps, now.steps, oldest) }
    })
  return {
    ...status,
    at,
    benches: laidOver(status.benches, benches, off),
    requests: requests === undefined ? status.requests : merged(status.requests, requests, oldest),
    rows: rows === undefined && gone.length === 0 ? status.rows : [...kept, ...changed.values()],
    decisions: decisions === undefined ? status.decisions : recent(status.decisions, decisions)
  }
}

/** @param {Status["benches"]} before @param {Status["benches"]} now @param {ReadonlyArray<string>} off @returns {Status["benches"]} */
const laidOver = (before, now, off) => {
  if (now.length + off.length === 0) return before
  const all = new Map([...before, ...now].map((bench) => [bench.key, bench]))
  for (const key of off) all.delete(key)
  return [...all.values()]
}

/**
 * @template {readonly [number, ...ReadonlyArray<number>]} Step
 * @param {ReadonlyArray<Step>} before @param {ReadonlyArray<Step>} now @param {number} oldest
 * @returns {ReadonlyArray<Step>}
 */
const merged = (before, now, oldest) => {
  const first = now[0]?.[0] ?? Number.POSITIVE_INFINITY
  return [...before.filter(([number]) => number >= oldest && number < first), ...now]
}

/** @param {ReadonlyArray<Decision>} before @param {ReadonlyArray<Decision>} now @returns {ReadonlyArray<Decision>} */
const recent = (before, now) => {
  const known = new Set(now.map(({ id }) => id))
  const left = { troubled: mostDecisions, smooth: mostDecisions }
  return [...now, ...before.filter(({ id }) => !known.has(id))]
    .sort((a, b) => b.id - a.id)
    .filter((decision) => left[isTroubled(decision) ? "troubled" : "smooth"]-- > 0)
}

/** Decisions that are older say nothing of who answers now, in milliseconds. */
const recently = 120_000

/**
 * Who answers now what a target should: by the keys of targets that were passed by or failed lately. Only who serves
 * still is named.
 *
 * @param {Pick<Status, "rows" | "decisions">} status @param {number} now
 * @returns {ReadonlyMap<string, string>}
 */
export const insteadOf = ({ decisions, rows }, now) => {
  const serving = new Set(rows.filter(({ state }) => state === "serving").map(({ key }) => key))
  /** @type {Map<string, string>} */
  const instead = new Map()
  for (const { at, attempts, outcome, skips, target } of decisions) {
    if (target === undefined || outcome !== "answered" || now - at > recently || !serving.has(target))
      continue
    for (const other of [...skips, ...attempts]) {
      if (other.target !== target && !instead.has(other.target)) instead.set(other.target, target)
    }
  }
  return instead
}
