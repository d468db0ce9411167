/** Large JSON as bytes, without the whole of it as a text beside them. */
import { ByteChunks } from "../../providers/bytes/ByteChunks.ts"

/** Texts from this size on are written in pieces of this size, in characters. */
const large = 256 * 1024

/**
 * The bytes of what `JSON.stringify` would write. A long text is written piece by piece, so that it takes its own room once
 * more and not four times.
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

/** Where the piece ends that begins at `at`: not between the halves of a character. */
const endOfPiece = (text: string, at: number): number => {
  const end = Math.min(text.length, at + large)
  const last = text.charCodeAt(end - 1)
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}
