/** Improves messages about fields with a fixed set of values: adds the given value and a suggestion. */
import { nearest } from "../util/Nearest.ts"
import type { Path } from "./file/Problem.ts"
import { objectFieldsAt } from "./file/Shape.ts"
import type { Misfit } from "./file/Structure.ts"

/** Messages such as `expected "text" | "json"`, with no list or number. */
const choices = /^expected "[^"]*"(?: \| "[^"]*")+$/

/** The same, followed by the name of an object type. */
const orShape = /^(expected "[^"]*"(?: \| "[^"]*")+)(?: \| (?:[A-Z]\w*|object))?$/

/** The message, with the fields of the object that is also accepted. */
const withObject = ({ message, path }: Misfit, file: unknown): string => {
  const [, words] = orShape.exec(message) ?? []
  const fields = words === undefined ? [] : objectFieldsAt(path, file)
  return words === undefined || fields.length === 0
    ? message
    : `${words} | { ${fields.map((field) => `"${field}": …`).join(", ")} }`
}

/** A mistyped word. Any other value may be a key in the wrong place, and is not repeated. */
const word = /^[A-Za-z][A-Za-z_-]{0,29}$/

/** The message with the given value, and the most similar accepted value. */
export const withValue = (misfit: Misfit, file: unknown): Misfit => {
  const message = withObject(misfit, file)
  if (message === misfit.message && !choices.test(message)) return misfit
  return valued({ ...misfit, message }, at(file, misfit.path))
}

const valued = (misfit: Misfit, value: unknown): Misfit => {
  if (typeof value === "number" || typeof value === "boolean" || value === null) {
    return { ...misfit, message: `${misfit.message}, got ${value}` }
  }
  if (typeof value !== "string" || !word.test(value)) return misfit
  const known = Array.from(misfit.message.matchAll(/"([^"]*)"(?!:)/g), (match) => match[1]!)
  const meant = nearest(value, known)
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`
  return { ...misfit, message: `${misfit.message}, got "${value}"${hint}` }
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (node, key) =>
      typeof node === "object" && node !== null
        ? (node as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    value
  )
