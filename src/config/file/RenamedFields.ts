/**
 * Old names of the config file that are still accepted.
 *
 * They are replaced before the structure is checked, so no other module has them. Each use gives a warning. An old name
 * beside its new one is a problem.
 */
import { formatPath, type Path } from "./Problem.ts"
import type { Misfit } from "./Structure.ts"

/** Every place of a policy; `*` is any name. */
const policies: ReadonlyArray<ReadonlyArray<string>> = [
  ["policy"],
  ["providers", "*", "policy"],
  ["providers", "*", "models", "*", "policy"],
  ["models", "*", "policy"]
]

/** Names of fields within a policy: the object that has them, the old name, the new name. */
const fields: ReadonlyArray<readonly [within: ReadonlyArray<string>, from: string, to: string]> = [
  [[], "patience", "maxWait"],
  [[], "reserve", "fallbackReserve"],
  [["rules"], "Silent", "Timeout"]
]

/** Values within a policy: the field, the old value, the new value. */
const values: ReadonlyArray<readonly [field: ReadonlyArray<string>, from: string, to: string]> = [
  [["rules", "*", "next"], "place", "endpoint"],
  [["rules", "*", "retry"], "withoutTokenCap", "withoutOutputLimit"]
]

/** A file with the new names only. */
export interface Renamed {
  readonly value: unknown
  /** Old names in use, in sentences. */
  readonly warnings: ReadonlyArray<string>
  /** Old names in addition to their new ones. The new name counts. */
  readonly problems: ReadonlyArray<Misfit>
  /** From a path in `value` to the path in the file, which may have an old name in it. */
  readonly pathInFile: (path: Path) => Path
}

/** Replaces the old names. Takes any JSON value. */
export const replace = (file: unknown): Renamed => {
  const warnings: Array<string> = []
  const problems: Array<Misfit> = []
  const renamed = new Map<string, string>()
  const warn = (path: Path, to: string) =>
    warnings.push(`${formatPath(path)}: renamed to ${to}; the old name still works`)

  const replaceField = (node: unknown, path: Path, from: string, to: string): unknown => {
    if (!isObject(node) || !Object.hasOwn(node, from)) return node
    if (Object.hasOwn(node, to)) {
      problems.push({ path: [...path, from], message: `was renamed to ${to}, which is here too; remove one` })
      return Object.fromEntries(Object.entries(node).filter(([name]) => name !== from))
    }
    warn([...path, from], to)
    renamed.set(JSON.stringify([...path, to]), from)
    return Object.fromEntries(Object.entries(node).map(([name, item]) => [name === from ? to : name, item]))
  }
  const pathInFile = (path: Path): Path =>
    path.map((name, index) => renamed.get(JSON.stringify(path.slice(0, index + 1))) ?? name)

  let value = file
  for (const policy of policies) {
    for (const [within, from, to] of fields) {
      value = replaceAt(value, [...policy, ...within], (node, path) => replaceField(node, path, from, to))
    }
    for (const [field, from, to] of values) {
      value = replaceAt(value, [...policy, ...field], (node, path) => {
        if (node !== from) return node
        warn(pathInFile(path), `"${to}"`)
        return to
      })
    }
  }
  return { value, warnings, problems, pathInFile }
}

/** Replaces the values at the places that a pattern names. A value without such a place stays the same. */
const replaceAt = (
  node: unknown,
  [name, ...more]: ReadonlyArray<string>,
  change: (node: unknown, path: Path) => unknown,
  path: Path = []
): unknown => {
  if (name === undefined) return change(node, path)
  if (!isObject(node)) return node
  const keys = name === "*" ? Object.keys(node) : Object.hasOwn(node, name) ? [name] : []
  const changed = new Map<string, unknown>()
  for (const key of keys) {
    const item = replaceAt(node[key], more, change, [...path, key])
    if (item !== node[key]) changed.set(key, item)
  }
  if (changed.size === 0) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, item]) => [key, changed.has(key) ? changed.get(key) : item])
  )
}

const isObject = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null && !Array.isArray(u)
