/**
 * What the rows of the status say about targets: which ones count, and how their attempts of the last minute ended.
 *
 * @import { Row } from "../status/Status.ts"
 */
import { number, percent, reasonWord } from "./words.js"

/** The relevant rows: those in the config, or all if the config names no models. @param {ReadonlyArray<Row>} rows */
export const relevant = (rows) => {
  const named = rows.filter((row) => row.named)
  return named.length > 0 ? named : rows
}

/**
 * The attempts that were answered and that failed in the last minute.
 *
 * @param {{ readonly steps: ReadonlyArray<readonly [number, number, number, ...ReadonlyArray<number>]> }} row
 * @param {number} now @param {number} stepMillis
 */
export const lastMinute = ({ steps }, now, stepMillis) => {
  const first = Math.floor((now - 60_000) / stepMillis)
  let [answered, failed] = [0, 0]
  for (const [number, a, f] of steps) {
    if (number < first) continue
    answered += a
    failed += f
  }
  return { answered, failed }
}

/** Whether a serving target fails often: at least twice and a tenth of its attempts in the last minute. @param {Row} row @param {number} now @param {number} stepMillis */
export const isFailing = (row, now, stepMillis) => {
  const { answered, failed } = lastMinute(row, now, stepMillis)
  return failed >= 2 && failed / (answered + failed) >= 0.1
}

/** The share of a row's last attempts that failed. @param {Row} row @param {number} now @param {number} stepMillis */
export const failingShare = (row, now, stepMillis) => {
  const { answered, failed } = lastMinute(row, now, stepMillis)
  return percent(failed, answered + failed)
}

/** The failures of a row, the most frequent first. @param {Row} row */
export const failuresOf = ({ failures }) =>
  Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([name, count]) => `${number(count)} × ${reasonWord(name)}`)
    .join(", ")

/**
 * How many of a provider's targets serve. As in the headline, targets that only clients named count only if
 * the config names none, so that a mistyped model name does not count against a provider.
 *
 * @param {ReadonlyArray<Row>} rows
 * @returns {{ readonly isWhole: boolean, readonly text: string }}
 */
export const summary = (rows) => {
  const own = relevant(rows)
  const serving = own.filter(({ state }) => state === "serving").length
  const isWhole = serving === own.length
  return {
    isWhole,
    text: own.length === 0 ? "" : isWhole ? "all serving" : `${serving} of ${own.length} serving`
  }
}
