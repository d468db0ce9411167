/**
 * `NaN` and `Infinity`, which Python writes into JSON, and which JSON does not have: they become `null`, as OpenAI writes a
 * probability that is none. https://github.com/sgl-project/sglang/pull/20323
 */

/** A string as a whole, or one of these words outside of strings. */
const words = /"(?:[^"\\\r\n]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

/** The bytes with `null` in place of these words; `undefined` if there are none. */
export const finite = (bytes: Uint8Array): Uint8Array | undefined => {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!given.includes("NaN") && !given.includes("Infinity")) return undefined
  let isChanged = false
  const text = given.toString("latin1").replace(words, (found) => {
    if (found.startsWith('"')) return found
    isChanged = true
    return "null"
  })
  return isChanged ? Buffer.from(text, "latin1") : undefined
}
