/** The shape of a scenario file: who asks for what, and what breaks when. */
import * as Schema from "effect/Schema"
import { Count, DurationInput, field, millisOf, required } from "../../config/file/Field.ts"
import { defaultFactor, faultNames } from "../faults/Faults.ts"

const Time = DurationInput.check(
  Schema.makeFilter((input: string | number) => (millisOf(input) ?? 1) > 0 || "expected a time above zero")
)

const above = (minimum: number, maximum: number, expected: string) =>
  Schema.Finite.check(
    Schema.makeFilter((n: number) => (n > minimum && n <= maximum) || `expected ${expected}`)
  )

/** Words for places in the chain, so that a scenario fits every config. */
export const places = [
  "first target",
  "first credential",
  "first model",
  "first provider",
  "every target"
] as const

const Fault = Schema.Struct({
  target: required(
    Schema.NonEmptyString,
    `What breaks: provider, provider#credential, provider/model, provider/model#credential, or a place in the chain: ${places.join(", ")}.`
  ),
  fault: required(Schema.Literals(faultNames), "How it breaks."),
  from: field(DurationInput, "When it begins, counted from the start.", 0),
  until: field(DurationInput, "When it is over; with the simulation when nothing is said."),
  share: field(above(0, 1, "a number above 0, at most 1"), "The share of calls that meet it.", 1),
  retryAfter: field(Time, "throttled, overloaded: how long the provider asks to wait (Retry-After)."),
  factor: field(
    above(1, 1_000_000, "a number above 1"),
    "slow: so many times its usual time.",
    defaultFactor
  ),
  afterWords: field(
    Count,
    "cut: the connection breaks after so many words of the four of an answer; with 0 before the first.",
    0
  )
})

/** The whole file. */
export const ScenarioFile = Schema.Struct({
  title: field(Schema.NonEmptyString, "One line for the head of the report."),
  about: field(Schema.NonEmptyString, "What it is to find out."),
  duration: field(Time, "How long requests come.", "5 minutes"),
  seed: field(Schema.Int, "Of all chance: the same seed gives the same report.", 1),
  requests: field(
    Schema.Struct({
      model: field(
        Schema.NonEmptyString,
        "A name from the config's models, or provider/model; its first name when nothing is said."
      ),
      perSecond: field(above(0, 10_000, "a number above 0, at most 10000"), "They come evenly.", 5),
      stream: field(Schema.Boolean, "Whether they ask for streams.", true)
    }),
    "Who asks for what."
  ),
  answers: field(
    Schema.Struct({
      firstWord: field(
        Time,
        "From a call to its first word; each call takes up to a fifth more or less.",
        600
      ),
      whole: field(Time, "From a call to its last word.", 3_000)
    }),
    "How quick a provider is that nothing is wrong with."
  ),
  faults: required(
    Schema.Array(Fault),
    "What breaks. Of several that cover the same call the first one counts; with a share, the next one has its turn."
  )
})

/** The whole file. */
export type ScenarioFile = typeof ScenarioFile.Type

/** No more requests are simulated at once. */
export const mostRequests = 100_000
