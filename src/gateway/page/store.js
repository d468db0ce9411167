/**
 * What the page knows: the status as it came, and every update laid over it. Pure functions.
 *
 * @import { Row, Status } from "../status/Status.ts"
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
  const { at, benches = status.benches, decisions, gone = [], rows } = update
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
    benches,
    rows: rows === undefined && gone.length === 0 ? status.rows : [...kept, ...changed.values()],
    decisions: decisions === undefined ? status.decisions : recent(status.decisions, decisions)
  }
}

/** @param {Row["steps"]} before @param {Row["steps"]} now @param {number} oldest @returns {Row["steps"]} */
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
