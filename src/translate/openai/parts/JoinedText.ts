/** One text made of several. The parts are joined once at the end: looking at the end of a text that grows would copy it each time. */

/** Collects the parts of a text. */
export class JoinedText {
  private readonly parts: Array<string> = []
  private endsLine = false

  /** Adds a part that continues the previous one. */
  add(text: string): void {
    if (text === "") return
    this.parts.push(text)
    this.endsLine = text.endsWith("\n")
  }

  /** Adds a part after a blank line, unless there is a line break or nothing before it. */
  addApart(text: string): void {
    if (text === "") return
    if (this.parts.length > 0 && !this.endsLine && !text.startsWith("\n")) this.parts.push("\n\n")
    this.add(text)
  }

  toString(): string {
    return this.parts.length === 1 ? this.parts[0]! : this.parts.join("")
  }
}
