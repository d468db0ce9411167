/** The id of a request, sent to its caller and used in logs, spans and events. */
import type { Random } from "effect/Random"
import type { Secrets } from "../../redaction/Secrets.ts"

/**
 * The caller's `x-request-id` if it is valid (1 to 128 characters of a safe set, and none of `secrets`), or a new
 * id.
 */
export const requestId = (
  headers: Readonly<Record<string, string>>,
  random: Random,
  secrets?: Secrets | undefined
): string => {
  const given = headers["x-request-id"]
  return given !== undefined && /^[\w.:+/=@-]{1,128}$/.test(given) && secrets?.isIn(given) !== true
    ? given
    : `req_${part(random)}${part(random)}`
}

/**
 * Ten base-32 digits: 50 random bits. They are written as two small integers: 0.1 instead of 0.6 µs, of which a request needs two
 * (2026-11-30).
 */
const part = (random: Random): string => {
  const bits = random.nextDoubleUnsafe() * half
  const high = Math.floor(bits)
  return digits(high) + digits(Math.floor((bits - high) * half))
}

const half = 2 ** 25

/** Five digits. */
const digits = (value: number): string => value.toString(32).padStart(5, "0")
