/** From what is known of a target to its dialect. It is made once for each target, never for a request. */
import { defaults } from "./Defaults.ts"
import type { Facts, Match, ProtocolName, Row } from "./rules/Row.ts"
import type { Dialect, Overrides, Rules } from "./rules/Rules.ts"
import { row as rowOf, table } from "./Table.ts"

/** What the config says of a dialect: the name of a row, or rules that are laid over what was recognised. */
export type Choice = string | (Overrides & { readonly row?: string | undefined })

/** What is known of a target. */
export interface Described {
  readonly protocol: ProtocolName
  /** The provider's name in the config. */
  readonly provider?: string | undefined
  readonly baseUrl?: string | undefined
  readonly model: string
  /** What the config says, the more general first; the last word wins rule by rule. */
  readonly choices?: ReadonlyArray<Choice | undefined> | undefined
}

/**
 * The dialect of a target. Over the defaults of its protocol lie the family of its model, the server that is recognised
 * by its host or by the provider's name, and what the config says.
 *
 * @example
 * resolve({ protocol: "openai", provider: "vllm", model: "Qwen/Qwen3-Coder" }).rows // => ["qwen", "vllm"]
 */
export const resolve = (described: Described): Dialect => {
  const choices = (described.choices ?? []).filter((choice) => choice !== undefined)
  const chosen = choices.map(rowNamed).findLast((name) => name !== undefined)
  const rows = recognised(described, chosen === undefined ? undefined : rowOf(chosen))
  let rules: Rules = defaults[described.protocol]
  for (const { facts, parts = [] } of rows) {
    rules = { ...rules, ...valuesOf(facts) }
    for (const part of parts) if (isPart(part.match, described)) rules = { ...rules, ...valuesOf(part.facts) }
  }
  let isOverridden = false
  for (const choice of choices) {
    if (typeof choice === "string") continue
    const { row: _, ...overrides } = choice
    if (Object.keys(overrides).length === 0) continue
    isOverridden = true
    rules = { ...rules, ...defined(overrides) }
  }
  const names = rows.map(({ name }) => name)
  return { ...rules, rows: isOverridden ? [...names, "config"] : names }
}

/** The name of the row that a choice names. */
export const rowNamed = (choice: Choice): string | undefined =>
  typeof choice === "string" ? choice : choice.row

/** The rules of a row without their sources. */
export const valuesOf = (facts: Facts): Partial<Rules> =>
  Object.fromEntries(
    Object.entries(facts).flatMap(([name, fact]) => (fact === undefined ? [] : [[name, fact.is]]))
  )

const defined = (overrides: Overrides): Partial<Rules> =>
  Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))

/**
 * The rows of a target, families of models before servers: a server's word about itself goes before what is known of
 * its models. Recognised by its host it is this one, and what else its name may mean does not count.
 */
const recognised = (
  { baseUrl, model, protocol, provider = "" }: Described,
  chosen: Row | undefined
): ReadonlyArray<Row> => {
  if (chosen?.kind === "models") return [chosen]
  const rows = table.filter((row) => row.protocol === undefined || row.protocol === protocol)
  const host = hostOf(baseUrl)
  const name = bareName(model)
  const byHost = rows.filter(({ match }) => match.hosts?.some((end) => isUnder(host, end)))
  const byName =
    byHost.length > 0
      ? []
      : rows.filter(({ match }) => match.providers?.some((part) => isNamed(provider, part)))
  const servers = chosen !== undefined ? [chosen] : byHost.length > 0 ? byHost : byName
  const families = rows.filter(
    ({ match, kind }) => match.models?.test(name) === true && isFree(kind, servers)
  )
  const found = [...families.filter((row) => !servers.includes(row)), ...servers]
  return protocol === "anthropic" ? anthropicOrder(found) : found
}

const isPart = ({ hosts = [], models, providers = [] }: Match, described: Described): boolean => {
  const host = hostOf(described.baseUrl)
  return (
    hosts.some((end) => isUnder(host, end)) ||
    providers.some((part) => isNamed(described.provider ?? "", part)) ||
    models?.test(bareName(described.model)) === true
  )
}

/** A model's name in small letters, without what stands before its last slash. */
const bareName = (model: string): string => model.slice(model.lastIndexOf("/") + 1).toLowerCase()

/** A server that is recognised by its models only is not the one that is recognised by where it is. */
const isFree = (kind: Row["kind"], servers: ReadonlyArray<Row>): boolean =>
  kind === "models" || servers.every((row) => row.kind === "models") || servers.length === 0

/** An older Claude knows less than the server it is on. */
const anthropicOrder = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => [
  ...rows.filter(({ kind }) => kind === "server"),
  ...rows.filter(({ kind }) => kind === "models")
]

const hostOf = (url: string | undefined): string => {
  if (url === undefined || !URL.canParse(url)) return ""
  return new URL(url).hostname.toLowerCase()
}

const isUnder = (host: string, end: string): boolean => host === end || host.endsWith(`.${end}`)

const isNamed = (provider: string, part: string): boolean => {
  const name = provider.toLowerCase()
  return name === part || name.split(/[-_.]/).includes(part) || (part.length > 4 && name.includes(part))
}
