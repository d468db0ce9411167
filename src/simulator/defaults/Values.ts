/** Half of a default, the default, and twice it. */
import { millisOf } from "../../config/file/Field.ts"
import type { Options } from "../../policy/Policy.ts"
import { time } from "../report/Units.ts"
import type { Experiment, Value } from "./Experiment.ts"

type Three = Experiment["values"]

/** The three values of a duration, written as in the config file. */
export const duration = (value: string, policy: (millis: number) => Options): Three => {
  const millis = millisOf(value) ?? 0
  const of = (millis: number): Value => ({ label: time(millis), policy: policy(millis) })
  return [of(millis / 2), of(millis), of(millis * 2)]
}

/** Three values, one of them the default, for a number without a useful half or double. */
export const factor = (
  value: number,
  values: readonly [number, number, number],
  policy: (value: number) => Options
): Three => {
  const of = (each: number): Value => ({
    label: each === value ? `${each} (default)` : String(each),
    policy: policy(each)
  })
  return [of(values[0]), of(values[1]), of(values[2])]
}
