/**
 * Counts the bytes of a message while it arrives. The reader of frames keeps them in memory and reports only whole
 * messages.
 *
 * Frames: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */

/** What each frame and each packet take besides their bytes, roughly. */
const overhead = 128

/** Frames from this operation code on do not belong to a message. They may come between its frames. */
const control = 8

/** Follows the bytes of one connection. */
export class Arriving {
  readonly #head = new Uint8Array(14)
  #headSize = 0
  /** What is missing of the payload of a frame. */
  #missing = 0
  #isWithin = false
  #size = 0
  #since: number | undefined

  /** What the message that is not complete yet takes, in bytes; 0 between messages. */
  get size(): number {
    return this.#size
  }

  /** When its first bytes came; `undefined` between messages. */
  get since(): number | undefined {
    return this.#since
  }

  /** Takes the bytes that came at a time. */
  feed(part: Uint8Array, now: number): void {
    for (let at = 0; at < part.length; ) {
      if (this.#headSize === 0 || !this.#hasHead()) {
        this.#head[this.#headSize++] = part[at++]!
        this.#size++
        if (!this.#hasHead()) continue
        this.#missing = this.#payload()
        this.#size += overhead
      }
      const taken = Math.min(this.#missing, part.length - at)
      at += taken
      this.#missing -= taken
      this.#size += taken
      if (this.#missing === 0) this.#endFrame()
    }
    if (this.#size === 0) return
    this.#size += overhead
    this.#since ??= now
  }

  #endFrame(): void {
    const first = this.#head[0]!
    if ((first & 0xf) < control) this.#isWithin = first < 0x80
    this.#headSize = 0
    if (this.#isWithin) return
    this.#size = 0
    this.#since = undefined
  }

  #hasHead(): boolean {
    if (this.#headSize < 2) return false
    const second = this.#head[1]!
    const mask = second >= 0x80 ? 4 : 0
    return this.#headSize >= 2 + lengthSize(second) + mask
  }

  #payload(): number {
    const length = this.#head[1]! & 0x7f
    if (length < 126) return length
    let value = 0
    for (let at = 2; at < 2 + lengthSize(length); at++) value = value * 256 + this.#head[at]!
    return value
  }
}

/** How many bytes hold the length of a payload that does not fit into the second byte. */
const lengthSize = (second: number): number => {
  const length = second & 0x7f
  return length === 127 ? 8 : length === 126 ? 2 : 0
}
