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

/** Ten base-32 digits from one random number. A table is ten times as fast as `toString(32)`. */
const part = (random: Random): string => {
  const number = random.nextDoubleUnsafe() * 0x200_0000
  const high = Math.floor(number)
  const low = Math.floor((number - high) * 0x200_0000)
  return (
    pairs[high >>> 15]! +
    pairs[(high >>> 5) & 1023]! +
    pairs[((high & 31) << 5) | (low >>> 20)]! +
    pairs[(low >>> 10) & 1023]! +
    pairs[low & 1023]!
  )
}

const digits = "0123456789abcdefghijklmnopqrstuv"

/** All pairs of base-32 digits, in order. */
const pairs = Array.from({ length: 1024 }, (_, index) => digits[index >> 5]! + digits[index & 31]!)
