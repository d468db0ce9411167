/** The laws of every day. Each throws if it is broken. */
import { assert } from "@effect/vitest"
import { type Day, type Service, troubleAt, wellSince } from "./day.ts"
import { type Call, type End, lastCheck, nameOf, type Played } from "./play.ts"
import { type Standing, textOf } from "./standing.ts"

/** Throws if a day breaks it. */
export type Law = (played: Played, day: Day) => void

/** All laws of a day. */
export const laws: Readonly<Record<string, Law>> = {
  "no request is lost while a target that it has not called would answer it": (played, day) => {
    for (const end of lostOf(played)) {
      for (const [index, service] of day.services.entries()) {
        const own = callsOf(played, end, index)
        if (own.length > 0 || wellSince(service, end.at) === undefined) continue
        assert.isTrue(
          isExcused(played, day, end, index),
          `${nameOf(index)} was not called; ${story(played, end)}`
        )
      }
    }
  },

  "no request is lost while a target that it may retry is well again": (played, day) => {
    for (const end of lostOf(played)) {
      for (const [index, service] of day.services.entries()) {
        const own = callsOf(played, end, index)
        if (own.length === 0 || !mayRetry(played, day, end, index, own)) continue
        const since = wellSince(service, end.at)
        if (since === undefined || end.at - since < timeToBeAdmitted(service)) continue
        assert.isTrue(
          isExcused(played, day, end, index),
          `${nameOf(index)} was not retried; ${story(played, end)}`
        )
      }
    }
  },

  "a failing target gets few calls": ({ calls }, day) => {
    for (const [index, service] of day.services.entries()) {
      const failed = calls.filter(
        ({ at, service }) => service === index && troubleAt(day.services[index]!, at)
      )
      const callers = new Set(failed.map(({ caller }) => caller)).size
      const spent = (failed.at(-1)?.at ?? 0) - (failed[0]?.at ?? 0)
      const { retryBudget } = day.policy
      const retries = retryBudget === 1_000 ? 3 * callers : 0.2 * day.callers + 10
      const most = 2 * callers + retries + 6 * (spent / 1_000) + 10
      assert.isAtMost(failed.length, most, `${nameOf(index)} ${JSON.stringify(service.troubles)}`)
    }
  },

  "a request ends at its deadline at the latest": ({ ends }, { policy }) => {
    for (const { at, startedAt } of ends) assert.isAtMost(at - startedAt, policy.deadline + 1)
  },

  "nothing is left": ({ left }) => {
    for (const [what, count] of Object.entries(left)) assert.strictEqual(count, 0, what)
  }
}

const lostOf = ({ ends }: Played): ReadonlyArray<End> =>
  ends.filter(({ hadContent, how }) => how !== "left" && !hadContent)

const callsOf = ({ calls }: Played, { caller }: End, index: number): ReadonlyArray<Call> =>
  calls.filter((call) => call.caller === caller && call.service === index)

const story = (played: Played, end: End): string => {
  const own = played.calls
    .filter(({ caller }) => caller === end.caller)
    .map(({ at, isSingle, service }) => `${nameOf(service)} at ${at}${isSingle ? " (single)" : ""}`)
  return `caller ${end.caller}, ${end.how} at ${end.at} after ${own.join(", ")}: ${end.standings.map(textOf).join("; ")}`
}

/** Whether a lost request may have skipped a target that would have answered it. */
const isExcused = (played: Played, day: Day, end: End, index: number): boolean => {
  const { benchedFor, isAtLimit, isProbed } = end.standings[index]!
  // A limit is never exceeded, and a manual bench holds for last attempts too.
  if (benchedFor === "Manual" || isAtLimit || wasJustBenchedByHand(day, end, index)) return true
  if (end.how === "DeadlineExceeded" && !hadTime(played, day, end, index)) return true
  if (day.policy.whenAllBenched !== "tryAnyway") return benchedFor !== undefined
  // Dead keys and models do not recover by themselves: they are tried only if nothing else was.
  const hasCalled = played.calls.some(({ caller }) => caller === end.caller)
  return benchedFor !== undefined && dead.has(benchedFor) && hasCalled && !isProbed
}

/** The pause after failures, and the time of the batches in which a crowd is admitted. */
const timeToBeAdmitted = ({ latency }: Service): number => 1_000 + 12 * latency

/** Whether a manual bench ended so shortly before the end of a request that the target could not answer in time. */
const wasJustBenchedByHand = ({ byHand, services }: Day, end: End, index: number): boolean =>
  byHand.some(({ at, lasts, service }) => {
    const since = end.at - (at + lasts)
    return service % services.length === index && since >= 0 && since < timeToBeAdmitted(services[index]!)
  })

const dead: ReadonlySet<string> = new Set(["InvalidKey", "Balance", "ModelMissing"])

/** Whether a request that reached its deadline had time for a target. */
const hadTime = (played: Played, day: Day, end: End, index: number): boolean =>
  hasPlenty(day, index) || couldBeLeftFor(played, day, end, index)

/** Whether the other targets leave enough of the deadline. */
const hasPlenty = ({ policy, services }: Day, index: number): boolean => {
  const others = services.filter((_, other) => other !== index)
  const takes = ({ latency, troubles }: Service) =>
    3 * latency +
    2_500 +
    Math.max(0, ...troubles.map(({ way }) => (way === "hang" || way === "slow" ? policy.timeout : 0)))
  const spent = others.reduce((sum, service) => sum + takes(service), 0)
  return 2 * (spent + policy.maxWait + 2_500) < policy.deadline
}

/**
 * Whether the last visit should have been left for a target: at the last check before the deadline that could be called or was being
 * probed, it answers in the time left then, and the visit had begun early enough to be checked.
 */
const couldBeLeftFor = (played: Played, day: Day, end: End, index: number): boolean => {
  const checkAt = end.startedAt + lastCheck(day)
  const slot = day.policy.deadline - lastCheck(day)
  const service = day.services[index]!
  const since = wellSince(service, end.at)
  if (since === undefined || since >= checkAt || service.latency > slot - 10) return false
  const [earlier, standing] = [end.earlier[index], end.standings[index]]
  if (!isOpen(standing) || !(isOpen(earlier) || isBeingProbed(earlier))) return false
  const own = played.calls.filter(({ caller }) => caller === end.caller)
  const last = own.at(-1)
  if (last === undefined || sharesPlace(day, last.service, index)) return last === undefined
  const began = own.find(({ service }) => service === last.service)!
  return began.at < checkAt - slot
}

const isOpen = (standing: Standing | undefined): boolean =>
  standing?.benchedFor === undefined && standing?.isProbed === false && !standing.isAtLimit

const isBeingProbed = (standing: Standing | undefined): boolean =>
  standing?.isProbed === true && !standing.isAtLimit

/** Whether a target that hangs leads away from another one: a fault of an endpoint affects all of a tier behind it. */
const sharesPlace = ({ services, tiers }: Day, one: number, other: number): boolean => {
  const tierOf = (index: number) => {
    let end = 0
    const tier = tiers.findIndex((size) => index < (end += size))
    return tier === -1 ? tiers.length : tier
  }
  return services[one]!.isShared && services[other]!.isShared && tierOf(one) === tierOf(other)
}

const retried = new Set([
  "Overloaded",
  "ServerError",
  "Connection",
  "Truncated",
  "Empty",
  "Malformed",
  "Unknown",
  "cut early"
])

/** Whether the visit to a target was unfinished, with a retry of its schedule left. */
const mayRetry = (
  { calls }: Played,
  { policy, services }: Day,
  { caller }: End,
  index: number,
  own: ReadonlyArray<Call>
): boolean => {
  if (policy.retryBudget === 0 || policy.whenAllBenched === "fail" || own.some(({ isSingle }) => isSingle))
    return false
  const all = calls.filter((call) => call.caller === caller)
  const targets = new Set(all.map(({ service }) => service)).size
  if (own.length > 2 || all.length - targets >= policy.attempts - 1) return false
  return own.every(({ at }) => retried.has(troubleAt(services[index]!, at)?.way ?? "none"))
}
