/** What a request is known by, to its caller and in whatever is said about it. */
import type { Random } from "effect/Random"

/** The caller's own id, where it is a sane one; else a new one. */
export const requestId = (headers: Readonly<Record<string, string>>, random: Random): string => {
  const given = headers["x-request-id"]
  return given !== undefined && /^[\w.:+/=@-]{1,128}$/.test(given)
    ? given
    : `req_${part(random)}${part(random)}`
}

const part = (random: Random): string =>
  Math.floor(random.nextDoubleUnsafe() * 0x1_0000_0000_0000)
    .toString(36)
    .padStart(10, "0")
