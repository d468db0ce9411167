/** A row of a table of sentences, and the classes that a signal can have. */
import type { FailureClass } from "../../failure/Failure.ts"

/**
 * The class of a signal. There are two more than the classes of failures, because their meaning depends on when the limit
 * ends:
 *
 * - `UsageWindow`: a plan's quota for a period is used up (5 hours, a day, a week). `RateLimit` if it refills within
 *   a day, otherwise `Balance`; if the end is unknown, `RateLimit`.
 * - `Allowance`: the same, but if the end is unknown, `Balance`.
 */
export type SignalClass = FailureClass | "UsageWindow" | "Allowance"

/** A row of a table of sentences: the class, the pattern, and where the sentence was seen or documented. */
export interface Row {
  readonly as: SignalClass
  readonly when: RegExp
  readonly source: string
  /** Statuses with which the sentence means something else. */
  readonly unless?: ((status: number) => boolean) | undefined
}

/** Rows with one class and one source. */
export const rows = (
  as: SignalClass,
  source: string,
  ...patterns: ReadonlyArray<RegExp>
): ReadonlyArray<Row> => patterns.map((when) => ({ as, when, source }))

/** A Chinese character. */
const han = /[\u3400-\u9fff]/

/** True for a text with a Chinese character. */
export const isChinese = (text: string): boolean => han.test(text)

/** True if what stands before this place of a pattern may be missing. */
const isOptional = (source: string, at: number): boolean => /^(\?|\*|\{0)/.test(source.slice(at, at + 2))

/** Reads the alternatives from one place to the end of their group; true if each of them has to match a Chinese character. */
const readAlternatives = (source: string, from: number): { readonly all: boolean; readonly end: number } => {
  let all = true
  let has = false
  let i = from
  for (; i < source.length && source[i] !== ")"; i++) {
    const char = source[i]!
    if (char === "\\") i++
    else if (char === "[") i = source.indexOf("]", i)
    else if (char === "(") {
      const group = readAlternatives(source, i + 1)
      i = group.end
      if (group.all && !isOptional(source, i + 1)) has = true
    } else if (char === "|") {
      all &&= has
      has = false
    } else if (isChinese(char) && !isOptional(source, i + 1)) has = true
  }
  return { all: all && has, end: i }
}

/**
 * True for a pattern of Chinese sentences: each of its alternatives has to match a Chinese character. It is used without classes that
 * contain a bracket and without lookarounds; with one of them it returns false.
 */
export const needsChinese = ({ source }: RegExp): boolean =>
  !/\(\?|\[[^\]]*\\/.test(source) && readAlternatives(source, 0).all
