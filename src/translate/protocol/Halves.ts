/**
 * Keeps the two halves of a character together. A server that cuts text by UTF-16 units sends half an emoji as `"\ud83d"`, and the
 * other one with the next event; clients such as Codex cannot parse either.
 *
 * https://github.com/elie222/rakazo/issues/416, https://github.com/elizaOS/eliza/issues/30904
 */
import type { Delta } from "../common/Common.ts"

/** A delta with text. */
type Said = Extract<Delta, { readonly type: "text" | "thinking" | "refusal" | "arguments" }>

/** Joins what the deltas of one stream cut apart. */
export class Halves {
  /** The delta whose text ends in the first half of a character, without that half, and the half. */
  #cut: { readonly delta: Said; readonly half: string } | undefined

  /** Whether a delta can be passed on as it is. */
  isWhole(delta: Delta): boolean {
    return this.#cut === undefined && !(isSaid(delta) && endsInHalf(textOf(delta)))
  }

  /**
   * The deltas to pass on: without a half at the end, and with the one that was kept before. Some servers send their counts of tokens
   * with each chunk, so these may come between two halves.
   */
  join(delta: Delta): ReadonlyArray<Delta> {
    if (delta.type === "usage") return [delta]
    const cut = this.#cut
    this.#cut = undefined
    if (cut === undefined) return this.#split(delta)
    if (isSaid(delta) && isSame(cut.delta, delta)) {
      return this.#split(withText(delta, cut.half + textOf(delta)))
    }
    // The other half does not come. It is replaced where events are written.
    return [withText(cut.delta, cut.half), ...this.#split(delta)]
  }

  #split(delta: Delta): ReadonlyArray<Delta> {
    if (!isSaid(delta)) return [delta]
    const text = textOf(delta)
    if (!endsInHalf(text)) return [delta]
    this.#cut = { delta, half: text.slice(-1) }
    return text.length === 1 ? [] : [withText(delta, text.slice(0, -1))]
  }
}

const isSaid = (delta: Delta): delta is Said =>
  delta.type === "text" || delta.type === "thinking" || delta.type === "refusal" || delta.type === "arguments"

const textOf = (said: Said): string => (said.type === "arguments" ? said.json : said.text)

const withText = (said: Said, text: string): Said =>
  said.type === "arguments" ? { ...said, json: text } : { ...said, text }

const isSame = (one: Said, other: Said): boolean =>
  one.type === other.type &&
  (one.type !== "arguments" || other.type !== "arguments" || one.call === other.call)

/** Whether a text ends in the first half of a surrogate pair. */
const endsInHalf = (text: string): boolean => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800
