/** Chains by names, as configs and code write them: specs, names of virtual models, and lists of those that count as the same. */
import type { Strategy } from "../domain/Strategy.ts"

/** One of several that count as the same, with its share of the requests. */
export interface Member {
  /** A spec, or the name of a virtual model, whose models are members then. */
  readonly model: string
  /** Beside those of the others; at least 0, default 1. 95 and 5 make a canary of the second. */
  readonly weight?: number | undefined
}

/** Several that count as the same, and the order in which they are tried. */
export interface Equals {
  readonly equals: ReadonlyArray<string | Member>
  /** Default `leastLoaded`. */
  readonly strategy?: Strategy | undefined
}

/**
 * One tier of a chain: a spec (`provider/model`), the name of a virtual model (whose tiers stand in its place), or a list of
 * those that count as the same.
 */
export type Link = string | ReadonlyArray<string | Member> | Equals

/**
 * A tier of several in its long form.
 *
 * @internal
 */
export const equalsOf = (link: Exclude<Link, string>): Equals => ("equals" in link ? link : { equals: link })

/**
 * Every spec and name of some links, in order.
 *
 * @example
 * namesIn([["openai/gpt-5.2", { model: "azure/gpt-5.2", weight: 2 }], "smart"])
 * // => ["openai/gpt-5.2", "azure/gpt-5.2", "smart"]
 *
 * @internal
 */
export const namesIn = (links: ReadonlyArray<Link>): ReadonlyArray<string> =>
  [...placesIn(links)].map(({ name }) => name)

/** The same, each with the path to it: `[0, 1]`, `[0, "equals", 1, "model"]`. */
export function* placesIn(
  links: ReadonlyArray<Link>
): Iterable<{ readonly path: ReadonlyArray<string | number>; readonly name: string }> {
  for (const [index, link] of links.entries()) {
    if (typeof link === "string") yield { path: [index], name: link.trim() }
    else {
      const path = "equals" in link ? [index, "equals"] : [index]
      for (const [place, member] of equalsOf(link).equals.entries()) {
        yield typeof member === "string"
          ? { path: [...path, place], name: member.trim() }
          : { path: [...path, place, "model"], name: member.model.trim() }
      }
    }
  }
}

/**
 * The links in words: tiers with commas between them, those that count as the same in brackets.
 *
 * @example
 * import { Catalog } from "effect-failover"
 *
 * Catalog.format([[{ model: "a/new", weight: 5 }, { model: "a/old", weight: 95 }], "b/m"])
 * // => "(a/new 5 | a/old 95), b/m"
 */
export const format = (links: ReadonlyArray<Link>): string => links.map(formatLink).join(", ")

const formatLink = (link: Link): string => {
  if (typeof link === "string") return link
  const { equals, strategy } = equalsOf(link)
  const members = equals.map((member) =>
    typeof member === "string" || member.weight === undefined
      ? typeof member === "string"
        ? member
        : member.model
      : `${member.model} ${member.weight}`
  )
  return `(${members.join(" | ")})${strategy === undefined ? "" : ` ${strategy}`}`
}
