/**
 * Ids of calls that carry data: the original id, a separator, and a token.
 *
 * An id is the only part of a call that every client returns unchanged, with the call and with its result.
 */
import { mark } from "./Token.ts"

const seam = `_${mark}`

/** The ids that every protocol accepts. https://github.com/maximhq/bifrost/issues/5097 */
const legal = /^[a-zA-Z0-9_-]{1,64}$/

/** The longest id given to a client. Anthropic's protocol has no limit; this one keeps a conversation readable. */
export const longest = 16_384

/** True for an id that every client can get unchanged. */
export const isLegal = (id: string): boolean => legal.test(id) && !id.includes(seam)

/** An id that every client accepts, as similar to the given one as possible. */
export const toLegal = (id: string): string =>
  id
    .slice(0, 1_024)
    .replaceAll(/[^a-zA-Z0-9_-]/g, "_")
    .replaceAll(seam, "_")
    .slice(0, 40)

/** The id with the token appended. */
export const join = (id: string, token: string): string => `${id}_${token}`

/** Splits an id from its token, if it has one. */
export const split = (id: string): { readonly id: string; readonly token?: string } => {
  const at = id.indexOf(seam)
  return at === -1 ? { id } : { id: id.slice(0, at), token: id.slice(at + 1) }
}
