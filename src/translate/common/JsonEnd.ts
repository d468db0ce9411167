/** Tells, while a JSON object arrives in pieces, whether it is complete. Every character is looked at once. */
export class JsonEnd {
  #depth = 0
  #inString = false
  #escaped = false
  #begun = false

  /** Takes the next piece. */
  push(piece: string): void {
    for (let at = 0; at < piece.length; at++) {
      const char = piece[at]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (char === "\\") this.#escaped = true
        else if (char === '"') this.#inString = false
      } else if (char === '"') this.#inString = true
      else if (char === "{" || char === "[") {
        this.#depth++
        this.#begun = true
      } else if (char === "}" || char === "]") this.#depth--
    }
  }

  /** Forgets what came. */
  reset(): void {
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
    this.#begun = false
  }

  /** True once every bracket that was opened has been closed. */
  get isComplete(): boolean {
    return this.#begun && this.#depth <= 0
  }
}
