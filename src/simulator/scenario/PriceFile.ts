/** A file of prices: JSON with comments. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as JsonFile from "../../config/file/JsonFile.ts"
import { ConfigError, formatPath } from "../../config/file/Problem.ts"
import * as Reference from "../../config/file/Reference.ts"
import { checkAs } from "../../config/file/Structure.ts"
import { Prices } from "./ScenarioFile.ts"

/** Reads the price of a million tokens by `provider/model`, or `"*"` for all others. Fails with every problem. */
export const load = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<typeof Prices.Type, ConfigError, FileSystem.FileSystem> {
  const json = JsonFile.parse(yield* Reference.textOf(file))
  if (Result.isFailure(json)) return yield* new ConfigError({ file, problems: json.failure })
  const { lineOf, problems: twice, value } = json.success
  const checked = check(value)
  const misfits = Result.isFailure(checked) ? checked.failure : []
  const problems = misfits.map(({ message, path }) => {
    const line = lineOf(path)
    return { path: formatPath(path), message, ...(line !== undefined && { line }) }
  })
  if (Result.isFailure(checked) || twice.length > 0) {
    return yield* new ConfigError({ file, problems: [...twice, ...problems] })
  }
  return checked.success
})

const check = checkAs(Prices)
