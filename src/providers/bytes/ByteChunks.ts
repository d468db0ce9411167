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
export class ByteChunks {
  #parts: Array<Uint8Array> = []
  /** The parts that were copied here. */
  #blocks = new Set<Uint8Array>()
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

  /** Puts a part behind the others whose memory is nobody else's. */
  pushOwn(part: Uint8Array): void {
    this.#size += part.length
    this.#close()
    // Small memory is cut out of a common piece.
    if (part.buffer.byteLength === part.length) this.#blocks.add(part)
    this.#parts.push(part)
  }

  /** All parts; from now on there are none. */
  take(): ReadonlyArray<Uint8Array> {
    this.#close()
    const parts = this.#parts
    this.#parts = []
    this.#blocks = new Set()
    this.#size = 0
    this.#room = firstBlock
    return parts
  }

  /** All bytes in one piece; from now on there are none. */
  join(): Uint8Array {
    const size = this.#size
    const blocks = this.#blocks
    const parts = this.take()
    if (parts.length === 1) return parts[0]!
    const whole = Buffer.allocUnsafeSlow(size)
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
      // A block is nobody else's. Its memory is needed for the next part, long before anything is collected.
      if (blocks.has(part)) free(part)
    }
    joined.add(whole)
    return whole
  }

  #close(): void {
    if (this.#block === undefined) return
    const block = this.#block.subarray(0, this.#used)
    this.#blocks.add(block)
    this.#parts.push(block)
    this.#block = undefined
    this.#used = 0
  }
}

/** What was put together here, and is nobody else's memory. */
const joined = new WeakSet<Uint8Array>()

/**
 * Gives back the memory of bytes that `join` has made and that nobody reads any more; they are empty from now on. Of other
 * bytes nothing happens: their memory may be shared.
 */
export const release = (bytes: Uint8Array): void => {
  if (joined.delete(bytes)) free(bytes)
}

/** What is transferred away is freed at once; the collector sees large memory late. */
const free = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
