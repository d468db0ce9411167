/**
 * Limits how many wrong tokens one address may try.
 *
 * The limit applies only after a token turned out to be wrong. A right token always works, from any address,
 * so no caller is locked out by others behind the same proxy, and valid requests pay nothing. Only long
 * tokens make guessing hard. This limit slows down a client with an old token, makes guessing more expensive
 * (each refusal closes the connection), and makes it visible.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import * as Series from "../../observe/Series.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Refusal from "../http/Refusal.ts"
import * as Tokens from "./Tokens.ts"

/** `tries` wrong tokens at once, and after that `tries` more in each `per` milliseconds. */
export interface Limit {
  readonly tries: number
  readonly per: number
}

/** What a token gives access to. */
export type Door = "client" | "admin"

/** How many seconds a request with a wrong token has to wait; `undefined` below the limit. */
export type Guard = (incoming: HttpServerRequest) => number | undefined

/** The counters of a gateway, kept across reloads. */
export interface WrongTokens {
  /** Counts the wrong tokens for one kind of access. */
  readonly at: (door: Door, limit: Limit | "unlimited") => Guard
}

/**
 * The number of counters. Addresses share them by hash, so memory is bounded. An attacker with very many
 * addresses can make others get 429 instead of 401, and nothing more.
 */
const slots = 4096

/** The shortest time between two warnings, in milliseconds. */
const quiet = 60_000

const tries = Series.counter(
  "failover_wrong_tokens_total",
  "Requests with a wrong token, by kind of access and whether their address was over the limit."
)

/** Makes the counters, with metrics in the `MetricRegistry` of the context and warnings by its loggers. */
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

/** A request without a token does not count. */
const isTry = (headers: Readonly<Record<string, string>>): boolean =>
  (Tokens.bearer(headers.authorization) ?? "") !== "" ||
  Tokens.keyHeaders.some((name) => (headers[name] ?? "") !== "")

/** A token bucket per slot: the time at which it will be full again, in milliseconds since the epoch. */
class Counters {
  readonly #fullAt = new Float64Array(slots)

  /** Takes one try. Returns 0, or the milliseconds until the next try if there is none now. */
  take(address: string, { per, tries }: Limit, now: number): number {
    const slot = hash(address) % slots
    const one = per / tries
    const fullAt = Math.max(now, this.#fullAt[slot] ?? 0) + one
    const wait = fullAt - now - per
    // Less than a millisecond is a rounding error of the division.
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
 * The key of an address: itself, or the /64 network of an IPv6 address, which is the smallest network that a
 * customer gets (https://www.rfc-editor.org/rfc/rfc6177). An IPv4-mapped IPv6 address counts as the IPv4
 * address.
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
    // A trailing IPv4 address takes two groups.
    const taken = behind.length + (behind.at(-1)?.includes(".") === true ? 1 : 0)
    while (groups.length < 8 - taken) groups.push("0")
    groups.push(...behind)
  }
  return groups.slice(0, 4).join(":")
}

/** The answer above the limit. `x-should-retry: false`, because a retry would send the same token again. */
export const refusal = (seconds: number): Refusal.Refusal =>
  Refusal.make(429, "too_many_wrong_tokens", message, { headers: headers(seconds) })

/** The message of that answer. */
export const message = "too many wrong tokens came from this address; a right token is accepted at any time"

/** The headers of that answer. The connection closes, so that each further guess needs a new one. */
export const headers = (seconds: number): Readonly<Record<string, string>> => ({
  "retry-after": String(seconds),
  "x-should-retry": "false",
  connection: "close"
})
