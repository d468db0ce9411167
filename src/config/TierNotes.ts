/** Warnings about tiers whose models differ, or that hold what has no effect. Accepts any JSON, like `Semantics`. */
import * as ModelSpec from "../domain/ModelSpec.ts"
import { formatPath, type Path } from "./file/Problem.ts"

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (u: unknown): Fields =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Fields) : {}

interface Tier {
  readonly path: Path
  readonly members: ReadonlyArray<{ readonly name: string; readonly weight: unknown }>
  readonly strategy: unknown
}

/** A warning for every oddity of a tier. */
export function* tierNotes(file: unknown): Iterable<string> {
  const { fallbacks, models, providers } = fieldsOf(file)
  for (const tier of tiersIn({ models, fallbacks }, [])) {
    for (const note of notesOf(tier, fieldsOf(providers))) yield `${formatPath(tier.path)}: ${note}`
  }
}

function* notesOf({ members, strategy }: Tier, providers: Fields): Iterable<string> {
  const specs = members.flatMap(({ name }) => ModelSpec.parse(name) ?? [])
  const windows = specs.flatMap((spec) => {
    const { contextWindow } = fieldsOf(fieldsOf(fieldsOf(providers[spec.provider]).models)[spec.model])
    return typeof contextWindow === "number" ? [`${ModelSpec.format(spec)} ${contextWindow}`] : []
  })
  if (new Set(windows.map((window) => window.split(" ").at(-1))).size > 1) {
    yield `these models have different context windows (${windows.join(", ")}), so a long prompt fits only some of them`
  }
  const names = new Set(specs.map(({ model }) => nameOf(model)))
  if (names.size > 1 && specs.some(({ model }) => /embed/i.test(model))) {
    yield `embeddings of different models cannot be compared (${[...names].join(", ")}); put only the same embedding model in one tier`
  }
  for (const name of new Set(members.map(({ name }) => name))) {
    const times = members.filter((member) => member.name === name).length
    if (times > 1) yield `${name} is named ${times} times in this tier; the first one counts`
  }
  const weights = new Set(members.map(({ weight = 1 }) => weight))
  if (weights.size > 1 && strategy === "sequential") {
    yield 'the strategy "sequential" does not use weights; "leastLoaded" and "weighted" do'
  }
  if (weights.size > 1 && (strategy === "roundRobin" || strategy === "random")) {
    yield `the strategy "${strategy}" uses weights for conversations only (affinity); "leastLoaded" and "weighted" use them always`
  }
}

/** The name without a vendor's prefix, as OpenRouter and others have it. */
const nameOf = (model: string): string => model.slice(model.lastIndexOf("/") + 1)

/** Tiers that are written as such. */
function* tiersIn(node: unknown, path: Path): Iterable<Tier> {
  if (Array.isArray(node)) {
    for (const [index, link] of node.entries()) {
      const { equals, strategy } = fieldsOf(link)
      const at = [...path, index]
      if (Array.isArray(link)) yield { path: at, members: membersOf(link), strategy: undefined }
      else if (Array.isArray(equals)) yield { path: [...at, "equals"], members: membersOf(equals), strategy }
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

const membersOf = (members: ReadonlyArray<unknown>): Tier["members"] =>
  members.flatMap((member) => {
    const { model, weight } = typeof member === "string" ? { model: member } : fieldsOf(member)
    return typeof model === "string" ? [{ name: model.trim(), weight }] : []
  })
