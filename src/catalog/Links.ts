/** Chains by names, in configs and code: specs, names of virtual models, and lists of equal ones. */
import type { Strategy } from "../domain/Strategy.ts"

/** One of several equal models, with its share of the requests. */
export interface Member {
  /** A spec, or the name of a virtual model, which stands for its models. */
  readonly model: string
  /** The share relative to the others, at least 0. Default 1. With 95 and 5 the second is a canary. */
  readonly weight?: number | undefined
}

/** Several equal models, and their strategy. */
export interface Equals {
  readonly equals: ReadonlyArray<string | Member>
  /** Default `leastLoaded`. */
  readonly strategy?: Strategy | undefined
}

/**
 * One tier of a chain: a spec (`provider/model`), the name of a virtual model (which stands for its tiers), or a list of equal
 * models.
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
 * Formats links: tiers are separated by commas, and equal models are in brackets.
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
