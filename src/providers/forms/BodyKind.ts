/** The format of an answer, recognized by its first bytes: content types are often wrong. */

/** JSON, an event stream, or something else. */
export type BodyKind = "json" | "events" | "other"

const field = /^(?:data|event|id|retry|:)/

/** Recognizes the format; `undefined` until enough bytes have arrived. `label` is the content type. */
export const bodyKindOf = (begin: Uint8Array, label: string): BodyKind | undefined => {
  // A compressed body without a `content-encoding`, which the transport did not decode.
  if (begin[0] === 0x1f && begin[1] === 0x8b) return "other"
  let at = begin[0] === 0xef ? 3 : 0
  while (at < begin.length && begin[at]! <= 0x20) at++
  if (at >= begin.length) return undefined
  const first = begin[at]!
  if (first === 0x7b || first === 0x5b) return "json"
  if (!/json|html/i.test(label)) return first === 0x3c ? "other" : "events"
  if (begin.length - at < 6) return undefined
  return field.test(Buffer.from(begin.subarray(at, at + 8)).toString("latin1")) ? "events" : "other"
}
