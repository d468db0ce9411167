/** Problems of a catalog: unknown names, names that occur twice, circles, and empty chains. */
import * as Schema from "effect/Schema"
import type { Backend } from "../domain/Backend.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import { few } from "../util/ShortList.ts"
import * as Links from "./Links.ts"

/** The links of a virtual model. */
interface LinksOfModel {
  readonly chain: ReadonlyArray<Links.Link>
  readonly onContextExceeded?: ReadonlyArray<Links.Link> | undefined
  readonly onContentPolicy?: ReadonlyArray<Links.Link> | undefined
}

/** The names that links can refer to. */
interface Linked {
  readonly providers: ReadonlyArray<{ readonly backend: Backend }>
  readonly models?: Readonly<Record<string, LinksOfModel>> | undefined
  readonly fallbacks?: ReadonlyArray<Links.Link> | undefined
}

/** A problem. `path` is its place in the options: `["models", "smart", "chain", 0]`. */
export const Problem = Schema.Struct({
  path: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  message: Schema.String
})

/** The schema of a problem. */
export type Problem = typeof Problem.Type

/**
 * The problems of a catalog.
 *
 * @category errors
 */
export class InvalidCatalog extends Schema.TaggedError<InvalidCatalog>()("InvalidCatalog", {
  problems: Schema.Array(Problem)
}) {
  override get message() {
    return few(this.problems, ({ message, path }) => `${path.join(".")}: ${message}`, "; ", 20)
  }
}

/** All problems of a catalog's options. */
export function* problemsOf(options: Linked): Iterable<Problem> {
  const known = new Set<string>()
  for (const [index, { backend }] of options.providers.entries()) {
    if (known.has(backend.name)) {
      const message = `two providers are called ${JSON.stringify(backend.name)}; each needs a name of its own`
      yield { path: ["providers", index], message }
    }
    known.add(backend.name)
  }
  const models = options.models ?? {}
  const names = Object.keys(models)
  const wrong = (link: string): string | undefined => {
    if (Object.hasOwn(models, link.trim())) return undefined
    const spec = ModelSpec.parse(link)
    if (spec === undefined) {
      return `${JSON.stringify(link)} is neither a name from models nor a spec such as "provider/model"`
    }
    return known.has(spec.provider)
      ? undefined
      : `there is no provider ${JSON.stringify(spec.provider)} (known: ${few([...known], String, ", ", 20)})`
  }

  // Names of models may contain commas, so this is a problem only if each part is known.
  const severalIn = (link: string): string | undefined => {
    const parts = link.split(",")
    return parts.length > 1 &&
      !Object.hasOwn(models, link) &&
      parts.every((part) => wrong(part) === undefined)
      ? `${JSON.stringify(link)} holds ${parts.length} models; in a list each is a text of its own`
      : undefined
  }

  function* linkProblems(links: ReadonlyArray<Links.Link>, at: Problem["path"]): Iterable<Problem> {
    yield* tierProblems(links, at)
    for (const { name, path } of Links.placesIn(links)) {
      const message = wrong(name) ?? severalIn(name)
      if (message !== undefined) yield { path: [...at, ...path], message }
    }
  }

  const extentOf = extents(models)
  const tooLarge: Array<Problem> = []
  let hasCircle = false
  for (const [name, model] of Object.entries(models)) {
    if (model.chain.length === 0) yield { path: ["models", name, "chain"], message: "the chain is empty" }
    // A circle is nested without end.
    const isEndless = extentOf(model.chain).depth === Number.POSITIVE_INFINITY
    const circle = isEndless ? circleFrom(name, models) : undefined
    hasCircle ||= circle !== undefined
    // A circle is reported once, at the first of its models.
    if (circle !== undefined && names.find((other) => circle.includes(other)) === name) {
      const place = [...Links.placesIn(model.chain)].find((link) => link.name === circle[1])!
      yield {
        path: ["models", name, "chain", ...place.path],
        message: `leads back to itself: ${circle.join(" → ")}`
      }
    }
    for (const list of ["chain", "onContextExceeded", "onContentPolicy"] as const) {
      const links = model[list] ?? []
      yield* linkProblems(links, ["models", name, list])
      const { depth, size } = extentOf(links)
      if (size > mostModels || depth >= deepest) {
        const message = `stands for more than ${mostModels} models, or nests names more than ${deepest} deep`
        tooLarge.push({ path: ["models", name, list], message })
      }
    }
  }
  if (!hasCircle) yield* tooLarge
  yield* linkProblems(options.fallbacks ?? [], ["fallbacks"])
}

/** Tiers without a model, or with invalid weights. */
function* tierProblems(links: ReadonlyArray<Links.Link>, at: Problem["path"]): Iterable<Problem> {
  for (const [index, link] of links.entries()) {
    if (typeof link === "string") continue
    const path = "equals" in link ? [...at, index, "equals"] : [...at, index]
    const { equals } = Links.equalsOf(link)
    if (equals.length === 0) yield { path, message: "the tier is empty; at least one model is needed" }
    const weights = equals.map((member) => (typeof member === "string" ? 1 : (member.weight ?? 1)))
    for (const [place, weight] of weights.entries()) {
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        yield { path: [...path, place, "weight"], message: "expected a number, at least 0" }
      }
    }
    if (equals.length > 0 && weights.every((weight) => weight === 0)) {
      yield { path, message: "all weights of the tier are 0; at least one has to be more" }
    }
  }
}

/**
 * The path from a virtual model back to itself, if there is one. A virtual model with the name of a spec may contain that spec:
 * there it means the provider's model.
 */
const circleFrom = (
  start: string,
  models: Readonly<Record<string, LinksOfModel>>
): ReadonlyArray<string> | undefined => {
  const nextOf = (name: string) => Links.namesIn(models[name]?.chain ?? [])[Symbol.iterator]()
  const seen = new Set<string>()
  // No recursion: there may be many thousands of names.
  const path = [{ name: start, next: nextOf(start) }]
  for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
    const { done, value: name } = at.next.next()
    if (done === true) path.pop()
    else if (!Object.hasOwn(models, name) || (name === at.name && ModelSpec.parse(name) !== undefined))
      continue
    else if (name === start) return [...path.map(({ name }) => name), name]
    else if (!seen.has(name)) {
      seen.add(name)
      path.push({ name, next: nextOf(name) })
    }
  }
  return undefined
}

/** The most models that a name may stand for. A list that names another one twice doubles them. */
const mostModels = 1_000_000

/** How deep names may be nested. */
const deepest = 100

/** How many models some links stand for, and how deep their names are nested. Both are infinite if they lead into a circle. */
interface Extent {
  readonly size: number
  readonly depth: number
}

const single: Extent = { size: 1, depth: 0 }
const endless: Extent = { size: Number.POSITIVE_INFINITY, depth: Number.POSITIVE_INFINITY }

/** Measures links. Each name is measured once, so the order of the names makes no difference. */
const extents = (
  models: Readonly<Record<string, LinksOfModel>>
): ((links: ReadonlyArray<Links.Link>) => Extent) => {
  const known = new Map<string, Extent>()
  const isVirtual = (name: string, inside: string | undefined): boolean =>
    Object.hasOwn(models, name) && (name !== inside || ModelSpec.parse(name) === undefined)
  const sum = (links: ReadonlyArray<Links.Link>, inside: string | undefined): Extent => {
    let size = 0
    let depth = 0
    for (const name of Links.namesIn(links)) {
      const one = isVirtual(name, inside) ? known.get(name)! : single
      size += one.size
      depth = Math.max(depth, one.depth)
    }
    return { size, depth }
  }
  // No recursion: there may be many thousands of names.
  const path: Array<string> = []
  const addNew = (links: ReadonlyArray<Links.Link>, inside: string | undefined): void => {
    for (const name of Links.namesIn(links)) {
      if (isVirtual(name, inside) && !known.has(name)) path.push(name)
    }
  }
  return (links) => {
    addNew(links, undefined)
    const open = new Set<string>()
    for (let name = path.at(-1); name !== undefined; name = path.at(-1)) {
      const { chain } = models[name]!
      if (open.delete(name)) {
        const { depth, size } = sum(chain, name)
        known.set(name, { size, depth: depth + 1 })
      } else if (!known.has(name)) {
        open.add(name)
        // What a name that is still open contains leads back to it.
        known.set(name, endless)
        addNew(chain, name)
        continue
      }
      path.pop()
    }
    return sum(links, undefined)
  }
}
