/** Resolves the dialect of a target. Done once for each target, never for a request. */
import { defaults } from "./Defaults.ts"
import type { Facts, Part, ProtocolName, Row } from "./rules/Row.ts"
import type { Dialect, Overrides, Rules } from "./rules/Rules.ts"
import { row as rowOf, table } from "./Table.ts"

/** The dialect in the config: the name of a row, or rules that override the recognized ones. */
export type Choice = string | (Overrides & { readonly row?: string | undefined })

/** The facts of a target. */
export interface Described {
  readonly protocol: ProtocolName
  /** The provider's name in the config. */
  readonly provider?: string | undefined
  readonly baseUrl?: string | undefined
  readonly model: string
  /** The choices in the config, the more general first; later ones override earlier ones rule by rule. */
  readonly choices?: ReadonlyArray<Choice | undefined> | undefined
}

/**
 * The dialect of a target. The defaults of its protocol are overridden by the family of its model, then by the server
 * recognized by its host or the provider's name, then by the config.
 *
 * @example
 * resolve({ protocol: "openai", provider: "vllm", model: "Qwen/Qwen3-Coder" }).rows // => ["qwen", "vllm"]
 */
export const resolve = (described: Described): Dialect => {
  const choices = (described.choices ?? []).filter((choice) => choice !== undefined)
  const chosen = choices.map(rowNamed).findLast((name) => name !== undefined)
  const rows = recognized(described, chosen === undefined ? undefined : rowOf(chosen))
  let rules: Rules = defaults[described.protocol]
  for (const { facts, parts = [] } of rows) {
    rules = { ...rules, ...valuesOf(facts) }
    for (const part of parts) if (isPart(part, described)) rules = { ...rules, ...valuesOf(part.facts) }
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

/** The row that a choice names. */
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
 * The rows of a target, model families before servers: a server's own rules override those of its models. A match by
 * host takes precedence; the provider's name is then ignored.
 */
const recognized = (
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

const isPart = ({ match, only }: Part, described: Described): boolean => {
  const { hosts = [], models, providers = [] } = match
  const host = hostOf(described.baseUrl)
  const name = bareName(described.model)
  return (
    only?.test(name) !== false &&
    (hosts.some((end) => isUnder(host, end)) ||
      providers.some((part) => isNamed(described.provider ?? "", part)) ||
      models?.test(name) === true)
  )
}

/** A model's name in lower case, from its last slash on. */
const bareName = (model: string): string => model.slice(model.lastIndexOf("/") + 1).toLowerCase()

/** A row recognized only by its models does not count beside a server recognized by host or name. */
const isFree = (kind: Row["kind"], servers: ReadonlyArray<Row>): boolean =>
  kind === "models" || servers.every((row) => row.kind === "models") || servers.length === 0

/** An older Claude supports less than its server. */
const anthropicOrder = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => [
  ...rows.filter(({ kind }) => kind === "server"),
  ...rows.filter(({ kind }) => kind === "models")
]

/** The host; without the region of Vertex AI, such as `us-central1-aiplatform.googleapis.com`. */
const hostOf = (url: string | undefined): string => {
  if (url === undefined || !URL.canParse(url)) return ""
  return new URL(url).hostname.toLowerCase().replace(/^[a-z]+-[a-z]+\d+-(?=aiplatform\.)/, "")
}

const isUnder = (host: string, end: string): boolean => host === end || host.endsWith(`.${end}`)

const isNamed = (provider: string, part: string): boolean => {
  const name = provider.toLowerCase()
  return name === part || name.split(/[-_.]/).includes(part) || (part.length > 4 && name.includes(part))
}
