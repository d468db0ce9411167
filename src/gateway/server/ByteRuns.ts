/** Events that lie side by side in memory, put together again without being copied. */
import type { NonEmptyReadonlyArray } from "effect/Array"

/** Something with bytes. */
export interface Piece {
  readonly bytes: Uint8Array
}

/**
 * All bytes of the pieces in as few arrays as there are gaps between them: events that were cut out of one read from
 * the network are a single run again. A run of several pieces is a view of their memory, never a copy.
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

/** All bytes of the pieces in one array, copied only where there are gaps between them. */
export const join = (pieces: NonEmptyReadonlyArray<Piece>): Uint8Array => {
  if (pieces.length === 1) return pieces[0].bytes
  const runs = of(pieces)
  return runs.length === 1 ? runs[0]! : Buffer.concat(runs)
}

/** From the beginning of a piece to `end`, counted from the beginning of its memory. */
const run = (begin: Uint8Array, end: number): Uint8Array => {
  const length = end - begin.byteOffset
  return length === begin.length ? begin : Buffer.from(begin.buffer, begin.byteOffset, length)
}
