/** Half of a default, the default, and twice it. */
import { millisOf } from "../../config/file/Field.ts"
import type { Options } from "../../policy/Policy.ts"
import { time } from "../report/Units.ts"
import type { Experiment, Value } from "./Experiment.ts"

type Three = Experiment["values"]

/** Of a duration, as the config file writes it. */
export const duration = (value: string, policy: (millis: number) => Options): Three => {
  const millis = millisOf(value) ?? 0
  const of = (millis: number): Value => ({ label: time(millis), policy: policy(millis) })
  return [of(millis / 2), of(millis), of(millis * 2)]
}

/** Of a number that has no half, or whose double means nothing: three values, of which one is the default. */
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
