/** Warnings about models in one tier that differ. Accepts any JSON, like `Semantics`. */
import * as ModelSpec from "../domain/ModelSpec.ts"
import { formatPath, type Path } from "./file/Problem.ts"

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (u: unknown): Fields =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Fields) : {}

/** A warning for every tier with models that differ. */
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
      yield `${formatPath(path)}: these models have different context windows (${windows.join(", ")}), so a long prompt fits only some of them`
    }
    const names = new Set(specs.map(({ model }) => nameOf(model)))
    if (names.size > 1 && specs.some(({ model }) => /embed/i.test(model))) {
      yield `${formatPath(path)}: embeddings of different models cannot be compared (${[...names].join(", ")}); put only the same embedding model in one tier`
    }
  }
}

/** The name without a vendor's prefix, as OpenRouter and others have it. */
const nameOf = (model: string): string => model.slice(model.lastIndexOf("/") + 1)

/** Tiers of several models, with their names. */
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

/** True for fields that hold links: `models`, its names, and the chains of a virtual model. */
const isChain = (key: string, path: Path): boolean =>
  path.length < 2 || ["chain", "onContextExceeded", "onContentPolicy"].includes(key)

const namesOf = (members: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  members.flatMap((member) => {
    const name = typeof member === "string" ? member : fieldsOf(member).model
    return typeof name === "string" ? [name] : []
  })
