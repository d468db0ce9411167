/** A problem in a config file, with its place. */
import * as Schema from "effect/Schema"

/** One problem. `path` is a text such as `providers.openai.credentials[1].apiKey`. */
export const Problem = Schema.Struct({
  path: Schema.String,
  message: Schema.String,
  /** The line in the file, from 1, if it is known. */
  line: Schema.optionalKey(Schema.Int)
})

/** One problem. */
export type Problem = typeof Problem.Type

/**
 * A config file is invalid. The error has every problem in it.
 *
 * @category errors
 */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  /** The name of the file, as given. */
  file: Schema.String,
  problems: Schema.Array(Problem)
}) {
  override get message() {
    const { length } = this.problems
    return `${this.file} has ${length === 1 ? "a problem" : `${length} problems`}:\n${this.problems
      .map((problem) => `  ${show(problem)}`)
      .join("\n")}`
  }
}

/** The same problems, each with a text before it that says when it is one. */
export const within =
  (when: string) =>
  ({ file, problems }: ConfigError): ConfigError =>
    new ConfigError({
      file,
      problems: problems.map((problem) => ({ ...problem, message: `${when}: ${problem.message}` }))
    })

/** The path of a part of a JSON value. */
export type Path = ReadonlyArray<string | number>

/** `server.tokens[0]: … (line 12)` */
export const show = ({ line, message, path }: Problem): string =>
  `${path === "" ? "" : `${path}: `}${message}${line === undefined ? "" : ` (line ${line})`}`

/**
 * Writes a path.
 *
 * @example
 * formatPath(["providers", "openai", "models", "gpt-5.2", "policy"]) // => `providers.openai.models["gpt-5.2"].policy`
 */
export const formatPath = (path: Path): string =>
  path
    .map((part, index) =>
      typeof part === "number"
        ? `[${part}]`
        : /^[A-Za-z_][\w-]*$/.test(part)
          ? `${index === 0 ? "" : "."}${part}`
          : `[${JSON.stringify(part)}]`
    )
    .join("")
