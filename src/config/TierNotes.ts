/** What is worth a word about models that are said to count as the same. It takes any JSON, as `Semantics` does. */
import * as ModelSpec from "../domain/ModelSpec.ts"
import { formatPath, type Path } from "./file/Problem.ts"

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (u: unknown): Fields =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Fields) : {}

/** A sentence for every tier whose models are hardly the same. */
export function* tierNotes(file: unknown): Iterable<string> {
  const { fallbacks, models, providers } = fieldsOf(file)
  for (const [path, members] of tiersIn({ models, fallbacks }, [])) {
    const specs = members.flatMap((member) => ModelSpec.parse(member) ?? [])
    const windows = specs.flatMap((spec) => {
      const { contextWindow } = fieldsOf(
        fieldsOf(fieldsOf(fieldsOf(providers)[spec.provider]).models)[spec.model]
      )
      return typeof contextWindow === "number" ? [`${ModelSpec.format(spec)} ${contextWindow}`] : []
    })
    if (new Set(windows.map((window) => window.split(" ").at(-1))).size > 1) {
      yield `${formatPath(path)}: these models have different context windows (${windows.join(", ")}), so a long prompt fits some of them only`
    }
    const names = new Set(specs.map(({ model }) => nameOf(model)))
    if (names.size > 1 && specs.some(({ model }) => /embed/i.test(model))) {
      yield `${formatPath(path)}: the vectors of different models cannot be compared (${[...names].join(", ")}); models for embeddings count as the same only if they are the same`
    }
  }
}

/** A vendor's prefix, as OpenRouter and others write it, is not part of the name. */
const nameOf = (model: string): string => model.slice(model.lastIndexOf("/") + 1)

/** The tiers of several models, with the names in them. */
function* tiersIn(node: unknown, path: Path): Iterable<readonly [Path, ReadonlyArray<string>]> {
  if (Array.isArray(node)) {
    for (const [index, link] of node.entries()) {
      const { equals } = fieldsOf(link)
      if (Array.isArray(link)) yield [[...path, index], namesOf(link)]
      else if (Array.isArray(equals)) yield [[...path, index, "equals"], namesOf(equals)]
    }
    return
  }
  for (const [key, value] of Object.entries(fieldsOf(node))) {
    if (isChain(key, path)) yield* tiersIn(value, [...path, key])
  }
}

/** `models`, a name in it, and the fields of a virtual model that hold links; nothing else of a file. */
const isChain = (key: string, path: Path): boolean =>
  path.length < 2 || ["chain", "onContextExceeded", "onContentPolicy"].includes(key)

const namesOf = (members: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  members.flatMap((member) => {
    const name = typeof member === "string" ? member : fieldsOf(member).model
    return typeof name === "string" ? [name] : []
  })
