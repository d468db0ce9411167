/** Joins pieces that are adjacent in memory without copying them. */
import type { NonEmptyReadonlyArray } from "effect/Array"

/** A piece of a stream. */
export interface Piece {
  readonly bytes: Uint8Array
}

/**
 * Joins adjacent pieces: pieces that were cut out of one network read become one array again. A joined array
 * is a view of the same memory, never a copy.
 *
 * @example
 * const read = new TextEncoder().encode("abcd")
 * const pieces = [{ bytes: read.subarray(0, 1) }, { bytes: read.subarray(1, 3) }] as const
 * of(pieces).map((run) => new TextDecoder().decode(run)) // => ["abc"]
 */
export const of = (pieces: NonEmptyReadonlyArray<Piece>): ReadonlyArray<Uint8Array> => {
  const runs: Array<Uint8Array> = []
  let begin = pieces[0].bytes
  let end = begin.byteOffset + begin.length
  for (let index = 1; index < pieces.length; index++) {
    const { bytes } = pieces[index]!
    if (bytes.byteOffset !== end || bytes.buffer !== begin.buffer) {
      runs.push(run(begin, end))
      begin = bytes
      end = bytes.byteOffset
    }
    end += bytes.length
  }
  runs.push(run(begin, end))
  return runs
}

/** All bytes of the pieces in one array. Copies only if the pieces are not adjacent. */
export const join = (pieces: NonEmptyReadonlyArray<Piece>): Uint8Array => {
  if (pieces.length === 1) return pieces[0].bytes
  const runs = of(pieces)
  return runs.length === 1 ? runs[0]! : Buffer.concat(runs)
}

/** The memory from the start of a piece to `end`, an offset in its buffer. */
const run = (begin: Uint8Array, end: number): Uint8Array => {
  const length = end - begin.byteOffset
  return length === begin.length ? begin : Buffer.from(begin.buffer, begin.byteOffset, length)
}
