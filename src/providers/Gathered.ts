/**
 * Bytes that arrive in parts of any size and are kept until somebody takes them.
 *
 * An array of single bytes would cost a hundred times what is in it. Where there are many small parts they are copied
 * side by side into blocks; what comes in a few parts, or in large ones, is not copied.
 */

/** A part smaller than this is copied, in bytes, once there are as many parts as are kept as they are. */
const small = 4 * 1024
const plain = 32

const firstBlock = 4 * 1024
const largestBlock = 256 * 1024

/** Bytes in the order in which they came. */
export class Gathered {
  #parts: Array<Uint8Array> = []
  #block: Buffer | undefined
  #used = 0
  #room = firstBlock
  #size = 0

  /** How many bytes there are. */
  get size(): number {
    return this.#size
  }

  /** Puts a part behind the others. It must not change afterwards. */
  push(part: Uint8Array): void {
    this.#size += part.length
    if (this.#parts.length < plain || part.length >= small) {
      this.#close()
      this.#parts.push(part)
      return
    }
    if (this.#block === undefined || this.#used + part.length > this.#block.length) {
      this.#close()
      this.#block = Buffer.allocUnsafeSlow(this.#room)
      this.#room = Math.min(2 * this.#room, largestBlock)
    }
    this.#block.set(part, this.#used)
    this.#used += part.length
  }

  /** All parts; from now on there are none. */
  take(): ReadonlyArray<Uint8Array> {
    this.#close()
    const parts = this.#parts
    this.#parts = []
    this.#size = 0
    this.#room = firstBlock
    return parts
  }

  /** All bytes in one piece; from now on there are none. */
  join(): Uint8Array {
    const size = this.#size
    const parts = this.take()
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)
  }

  #close(): void {
    if (this.#block === undefined) return
    this.#parts.push(this.#block.subarray(0, this.#used))
    this.#block = undefined
    this.#used = 0
  }
}
