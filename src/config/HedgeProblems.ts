/**
 * Finds hedges of a config file that would never happen: their delay is not below the timeout of the first content, or no
 * tier has a second target.
 */
import { defaults } from "../policy/Policy.ts"
import { isPercentile, millisOf } from "./file/Field.ts"
import { formatPath, type Path } from "./file/Problem.ts"
import type { Misfit } from "./file/Structure.ts"

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (u: unknown): Fields =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Fields) : {}

/** The settings in force where one policy overrides another. */
interface InForce {
  readonly after: number | undefined
  readonly otherwise: number | undefined
  readonly firstContent: number
}

/** Every problem, at the field that causes it. Accepts any JSON. */
export function* problems(file: unknown): Iterable<Misfit> {
  const { models, policy, providers } = fieldsOf(file)
  const top = lay(nothing, policy)
  yield* problemsAt(["policy"], policy, top)
  for (const [name, provider] of Object.entries(fieldsOf(providers))) {
    const { models: own, policy } = fieldsOf(provider)
    const here = lay(top, policy)
    yield* problemsAt(["providers", name, "policy"], policy, here)
    for (const [model, settings] of Object.entries(fieldsOf(own))) {
      const { policy } = fieldsOf(settings)
      yield* problemsAt(["providers", name, "models", model, "policy"], policy, lay(here, policy))
    }
  }
  for (const [name, model] of Object.entries(fieldsOf(models))) {
    const { policy } = fieldsOf(model)
    yield* problemsAt(["models", name, "policy"], policy, lay(top, policy))
  }
}

const nothing: InForce = {
  after: undefined,
  otherwise: undefined,
  firstContent: defaults.timeouts.firstContent
}

const lay = (under: InForce, policy: unknown): InForce => {
  const { hedge, timeouts } = fieldsOf(policy)
  const { after, otherwise } = fieldsOf(hedge)
  return {
    after: hedge === false || isPercentile(after) ? undefined : (timeOf(after) ?? under.after),
    otherwise: hedge === false ? undefined : (timeOf(otherwise) ?? under.otherwise),
    firstContent: timeOf(fieldsOf(timeouts).firstContent) ?? under.firstContent
  }
}

function* problemsAt(path: Path, policy: unknown, { firstContent, ...delays }: InForce): Iterable<Misfit> {
  const { hedge, timeouts } = fieldsOf(policy)
  for (const name of ["after", "otherwise"] as const) {
    const delay = delays[name]
    if (delay === undefined || delay < firstContent) continue
    if (name in fieldsOf(hedge)) {
      const message = `is not below timeouts.firstContent (${firstContent} ms), so no stream would be hedged`
      yield { path: [...path, "hedge", name], message }
    } else if ("firstContent" in fieldsOf(timeouts)) {
      const message = `is not above hedge.${name} (${delay} ms), so no stream would be hedged`
      yield { path: [...path, "timeouts", "firstContent"], message }
    }
  }
}

/** A warning for every policy with hedges that no tier can have. Accepts any JSON. */
export function* notes(file: unknown): Iterable<string> {
  const { fallbacks, models, policy, providers } = fieldsOf(file)
  const { hedge } = fieldsOf(policy)
  const isLone = (link: unknown): boolean => {
    if (Array.isArray(link)) return link.length === 1 && isLone(link[0])
    const { equals, model } = fieldsOf(link)
    if (equals !== undefined) return isLone(equals)
    const name = typeof model === "string" ? model : link
    return (
      typeof name === "string" && name.split(",").every((spec) => hasOneTarget(spec, fieldsOf(providers)))
    )
  }
  const areLone = (links: unknown) => (Array.isArray(links) ? links : [links]).every(isLone)
  if (!areLone(fallbacks ?? [])) return
  const all = Object.entries(fieldsOf(models))
  const chainOf = (model: unknown) => fieldsOf(model).chain ?? model
  const ownOf = (model: unknown) => fieldsOf(fieldsOf(model).policy).hedge
  const isPlain = ([, model]: readonly [string, unknown]) =>
    ownOf(model) === undefined && areLone(chainOf(model))
  if (staysInTier(hedge) && all.length > 0 && all.every(isPlain)) yield noteAt(["policy"])
  for (const [name, model] of all) {
    const own = ownOf(model)
    if (own !== undefined && staysInTier(own, hedge) && areLone(chainOf(model))) {
      yield noteAt(["models", name, "policy"])
    }
  }
}

const noteAt = (path: Path): string =>
  `${formatPath(path)}.hedge: no tier has several targets, so nothing is hedged; "to": "chain" hedges at the next tier`

/** Whether hedges are on and may not leave their tier. */
const staysInTier = (hedge: unknown, under?: unknown): boolean =>
  typeof hedge === "object" && (fieldsOf(hedge).to ?? fieldsOf(under).to ?? "tier") === "tier"

/** A spec of a provider with one credential. A name of another chain may be anything. */
const hasOneTarget = (spec: string, providers: Fields): boolean => {
  const [provider = "", ...model] = spec.trim().split("/")
  const { credentials } = fieldsOf(providers[provider])
  return model.length > 0 && (!Array.isArray(credentials) || credentials.length < 2)
}

const timeOf = (u: unknown): number | undefined =>
  typeof u === "string" || typeof u === "number" ? millisOf(u) : undefined
