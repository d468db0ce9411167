/**
 * A buffer for bytes that arrive in parts of any size.
 *
 * An array of single bytes would cost a hundred times its content. Many small parts are therefore copied into blocks;
 * a few parts, or large ones, are not copied. This is about memory, not speed: 4 MiB in parts of one byte take 930 MiB as
 * an array, in parts of 16 bytes 61 MiB, and 4 MiB here (2026-11-29).
 */

/** Once there are `plain` parts, a part smaller than `small` bytes is copied. */
const small = 4 * 1024
const plain = 32

const firstBlock = 4 * 1024
const largestBlock = 256 * 1024

/** Bytes in the order of their arrival. */
export class ByteChunks {
  #parts: Array<Uint8Array> = []
  /** The blocks allocated here, if there are any. */
  #blocks: Set<Uint8Array> | undefined
  #block: Buffer | undefined
  #used = 0
  #room = firstBlock
  #size = 0

  /** The number of bytes. */
  get size(): number {
    return this.#size
  }

  /** Appends a part. It must not change afterwards. */
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

  /** Appends a part. Its memory must belong to this buffer alone. */
  pushOwn(part: Uint8Array): void {
    this.#size += part.length
    this.#close()
    // Small arrays share pooled memory.
    if (part.buffer.byteLength === part.length) this.#own(part)
    this.#parts.push(part)
  }

  /** Returns all parts and clears the buffer. */
  take(): ReadonlyArray<Uint8Array> {
    this.#close()
    const parts = this.#parts
    this.#parts = []
    this.#blocks = undefined
    this.#size = 0
    this.#room = firstBlock
    return parts
  }

  /** Returns all bytes in one piece and clears the buffer. */
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
      // A block belongs to this buffer alone. Its memory is needed for the next part, long before the collector runs.
      if (blocks?.has(part) === true) free(part)
    }
    joined.add(whole)
    return whole
  }

  #own(block: Uint8Array): void {
    this.#blocks ??= new Set()
    this.#blocks.add(block)
  }

  #close(): void {
    if (this.#block === undefined) return
    const block = this.#block.subarray(0, this.#used)
    this.#own(block)
    this.#parts.push(block)
    this.#block = undefined
    this.#used = 0
  }
}

/** Arrays made by `join`, which share no memory. */
const joined = new WeakSet<Uint8Array>()

/**
 * Frees the memory of bytes that `join` made and that are no longer read; they are empty afterwards. Does nothing for
 * other bytes: their memory may be shared.
 */
export const release = (bytes: Uint8Array): void => {
  if (joined.delete(bytes)) free(bytes)
}

/** Transferred memory is freed at once; the collector notices large memory late. */
const free = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
