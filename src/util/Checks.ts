/**
 * Checks of options: what is wrong, where, and what would be right.
 *
 * A constructor with invalid options throws an `InvalidOptions` at once, which lists every problem; one that is an Effect
 * or a Layer dies with the same error, since only a change of the code can help.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** Invalid options: a mistake in the code that passed them. */
export class InvalidOptions extends Error {
  override readonly name = "InvalidOptions"
  /** One sentence for each problem: where it is, and what would be right. */
  readonly problems: ReadonlyArray<string>

  constructor(where: string, problems: ReadonlyArray<string>) {
    super(`${where}: ${problems.join("; ")}`)
    this.problems = problems
  }
}

/** Checks a value: a description of the problem, or `undefined`. */
export type Check = (value: unknown) => string | undefined

/** Throws unless all fields pass their checks. A field that is `undefined` counts as absent. */
export const fields = <O extends object>(
  where: string,
  options: O,
  checks: { readonly [K in keyof O]?: Check | undefined }
): void => refuse(where, fieldProblems(options, checks))

/** Throws if there are problems. */
export const refuse = (where: string, problems: Iterable<string>): void => {
  const all = [...problems]
  if (all.length > 0) throw new InvalidOptions(where, all)
}

/**
 * The problems of an object's fields. `path` precedes their names; unknown names are problems too, and so is a value that
 * is not an object.
 */
export function* fieldProblems<O extends object>(
  options: O,
  checks: { readonly [K in keyof O]?: Check | undefined },
  { known, path = "" }: { readonly path?: string; readonly known?: ReadonlyArray<string> } = {}
): Iterable<string> {
  const wrong = object(options)
  if (wrong !== undefined) {
    yield path === "" ? `the value ${wrong}` : `${path.replace(/\.$/, "")} ${wrong}`
    return
  }
  for (const [key, check] of Object.entries<Check | undefined>(checks)) {
    const value = (options as Readonly<Record<string, unknown>>)[key]
    const wrong = value === undefined ? undefined : check?.(value)
    if (wrong !== undefined) yield `${path}${key} ${wrong}`
  }
  if (known === undefined) return
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) yield `${path}${key} is unknown (known: ${known.join(", ")})`
  }
}

const said = (value: unknown): string =>
  typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : typeof value === "string"
      ? JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
      : Array.isArray(value)
        ? "a list"
        : value === null || value === undefined
          ? String(value)
          : typeof value !== "object"
            ? `a ${typeof value}`
            : tagOf(value) === "Object"
              ? "an object"
              : `a ${tagOf(value)}`

/** What JavaScript calls an object: `Object`, `Date`, `Promise`, `Module`. */
const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1)

/** A value as messages quote it. */
export const quoted = said

/**
 * An object with fields, or a module. Lists, dates, promises and the like are not among them, since none of their fields
 * would be read.
 */
export const object: Check = (value) =>
  typeof value === "object" && value !== null && ["Object", "Module"].includes(tagOf(value))
    ? undefined
    : `is ${said(value)}; it has to be an object`

/** The same as a guard of the type. */
export const isObject = (value: unknown): value is object => object(value) === undefined

/** A number in a range. Infinity is allowed only where `most` is infinite. */
export const number =
  (
    what: string,
    {
      above,
      least,
      most = Number.MAX_VALUE,
      whole = false
    }: {
      readonly least?: number
      readonly above?: number
      readonly most?: number
      readonly whole?: boolean
    }
  ): Check =>
  (value) =>
    typeof value === "number" &&
    value >= (least ?? Number.NEGATIVE_INFINITY) &&
    (above === undefined || value > above) &&
    value <= most &&
    (!whole || Number.isInteger(value) || value === Number.POSITIVE_INFINITY)
      ? undefined
      : `is ${said(value)}; it has to be ${what}`

/** A whole number of at least 1, or infinite for no bound. */
export const count: Check = number("a whole number, at least 1", {
  least: 1,
  most: Number.POSITIVE_INFINITY,
  whole: true
})

/** A duration that is not negative; it may be infinite. */
export const duration: Check = (value) => {
  const read = Duration.fromInput(value as Duration.Input)
  const millis = Option.isSome(read) ? Duration.toMillis(read.value) : Number.NaN
  return (typeof value === "number" && Number.isNaN(value)) ||
    !(millis >= 0) ||
    isNegative(value) ||
    !isReadable(value)
    ? `is ${said(value)}; it has to be a length of time that is not negative, such as "2 seconds" or milliseconds`
    : undefined
}

/** Effect turns a negative duration into zero. */
const isNegative = (value: unknown): boolean =>
  typeof value === "number" || typeof value === "bigint"
    ? value < 0
    : typeof value === "string" && /^\s*-/.test(value)

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]

/** Effect reads an object without a known unit, such as a date, as zero. */
const isReadable = (value: unknown): boolean =>
  typeof value !== "object" ||
  Duration.isDuration(value) ||
  Array.isArray(value) ||
  (value !== null && Object.keys(value).length > 0 && Object.keys(value).every((key) => units.includes(key)))

/** One of several strings. */
export const oneOf =
  (words: ReadonlyArray<string>): Check =>
  (value) =>
    typeof value === "string" && words.includes(value)
      ? undefined
      : `is ${said(value)}; it has to be one of ${words.map((word) => JSON.stringify(word)).join(", ")}`

/** A function. */
export const callable: Check = (value) =>
  typeof value === "function" ? undefined : `is ${said(value)}; it has to be a function`

/** A string. */
export const text: Check = (value) =>
  typeof value === "string" ? undefined : `is ${said(value)}; it has to be a string`

/** True or false. */
export const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : `is ${said(value)}; it has to be true or false`

/** A list. */
export const list: Check = (value) =>
  Array.isArray(value) ? undefined : `is ${said(value)}; it has to be a list`

/** A name of a provider or a credential. Bench keys contain it, next to `/` and `#`. */
export const name: Check = (value) =>
  typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)
    ? undefined
    : `is ${said(value)}; it has to be made of letters, digits, '.', '_' and '-', and to begin with a letter or a digit`

/** A URL that requests can be sent to. Errors do not quote it, since it may contain a secret. */
export const httpUrl: Check = (value) => {
  const text = typeof value === "string" ? value.replaceAll("{model}", "model") : ""
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === "https:" || url?.protocol === "http:"
    ? undefined
    : 'is no HTTP address; it has to be one such as "https://api.example.com/v1"'
}
