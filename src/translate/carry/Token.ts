/**
 * The text in which data is carried by a client: opaque, bounded, and signed.
 *
 * Its characters are allowed in ids of every protocol. It begins with a mark, names its owner by a checksum, and ends
 * with the packed content. The signature covers the owner, the content, and what the token is attached to (the id of
 * a call, the text of reasoning), so that a modified or moved token is rejected.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { isObject, type JsonObject, parse, write } from "../common/Json.ts"

/** The prefix of every token. */
export const mark = "efc1_"

/** The owner of carried data, and the keys of its tokens: the first one signs, all are accepted. */
export interface Owner {
  /** The owner's name in an opaque form. */
  readonly name: Uint8Array
  readonly keys: readonly [Uint8Array, ...ReadonlyArray<Uint8Array>]
}

const nameBytes = 6
const macBytes = 10
/** A token that unpacks to more is rejected. */
const mostUnpacked = 8_388_608

/** An owner, by the name of its provider and the family of its model. */
export const owner = (who: string, secrets: ReadonlyArray<string>): Owner => {
  const [first = "", ...rest] = secrets
  const key = (secret: string) =>
    createHmac("sha256", secret).update("effect-failover carry 1\n").update(who).digest()
  return {
    name: createHash("sha256").update(who).digest().subarray(0, nameBytes),
    keys: [key(first), ...rest.map(key)]
  }
}

/** The token for some content. `beside` is what it is attached to. */
export const seal = ({ keys, name }: Owner, beside: string, content: JsonObject): string => {
  const plain = Buffer.from(write(content))
  const deflated = deflateRawSync(plain)
  const isSmaller = deflated.length < plain.length
  const body = Buffer.concat([Uint8Array.of(isSmaller ? 1 : 0), isSmaller ? deflated : plain])
  return mark + Buffer.concat([name, mac(keys[0], name, beside, body), body]).toString("base64url")
}

/** The content of a token; `undefined` if it has another owner or was modified. */
export const open = ({ keys, name }: Owner, beside: string, token: string): JsonObject | undefined => {
  if (!isToken(token)) return undefined
  const bytes = Buffer.from(token.slice(mark.length), "base64url")
  if (!bytes.subarray(0, nameBytes).equals(name)) return undefined
  const given = bytes.subarray(nameBytes, nameBytes + macBytes)
  const body = bytes.subarray(nameBytes + macBytes)
  if (given.length !== macBytes || body.length < 2) return undefined
  if (!keys.some((key) => timingSafeEqual(given, mac(key, name, beside, body)))) return undefined
  const content = parse(unpacked(body))
  return isObject(content) ? content : undefined
}

/** Whether a text is a token, of any owner. */
export const isToken = (text: string): boolean => text.startsWith(mark)

const mac = (key: Uint8Array, name: Uint8Array, beside: string, body: Uint8Array): Uint8Array =>
  createHmac("sha256", key)
    .update(name)
    .update(createHash("sha256").update(beside).digest())
    .update(body)
    .digest()
    .subarray(0, macBytes)

const unpacked = (body: Buffer): string => {
  const packed = body.subarray(1)
  if (body[0] === 0) return packed.toString()
  try {
    return inflateRawSync(packed, { maxOutputLength: mostUnpacked }).toString()
  } catch {
    return ""
  }
}
