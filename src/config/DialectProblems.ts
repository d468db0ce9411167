/** Finds problems of dialects in a config file: unknown rows, rules of another protocol, contradictions. */

import * as Catalog from "../catalog/Catalog.ts"
import { type Choice, names, type ProtocolName, problemsOf } from "../dialect/index.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import type { Path } from "./file/Problem.ts"
import type { Misfit } from "./file/Structure.ts"
import { suggestDialect } from "./SuggestDialect.ts"

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (u: unknown): Fields =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Fields) : {}

/** Every problem with its path. Values of a wrong type are left to the structure check. */
export function* problems(file: unknown): Iterable<Misfit> {
  const { models, providers } = fieldsOf(file)
  const protocols = new Map<string, ProtocolName>()
  for (const [name, provider] of Object.entries(fieldsOf(providers))) {
    const { dialect, models: own, protocol } = fieldsOf(provider)
    if (protocol !== "openai" && protocol !== "anthropic") continue
    protocols.set(name, protocol)
    yield* misfits(dialect, protocol, ["providers", name, "dialect"])
    for (const [model, options] of Object.entries(fieldsOf(own))) {
      yield* misfits(fieldsOf(options).dialect, protocol, ["providers", name, "models", model, "dialect"])
    }
  }
  for (const [name, chain] of Object.entries(fieldsOf(models))) {
    const { chain: links, dialect } = fieldsOf(chain)
    if (dialect === undefined) continue
    for (const protocol of protocolsOf(links, protocols)) {
      yield* misfits(dialect, protocol, ["models", name, "dialect"])
    }
  }
}

const protocolsOf = (
  links: unknown,
  protocols: ReadonlyMap<string, ProtocolName>
): ReadonlySet<ProtocolName> => {
  const list: ReadonlyArray<unknown> =
    typeof links === "string" ? Catalog.split(links) : Array.isArray(links) ? links : []
  return new Set(
    list.flatMap((link) => {
      const provider = typeof link === "string" ? ModelSpec.parse(link)?.provider : undefined
      return (provider === undefined ? undefined : protocols.get(provider)) ?? []
    })
  )
}

function* misfits(dialect: unknown, protocol: ProtocolName, path: Path): Iterable<Misfit> {
  const choice = choiceOf(dialect)
  if (choice === undefined) return
  for (const { message, rule } of problemsOf(choice, protocol)) {
    const given = typeof choice === "string" ? choice : rule === "row" ? choice.row : undefined
    const row = given === undefined || names.includes(given) ? undefined : suggestDialect(given)
    yield {
      path: rule === undefined ? path : [...path, rule],
      message: row === undefined ? message : `there is no dialect of that name; did you mean ${row}?`
    }
  }
}

/** The dialect, unless a rule has a type that cannot be checked here. */
const choiceOf = (dialect: unknown): Choice | undefined => {
  if (typeof dialect === "string") return dialect
  const fields = fieldsOf(dialect)
  const isJudged = Object.entries(fields).every(([rule, value]) => {
    if (rule.endsWith("Characters") || rule === "row") return typeof value === "string"
    return rule.endsWith("Longest") || rule.endsWith("Shortest") ? typeof value === "number" : true
  })
  return isJudged && Object.keys(fields).length > 0 ? (fields as Choice) : undefined
}
