/**
 * Ids of calls that carry something: the id as it was, a line, and a token.
 *
 * An id is the one thing of a call that every client gives back as it came, with the call and with its result.
 */
import { mark } from "./Token.ts"

const seam = `_${mark}`

/** What every protocol takes as an id. https://docs.anthropic.com/en/api/messages#body-messages-content-id */
const legal = /^[a-zA-Z0-9_-]{1,64}$/

/** The longest id that a client is given. Anthropic's protocol names no bound; this one keeps a conversation readable. */
export const longest = 16_384

/** True for an id that can be given to every client as it is. */
export const isLegal = (id: string): boolean => legal.test(id) && !id.includes(seam)

/** An id that can be given to every client, as near to the given one as possible. */
export const toLegal = (id: string): string =>
  id
    .replaceAll(/[^a-zA-Z0-9_-]/g, "_")
    .replaceAll(seam, "_")
    .slice(0, 40)

/** The id with the token at its end. */
export const join = (id: string, token: string): string => `${id}_${token}`

/** The id and the token at its end, if there is one. */
export const split = (id: string): { readonly id: string; readonly token?: string } => {
  const at = id.indexOf(seam)
  return at === -1 ? { id } : { id: id.slice(0, at), token: id.slice(at + 1) }
}
