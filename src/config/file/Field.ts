/** The building blocks of the config schema: kinds of values, with descriptions for editors. */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/**
 * An optional field. Description and default go into the JSON Schema for editors; the default is not filled
 * in here.
 */
export const field = <S extends Schema.Top>(schema: S, description: string, fallback?: S["Type"]) =>
  Schema.optionalKey(schema).pipe(
    Schema.annotateKey({ description, ...(fallback !== undefined && { default: fallback }) })
  )

/** A required field. */
export const required = <S extends Schema.Top>(schema: S, description: string) =>
  schema.pipe(Schema.annotateKey({ description }))

const atLeast = (minimum: number, expected: string) =>
  Schema.makeFilter<number>((n) => n >= minimum || `expected ${expected}`, {
    toJsonSchema: () => ({ minimum })
  })

const between = (minimum: number, maximum: number, expected: string) =>
  Schema.makeFilter<number>((n) => (n >= minimum && n <= maximum) || `expected ${expected}`, {
    toJsonSchema: () => ({ minimum, maximum })
  })

/** A whole number from 0. */
export const Count = Schema.Int.check(atLeast(0, "a whole number from 0"))

/** A whole number from 1. */
export const Positive = Schema.Int.check(atLeast(1, "a whole number from 1"))

/** A number from 0. */
export const Amount = Schema.Finite.check(atLeast(0, "a number from 0"))

/** A number from 0 to 1. */
export const Share = Schema.Finite.check(between(0, 1, "a number from 0 to 1"))

/** The share that a refusal takes off a learned limit. */
export const Decrease = Schema.Finite.check(between(0.01, 0.5, "a number from 0.01 to 0.5"))

/** The answers that it takes to get that back. */
export const Period = Schema.Int.check(atLeast(8, "a whole number from 8"))

/** A port to listen on; 0 for any free port. */
export const Port = Schema.Int.check(between(0, 65_535, "a port from 0 to 65535"))

/** A duration as Effect reads it (`"250 millis"`, `"2 minutes"`), or a number of milliseconds. */
export const DurationInput = Schema.Union([Schema.String, Schema.Finite])
  .check(
    Schema.makeFilter(
      (input) =>
        millisOf(input) !== undefined ||
        'expected a duration such as "250 millis" or "2 minutes", or a number of milliseconds',
      { toJsonSchema: () => [{}, true] }
    )
  )
  .annotate({
    identifier: "Duration",
    description: 'A duration such as "250 millis" or "2 minutes", or a number of milliseconds.'
  })

/** A duration above zero, or a percentile of a target's own times, such as `"p95"`. */
export const DelayOrPercentile = Schema.Union([Schema.String, Schema.Finite])
  .check(
    Schema.makeFilter(
      (input) =>
        isPercentile(input) ||
        (millisOf(input) ?? 0) > 0 ||
        'expected a percentile from "p1" to "p99", or a duration above zero such as "2 seconds"',
      { toJsonSchema: () => [{}, true] }
    )
  )
  .annotate({
    identifier: "DelayOrPercentile",
    description:
      'A percentile of the latest times of the target itself, such as "p95", or a duration such as "2 seconds".'
  })

/** Whether it is a percentile above 0 and below 100. */
export const isPercentile = (input: unknown): input is `p${number}` =>
  typeof input === "string" &&
  /^p\d+(\.\d+)?$/.test(input) &&
  Number(input.slice(1)) > 0 &&
  Number(input.slice(1)) < 100

/** The same for times in which something has to happen: none of them is zero. */
export const PositiveDuration = Schema.Union([Schema.String, Schema.Finite])
  .check(
    Schema.makeFilter(
      (input) =>
        (millisOf(input) ?? 0) > 0 ||
        'expected a duration above zero such as "250 millis" or "2 minutes", or a number of milliseconds',
      { toJsonSchema: () => [{}, true] }
    )
  )
  .annotate({
    identifier: "PositiveDuration",
    description: 'A duration above zero such as "250 millis" or "2 minutes", or a number of milliseconds.'
  })

/** A duration in milliseconds; `undefined` if it is invalid or negative. */
export const millisOf = (input: string | number): number | undefined => {
  const duration = Duration.fromInput(input as Duration.Input)
  const millis = duration._tag === "Some" ? Duration.toMillis(duration.value) : Number.NaN
  return millis >= 0 ? millis : undefined
}

const visible = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** The value of a header. */
export const HeaderText = Schema.String.check(
  Schema.makeFilter((text) => visible.test(text) || "expected visible ASCII characters only", {
    toJsonSchema: () => ({ pattern: visible.source })
  })
)

/** The URL of a server. */
export const Url = Schema.String.check(
  Schema.makeFilter(
    (text) =>
      !isNamedByModel(text) || "{model} is allowed in the path only: a request must not choose the host",
    {
      toJsonSchema: () => [{}, true]
    }
  ),
  Schema.makeFilter(
    (text) =>
      (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) ||
      'expected an http or https URL such as "https://api.openai.com/v1"',
    { toJsonSchema: () => [{ pattern: "^[hH][tT][tT][pP][sS]?:" }, true] }
  )
)

const isNamedByModel = (text: string): boolean => URL.canParse(text) && /[{}]|%7b/i.test(new URL(text).host)
