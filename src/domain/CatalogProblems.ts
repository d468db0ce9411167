/** What a catalog cannot be made of: links that lead nowhere or in circles, and empty chains. */
import * as Schema from "effect/Schema"
import { few } from "../util/ShortList.ts"
import type { Backend } from "./Backend.ts"
import * as ModelSpec from "./ModelSpec.ts"

/** The links of a virtual model. */
interface Links {
  readonly chain: ReadonlyArray<string>
  readonly onContextExceeded?: ReadonlyArray<string> | undefined
  readonly onContentPolicy?: ReadonlyArray<string> | undefined
}

/** All that can lead somewhere. */
interface Linked {
  readonly providers: ReadonlyArray<{ readonly backend: Backend }>
  readonly models?: Readonly<Record<string, Links>> | undefined
  readonly fallbacks?: ReadonlyArray<string> | undefined
}

/** Something a catalog cannot be made of. `path` leads through the options: `["models", "smart", "chain", 0]`. */
export const Problem = Schema.Struct({
  path: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  message: Schema.String
})

/** Something a catalog cannot be made of. */
export type Problem = typeof Problem.Type

/**
 * Names that lead nowhere or in circles.
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

/** Everything that is wrong with what a catalog is to be made of. */
export function* problemsOf(options: Linked): Iterable<Problem> {
  const known = new Set(options.providers.map(({ backend }) => backend.name))
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

  for (const [name, model] of Object.entries(models)) {
    if (model.chain.length === 0) yield { path: ["models", name, "chain"], message: "the chain is empty" }
    const circle = circleFrom(name, models)
    // A circle is told once, at the first of its models.
    if (circle !== undefined && names.find((other) => circle.includes(other)) === name) {
      const index = model.chain.findIndex((link) => link.trim() === circle[1])
      yield { path: ["models", name, "chain", index], message: `leads in a circle: ${circle.join(" → ")}` }
    }
    for (const list of ["chain", "onContextExceeded", "onContentPolicy"] as const) {
      for (const [index, link] of (model[list] ?? []).entries()) {
        const message = wrong(link)
        if (message !== undefined) yield { path: ["models", name, list, index], message }
      }
    }
  }
  for (const [index, link] of (options.fallbacks ?? []).entries()) {
    const message = wrong(link)
    if (message !== undefined) yield { path: ["fallbacks", index], message }
  }
}

/**
 * The way from a virtual model back to itself, if there is one. A model that is named like a spec may hold that
 * spec: there it means the provider's model.
 */
const circleFrom = (
  start: string,
  models: Readonly<Record<string, Links>>
): ReadonlyArray<string> | undefined => {
  const seen = new Set<string>()
  const walk = (name: string, path: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    for (const link of models[name]?.chain ?? []) {
      const next = link.trim()
      if (!Object.hasOwn(models, next) || (next === name && ModelSpec.parse(next) !== undefined)) continue
      if (next === start) return [...path, next]
      if (seen.has(next)) continue
      seen.add(next)
      const circle = walk(next, [...path, next])
      if (circle !== undefined) return circle
    }
    return undefined
  }
  return walk(start, [start])
}
