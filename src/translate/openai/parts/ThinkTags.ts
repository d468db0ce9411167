/**
 * Reasoning in tags at the beginning of a text: `<think>I need the weather.</think>It is sunny.` Servers
 * without a parser for it leave it there (vLLM, SGLang, llama.cpp with `--reasoning-format none`), and so do MiniMax and Groq.
 *
 * Only a block at the very beginning is reasoning: a text that mentions the tag later is text. No character is lost:
 * the tags alone are removed. A block that is never closed is reasoning to its end.
 *
 * - https://docs.sglang.io/docs/advanced_features/separate_reasoning
 * - https://platform.minimax.io/docs/api-reference/text-openai-api
 */

import type { Rules } from "../../../dialect/index.ts"
import type { Text, Thinking } from "../../common/Common.ts"

/** Where such reasoning is, as the name of a field. */
export const taggedThought = "content.think"

const opening = "<think>"
const closing = "</think>"

/** A tag after more white space is text. Otherwise a server that sends only spaces would have all of them held. */
const mostSpace = 64

/** A piece of the text, without the tags. */
export interface Piece {
  readonly type: "text" | "thinking"
  readonly text: string
}

/** The same as content of an answer. */
export const spoken = ({ text, type }: Piece): Text | (Thinking & { readonly field: string }) =>
  type === "text" ? { type, text } : { type, text, field: taggedThought }

/** For one answer; `undefined` for a server that sends no such tags. */
export const make = (rule: Rules["thinkTags"] | undefined): ThinkTags | undefined =>
  rule === undefined || rule === "no" ? undefined : new ThinkTags(rule)

/** Splits one text that arrives in pieces. */
export class ThinkTags {
  /** At the beginning it is not known yet what the text begins with. */
  #state: "beginning" | "thinking" | "text" = "beginning"
  /** What may be the beginning of a tag. */
  #held = ""
  /** The characters that were read until the text began, and those of them that are before it. */
  #count = 0
  #before = 0
  /** The template of the model has opened the block: the text begins in it. */
  readonly #isOpen: boolean

  constructor(rule: "leading" | "unopened") {
    this.#isOpen = rule === "unopened"
  }

  /** The characters of the reasoning and its tags. What cites a place of the text counts them. */
  get before(): number {
    return this.#before
  }

  /** The pieces that a further part of the text completes. */
  read(more: string): ReadonlyArray<Piece> {
    if (this.#state === "text") return [{ type: "text", text: more }]
    this.#held += more
    this.#count += more.length
    if (this.#state === "beginning" && !this.#begin()) return []
    return this.#state === "thinking" ? this.#think() : this.#take("text")
  }

  /** The end of the text: what was held was no tag. */
  end(): ReadonlyArray<Piece> {
    const type =
      this.#state === "thinking" || (this.#state === "beginning" && this.#isOpen) ? "thinking" : "text"
    this.#state = "text"
    return this.#take(type)
  }

  /** Decides what the text begins with; `false` if too little is known. */
  #begin(): boolean {
    const text = this.#held.trimStart()
    const space = this.#held.slice(0, this.#held.length - text.length)
    if (space.length > mostSpace) this.#state = this.#isOpen ? "thinking" : "text"
    else if (text.startsWith(opening)) {
      this.#held = space + text.slice(opening.length)
      this.#state = "thinking"
    } else if (opening.startsWith(text) || closing.startsWith(text)) return false
    // An empty block whose beginning is in the template.
    else this.#state = this.#isOpen || text.startsWith(closing) ? "thinking" : "text"
    return true
  }

  #think(): ReadonlyArray<Piece> {
    const at = this.#held.indexOf(closing)
    if (at < 0) {
      const rest = this.#held.slice(this.#held.length - partOf(this.#held))
      const said = this.#held.slice(0, this.#held.length - rest.length)
      this.#held = rest
      return piece("thinking", said)
    }
    const said = this.#held.slice(0, at)
    this.#held = this.#held.slice(at + closing.length)
    this.#before = this.#count - this.#held.length
    this.#state = "text"
    return [...piece("thinking", said), ...this.#take("text")]
  }

  #take(type: Piece["type"]): ReadonlyArray<Piece> {
    const text = this.#held
    this.#held = ""
    return piece(type, text)
  }
}

const piece = (type: Piece["type"], text: string): ReadonlyArray<Piece> =>
  text === "" ? [] : [{ type, text }]

/** How many characters at the end of a text may be the beginning of the closing tag. */
const partOf = (text: string): number => {
  for (let length = Math.min(closing.length - 1, text.length); length > 0; length--) {
    if (closing.startsWith(text.slice(-length))) return length
  }
  return 0
}

/** A text with reasoning before it, as its server wrote it. */
export const tagged = (thought: string, text = ""): string => `${opening}${thought}${closing}${text}`
