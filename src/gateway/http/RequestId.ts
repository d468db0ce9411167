/** What a request is known by, to its caller and in whatever is said about it. */
import type { Random } from "effect/Random"

/** The caller's own id, where it is a sane one; else a new one. */
export const requestId = (headers: Readonly<Record<string, string>>, random: Random): string => {
  const given = headers["x-request-id"]
  return given !== undefined && /^[\w.:+/=@-]{1,128}$/.test(given)
    ? given
    : `req_${part(random)}${part(random)}`
}

/** Ten letters and digits from one number. Writing a number in base 32 by hand is ten times as fast as `toString`. */
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

/** All pairs of digits, in order. */
const pairs = Array.from({ length: 1024 }, (_, index) => digits[index >> 5]! + digits[index & 31]!)
