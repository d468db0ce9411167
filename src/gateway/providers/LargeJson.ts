/** Writes large JSON values as bytes, without one large string in between. */
import { ByteChunks } from "../../providers/bytes/ByteChunks.ts"

/** Strings from this size, in characters, are written in pieces of this size. */
const large = 256 * 1024

/**
 * The bytes of what `JSON.stringify` would write. A long string is written in pieces, which takes its size
 * once more instead of four times.
 */
export const bytesOf = (json: unknown): Uint8Array => {
  const gathered = new ByteChunks()
  let text = ""
  const flush = (): void => {
    if (text.length > 0) gathered.pushOwn(Buffer.from(text))
    text = ""
  }
  const add = (more: string): void => {
    text += more
    if (text.length >= large) flush()
  }
  const write = (value: unknown): void => {
    if (typeof value === "string" && value.length >= large) {
      add('"')
      for (let at = 0; at < value.length; ) {
        const end = endOfPiece(value, at)
        add(JSON.stringify(value.slice(at, end)).slice(1, -1))
        at = end
      }
      add('"')
    } else if (Array.isArray(value)) {
      add("[")
      value.forEach((item, index) => {
        if (index > 0) add(",")
        write(item)
      })
      add("]")
    } else if (typeof value === "object" && value !== null) {
      let isFirst = true
      add("{")
      for (const [key, member] of Object.entries(value)) {
        if (member === undefined) continue
        add(`${isFirst ? "" : ","}${JSON.stringify(key)}:`)
        isFirst = false
        write(member)
      }
      add("}")
    } else add(JSON.stringify(value) ?? "null")
  }
  write(json)
  flush()
  return gathered.join()
}

/** The end of the piece that starts at `at`. It does not split a surrogate pair. */
const endOfPiece = (text: string, at: number): number => {
  const end = Math.min(text.length, at + large)
  const last = text.charCodeAt(end - 1)
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}
