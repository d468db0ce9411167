/**
 * How things stand, in words: the headline for all targets, and the state of one named model. Pure functions.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { failingShare, isFailing, lastMinute, relevant } from "./rows.js"
import { counted, listed, number, ordinal, plain } from "./words.js"

/** @typedef {"ok" | "warn" | "bad" | "unknown"} Level */

/**
 * The requests that were answered and that failed in the last minute, whatever attempts they took.
 *
 * @param {Status["requests"]} requests @param {number} now @param {number} stepMillis
 */
const recentRequests = (requests, now, stepMillis) => lastMinute({ steps: requests }, now, stepMillis)

/**
 * The overall state in a sentence, and details in others. Screen readers announce the first when it changes,
 * so it has no countdown.
 *
 * @param {Pick<Status, "rows" | "requests" | "stepMillis" | "startedAt">} status
 * @param {number} now
 * @returns {{ readonly level: Level, readonly text: string, readonly detail: string }}
 */
export const headline = ({ requests, rows, startedAt, stepMillis }, now) => {
  const own = relevant(rows)
  if (own.length === 0) {
    return {
      level: "unknown",
      text: "No targets yet",
      detail: "The config names no models. Targets appear here when they are called."
    }
  }
  const requested = recentRequests(requests, now, stepMillis)
  const isBad = requested.failed >= 2 && requested.failed / (requested.answered + requested.failed) >= 0.1
  const servedBy = providersThatAnswer(own, now, stepMillis)
  const by = servedBy.length === 0 ? "" : `Requests are served by ${listed(servedBy)}.`
  const callers = callersText(requested)
  const out = own.filter((row) => row.state !== "serving")
  const all = `${own.length === 1 ? "The only target is" : own.length === 2 ? "Both targets are" : `All ${number(own.length)} targets are`}`
  if (out.length === 0) {
    const failing = own.filter((row) => isFailing(row, now, stepMillis))
    if (failing.length > 0) {
      const worst = failing.map(
        (row) => `${nameOf(row, own)} fails ${failingShare(row, now, stepMillis)} of its attempts`
      )
      return {
        level: isBad ? "bad" : "warn",
        text: `${all} serving, but ${short(worst) ?? `${counted(failing.length, "target")} ${failing.length === 1 ? "fails" : "fail"} often`}`,
        detail: sentences(callers, by)
      }
    }
    if (isBad) return { level: "bad", text: "Requests fail", detail: sentences(callers, `${all} serving.`) }
    const idle = requests.length > 0 || own.some((row) => row.steps.length > 0) ? "in the last minute" : "yet"
    return {
      level: "ok",
      text: `${all} serving`,
      detail:
        sentences(callers, by) ||
        (idle === "yet" && now - startedAt > 600_000
          ? "No request in the last 10 minutes."
          : `No request ${idle}.`)
    }
  }
  if (out.every((row) => row.state !== "half-open") && out.length === own.length) {
    const hand = out.every((row) => row.state === "manual")
    return {
      level: "bad",
      text: `No target can be called: ${all.charAt(0).toLowerCase()}${all.slice(1)} ${hand ? "benched manually" : "benched"}`,
      detail: sentences(
        callers,
        "Requests fail, or the target with the shortest remaining cooldown is tried anyway."
      )
    }
  }
  const names = subjects(out, own)
  const who = short(names) ?? `${number(out.length)} of ${number(own.length)} targets`
  const isOne = names.length === 1
  const others = own.filter((row) => row.state === "serving")
  return {
    level: isBad ? "bad" : "warn",
    text: `${who} ${verb(out, isOne)}`,
    detail: sentences(
      callers,
      by || othersText(others, requested.answered + requested.failed > 0, now, stepMillis)
    )
  }
}

/** The serving targets, if others are unavailable and no request was answered. @param {ReadonlyArray<Row>} rows @param {boolean} anyRequest @param {number} now @param {number} stepMillis */
const othersText = (rows, anyRequest, now, stepMillis) => {
  const count = rows.length
  if (count === 0) return ""
  if (!anyRequest) return `${counted(count, "target")} can serve; no request in the last minute.`
  const tried = rows.filter((row) => lastMinute(row, now, stepMillis).failed > 0).length
  const others = counted(count, "other target")
  if (tried === 0) return `${others} ${count === 1 ? "was" : "were"} not called.`
  return tried === count
    ? `${others} ${count === 1 ? "is" : "are"} not benched, but ${count === 1 ? "failed" : "all failed"} too.`
    : `Of ${others} that are not benched, ${number(tried)} failed too and ${number(count - tried)} ${count - tried === 1 ? "was" : "were"} not called.`
}

/**
 * Whether requests for a model name can be answered now, and by which target: the first available one of its chain.
 *
 * @param {Status["models"][number]} model @param {ReadonlyMap<string, Row>} rowOf @param {number} now @param {number} stepMillis
 * @returns {{ readonly level: "ok" | "warn" | "bad", readonly word: string, readonly detail: string }}
 */
export const modelStanding = ({ equals = 1, targets }, rowOf, now, stepMillis) => {
  if (targets.length === 0)
    return { level: "bad", word: "cannot answer", detail: "none of its credentials is enabled" }
  const stateOf = (/** @type {string} */ key) => rowOf.get(key)?.state ?? "serving"
  const isThere = (/** @type {string} */ key) => stateOf(key) === "serving" || stateOf(key) === "half-open"
  const serving = targets.slice(0, equals).filter((key) => stateOf(key) === "serving")
  if (equals > 1 && serving.length > 0) {
    const failing = serving.filter((key) => {
      const row = rowOf.get(key)
      return row !== undefined && isFailing(row, now, stepMillis)
    })
    const by = `by ${number(serving.length)} of ${number(equals)} equal targets`
    return failing.length === 0
      ? { level: "ok", word: "answers", detail: by }
      : {
          level: "warn",
          word: "fails often",
          detail: `${by}, of which ${listed(failing.map(plain))} fail often`
        }
  }
  const at = targets.findIndex(isThere)
  const target = targets[at]
  if (target === undefined) {
    return {
      level: "bad",
      word: "cannot answer",
      detail:
        targets.length === 1
          ? "its only target is unavailable"
          : `all of its ${number(targets.length)} targets are unavailable`
    }
  }
  const row = rowOf.get(target)
  const place = at === 0 ? "" : `, the ${ordinal(at + 1)} of ${number(targets.length)}`
  const by = `by ${plain(target)}${place}`
  if (stateOf(target) === "half-open") {
    return { level: "warn", word: "half-open", detail: `${by}, which the next request probes` }
  }
  if (row !== undefined && isFailing(row, now, stepMillis)) {
    return {
      level: "warn",
      word: "fails often",
      detail: `${by}, which fails ${failingShare(row, now, stepMillis)} of its attempts`
    }
  }
  return at === 0
    ? { level: "ok", word: "answers", detail: by }
    : { level: "warn", word: "falls back", detail: by }
}

/** @param {ReadonlyArray<string>} all */
const sentences = (...all) => all.filter(Boolean).join(" ")

/** Names that fit into a headline; `undefined` if they are too many or too long. @param {ReadonlyArray<string>} names */
const short = (names) => {
  const text = listed(names)
  return names.length <= 2 && text.length <= 64 ? text : undefined
}

/** The requests of the last minute, in a sentence. @param {{ readonly answered: number, readonly failed: number }} requests */
const callersText = ({ answered, failed }) => {
  const whole = answered + failed
  if (whole === 0) return ""
  if (failed === 0)
    return whole === 1
      ? "The last minute's only request was answered."
      : `All ${number(whole)} requests of the last minute were answered.`
  return answered === 0
    ? `No request of the last minute was answered (${number(failed)} failed).`
    : `${number(failed)} of ${number(whole)} requests of the last minute failed.`
}

/** Providers by answers of the last minute, most answers first. @param {ReadonlyArray<Row>} rows @param {number} now @param {number} stepMillis */
const providersThatAnswer = (rows, now, stepMillis) => {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const row of rows) {
    // A target that was benched a moment ago does not serve any more.
    if (row.state !== "serving") continue
    const { answered } = lastMinute(row, now, stepMillis)
    if (answered > 0) counts.set(row.provider, (counts.get(row.provider) ?? 0) + answered)
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name)
}

/** The shortest unique name of a target. @param {Row} row @param {ReadonlyArray<Row>} all */
const nameOf = (row, all) => {
  const alike = all.filter(({ provider }) => provider === row.provider)
  if (alike.length === 1) return row.provider
  const model = `${row.provider}/${plain(row.model)}`
  return alike.filter(({ model }) => model === row.model).length === 1 ? model : `${model}#${row.credential}`
}

/** The names of what is unavailable: a provider if all of its targets are, otherwise the targets. @param {ReadonlyArray<Row>} out @param {ReadonlyArray<Row>} all */
const subjects = (out, all) => {
  const names = new Set(
    out.map((row) => {
      const whole = all.every(
        ({ key, provider }) => provider !== row.provider || out.some((other) => other.key === key)
      )
      return whole ? row.provider : nameOf(row, all)
    })
  )
  return [...names]
}

/** The verb phrase for unavailable targets. @param {ReadonlyArray<Row>} out @param {boolean} isOne */
const verb = (out, isOne) => {
  const is = isOne ? "is" : "are"
  const states = new Set(out.map(({ state }) => state))
  if (states.size > 1)
    return states.has("resting") || states.has("manual") ? `${is} unavailable` : `${is} being probed`
  if (states.has("manual")) return `${is} benched manually`
  if (states.has("probing")) return `${is} being probed`
  if (states.has("half-open")) return isOne ? "waits for a probe" : "wait for a probe"
  return `${is} in cooldown`
}
