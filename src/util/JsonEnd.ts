/** Detects when a JSON object that arrives in pieces is complete. Every character is read once. */
export class JsonEnd {
  #depth = 0
  #inString = false
  #escaped = false
  #begun = false

  /** Adds the next piece. */
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

  /** Starts again. */
  reset(): void {
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
    this.#begun = false
  }

  /** True inside a string. */
  get isInString(): boolean {
    return this.#inString
  }

  /** True once every opened bracket is closed. */
  get isComplete(): boolean {
    return this.#begun && this.#depth <= 0
  }
}
