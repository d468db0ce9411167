/** Works on large texts in pieces, so that no step of the work takes long. */
import * as Turns from "../../util/Turns.ts"

/** The end of the piece of at most `size` characters, at least two, that starts at `at`. It splits no surrogate pair. */
export const endOfPiece = (text: string, at: number, size: number): number => {
  const end = at + size
  if (end >= text.length) return text.length
  const last = text.charCodeAt(end - 1)
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}

/** The bytes of a text in UTF-8, as `Buffer.from` gives them: a step for each piece. */
export function* encode(text: string, size = Turns.piece): Turns.Steps<Uint8Array> {
  // Reading a character joins the parts of which the text was made.
  text.charCodeAt(text.length >> 1)
  yield
  let length = 0
  for (let at = 0; at < text.length; yield) {
    const end = endOfPiece(text, at, size)
    length += Buffer.byteLength(text.slice(at, end))
    at = end
  }
  const bytes = Buffer.allocUnsafeSlow(length)
  let written = 0
  for (let at = 0; at < text.length; ) {
    const end = endOfPiece(text, at, size)
    written += bytes.write(text.slice(at, end), written)
    at = end
    if (at < text.length) yield
  }
  return bytes
}
