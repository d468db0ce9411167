/**
 * How often one address may try wrong tokens.
 *
 * Asked only once a token has turned out to be wrong: the right one always opens, from whatever address, so nobody is
 * locked out by what others try, behind a shared proxy either; and who has the right one pays nothing for this. What
 * makes tokens hard to guess is their length. This keeps a client with an old token from hammering, makes guessing
 * dearer (the connection ends with each refusal), and makes it seen.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import * as Series from "../../observe/Series.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Refusal from "../http/Refusal.ts"
import * as Tokens from "./Tokens.ts"

/** So many wrong tries at once, and from then on so many more in each `per` milliseconds. */
export interface Limit {
  readonly tries: number
  readonly per: number
}

/** What a token opens. */
export type Door = "client" | "admin"

/** Says of a request without the right token how many seconds it has to wait; `undefined` while it tried little. */
export type Guard = (incoming: HttpServerRequest) => number | undefined

/** The tries at a gateway, through all its configs. */
export interface WrongTokens {
  /** Counts the tries at a door. */
  readonly at: (door: Door, limit: Limit | "unlimited") => Guard
}

/**
 * Addresses share so many counters. However many there are, no more is kept: whoever has a great many of them can make
 * others hear 429 instead of 401, and no more than that.
 */
const slots = 4096

/** Nothing is said more often than this about one who goes on, in milliseconds. */
const quiet = 60_000

const tries = Series.counter(
  "failover_wrong_tokens_total",
  "Requests with a wrong token, by what it was to open and whether there were too many from that address."
)

/** Begins to count, in the `MetricRegistry` of the context, and warns by its loggers. */
export const make: Effect.Effect<WrongTokens> = Effect.map(Effect.context<never>(), (context) => {
  const series = Series.make(context)
  const clock = Effect.runSyncWith(context)(Clock.Clock)
  const counters = new Counters()
  let warnedAt = Number.NEGATIVE_INFINITY

  const warn = (door: Door, address: string, now: number): void => {
    if (now - warnedAt < quiet) return
    warnedAt = now
    const entry = Effect.annotateLogs(Effect.logWarning("too many wrong tokens"), { address, door })
    Effect.runForkWith(context)(entry)
  }

  return {
    at: (door, limit) => {
      const counted = (limited: boolean) => series.of(tries, { door, limited: String(limited) })(1)
      return (incoming) => {
        if (!isTry(incoming.headers)) return undefined
        const now = MonotonicClock.millis(clock)
        const address = Option.getOrElse(incoming.remoteAddress, () => "")
        const wait = limit === "unlimited" ? 0 : counters.take(networkOf(address), limit, now)
        counted(wait > 0)
        if (wait <= 0) return undefined
        warn(door, address, now)
        return Math.max(1, Math.ceil(wait / 1000))
      }
    }
  }
})

/** A request that brings no token has tried none. */
const isTry = (headers: Readonly<Record<string, string>>): boolean =>
  (Tokens.bearer(headers.authorization) ?? "") !== "" || (headers["x-api-key"] ?? "") !== ""

/** A bucket for each of a fixed number of slots: when it will be full again, in milliseconds since the epoch. */
class Counters {
  readonly #fullAt = new Float64Array(slots)

  /** Takes one try; the milliseconds until there is one again where there is none, else 0. */
  take(address: string, { per, tries }: Limit, now: number): number {
    const slot = hash(address) % slots
    const one = per / tries
    const fullAt = Math.max(now, this.#fullAt[slot] ?? 0) + one
    const wait = fullAt - now - per
    // A sliver below a millisecond comes from dividing.
    if (wait >= 1) return wait
    this.#fullAt[slot] = fullAt
    return 0
  }
}

/** FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/**
 * What stands for an address: itself, or the /64 of an IPv6 one, which is the least that one customer gets
 * (https://www.rfc-editor.org/rfc/rfc6177). An IPv4 address in the clothes of an IPv6 one is the IPv4 address.
 *
 * @example
 * networkOf("2001:db8::7:8:9") // => "2001:db8:0:0"
 * networkOf("::ffff:192.0.2.1") // => "192.0.2.1"
 */
export const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  if (!address.includes(":")) return address
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  if (tail !== undefined) {
    const behind = tail === "" ? [] : tail.split(":")
    // An IPv4 address at the end takes the room of two.
    const taken = behind.length + (behind.at(-1)?.includes(".") === true ? 1 : 0)
    while (groups.length < 8 - taken) groups.push("0")
    groups.push(...behind)
  }
  return groups.slice(0, 4).join(":")
}

/** What one is told who tried too often. A client that retries by itself would only try the same token again. */
export const refusal = (seconds: number): Refusal.Refusal =>
  Refusal.make(429, "too_many_wrong_tokens", message, { headers: headers(seconds) })

/** The same in words. */
export const message = "too many wrong tokens came from this address; the right one is taken at any time"

/** The headers of that answer. The connection ends, so that each further guess needs one of its own. */
export const headers = (seconds: number): Readonly<Record<string, string>> => ({
  "retry-after": String(seconds),
  "x-should-retry": "false",
  connection: "close"
})
