/**
 * The page's copy of the status, with updates applied. Pure functions.
 *
 * @import { Status } from "../status/Status.ts"
 * @import { Update } from "../status/Watch.ts"
 * @import { Decision } from "../../observe/Decisions.ts"
 */

/** The most decisions that are kept: with failures, and without. */
const maxDecisions = 100

/** Whether a request had a failure. @param {Decision} decision */
export const isTroubled = ({ attempts, outcome }) =>
  outcome === "failed" || outcome === "broken" || attempts.some(({ failure }) => failure !== undefined)

/** The status with an update applied. @param {Status} status @param {Update} update @returns {Status} */
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
    benches: withChanges(status.benches, benches, off),
    requests: requests === undefined ? status.requests : merged(status.requests, requests, oldest),
    rows: rows === undefined && gone.length === 0 ? status.rows : [...kept, ...changed.values()],
    decisions: decisions === undefined ? status.decisions : recent(status.decisions, decisions)
  }
}

/** @param {Status["benches"]} before @param {Status["benches"]} now @param {ReadonlyArray<string>} off @returns {Status["benches"]} */
const withChanges = (before, now, off) => {
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
  const left = { troubled: maxDecisions, smooth: maxDecisions }
  return [...now, ...before.filter(({ id }) => !known.has(id))]
    .sort((a, b) => b.id - a.id)
    .filter((decision) => left[isTroubled(decision) ? "troubled" : "smooth"]-- > 0)
}

/** The age after which a decision no longer shows what answers now, in milliseconds. */
const recently = 120_000

/**
 * Which target answers instead of another: by the keys of targets that were skipped or failed lately. Only
 * targets that still serve are named.
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
