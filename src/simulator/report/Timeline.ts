/** The story of a simulation: what broke, who rested for it, how often it was probed, when it served again, who lost. */
import type { FailureClass } from "../../failure/Failure.ts"
import type { Asked } from "../Journal.ts"
import type { Played } from "../Simulation.ts"

/** One line of the story. Times are milliseconds since the start; `last` is when something happened for the last time. */
export type Entry =
  /** Fault number `fault` (from 0) of the scenario begins, or is over. */
  | { readonly what: "begins" | "over"; readonly at: number; readonly fault: number }
  /** A key comes on the bench. `until`: when it may be tried again. */
  | {
      readonly what: "rests"
      readonly at: number
      readonly key: string
      readonly reason: FailureClass | "Manual" | undefined
      readonly evidence: string | undefined
      readonly until: number
    }
  /** It was tried again and failed, by so many probes and by so many last tries of requests that had nobody else, and rests on. */
  | {
      readonly what: "fails"
      readonly at: number
      readonly last: number
      readonly key: string
      readonly reason: FailureClass | "Manual" | undefined
      readonly probes: number
      readonly lastTries: number
      readonly until: number
    }
  /** It answered, and is off the bench after so long. */
  | { readonly what: "back"; readonly at: number; readonly key: string; readonly rested: number }
  /** Requests got no answer. */
  | {
      readonly what: "lost"
      readonly at: number
      readonly last: number
      readonly error: string
      readonly requests: number
    }

/** Lost requests that are no farther apart than this many milliseconds are told together. */
const together = 10_000

/** What fails so soon after a key came on the bench was under way then. */
const underWay = 250

/** The story, in the order in which its parts began. */
export const of = (played: Played): ReadonlyArray<Entry> =>
  [...faultsOf(played), ...benchesOf(played), ...lostOf(played.requests)].sort((a, b) => a.at - b.at)

const faultsOf = ({ end, scenario: { duration, faults } }: Played): ReadonlyArray<Entry> =>
  faults.flatMap(
    ({ from, until }, fault): ReadonlyArray<Entry> => [
      { what: "begins", at: from, fault },
      ...(until < Math.min(duration, end) ? [{ what: "over", at: until, fault } as const] : [])
    ]
  )

type Mutable<A> = A extends unknown ? { -readonly [K in keyof A]: A[K] } : never

const benchesOf = ({ benches }: Played): ReadonlyArray<Entry> => {
  const entries: Array<Mutable<Entry>> = []
  /** The keys that rest: since when, the last that was told of them, and whether somebody probes them. */
  const resting = new Map<string, { since: number; told: Rest; probing: boolean }>()
  for (const { at, evidence, key, reason, status, until = Number.POSITIVE_INFINITY } of benches) {
    const known = resting.get(key)
    if (status !== "resting") {
      if (known === undefined) continue
      known.probing = status === "probing"
      if (status !== "free") continue
      resting.delete(key)
      entries.push({ what: "back", at, key, rested: at - known.since })
    } else if (known === undefined) {
      const told: Rest = { what: "rests", at, key, reason, evidence, until }
      resting.set(key, { since: at, told, probing: false })
      entries.push(told)
    } else if (!known.probing && known.told.what === "rests" && at - known.since <= underWay) {
      known.told.until = until
    } else {
      if (known.told.what !== "fails" || known.told.reason !== reason) {
        known.told = { what: "fails", at, last: at, key, reason, probes: 0, lastTries: 0, until }
        entries.push(known.told)
      }
      known.told[known.probing ? "probes" : "lastTries"]++
      known.told.last = at
      known.told.until = until
      known.probing = false
    }
  }
  return entries
}

type Rest = Mutable<Extract<Entry, { readonly what: "rests" | "fails" }>>

type Lost = Mutable<Extract<Entry, { readonly what: "lost" }>>

const lostOf = (requests: ReadonlyArray<Asked>): ReadonlyArray<Entry> => {
  const entries: Array<Lost> = []
  const open = new Map<string, Lost>()
  for (const { at, error, state } of requests) {
    if (error === undefined) continue
    const name = state === "broken" ? `broken off (${error})` : error
    const known = open.get(name)
    if (known !== undefined && at - known.last <= together) {
      known.last = at
      known.requests++
      continue
    }
    const entry: Lost = { what: "lost", at, last: at, error: name, requests: 1 }
    entries.push(entry)
    open.set(name, entry)
  }
  return entries
}
