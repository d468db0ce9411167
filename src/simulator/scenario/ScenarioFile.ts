/** The schema of a scenario file: requests, answers and faults. */
import * as Schema from "effect/Schema"
import { Amount, Count, DurationInput, field, millisOf, Positive, required } from "../../config/file/Field.ts"
import { defaultFactor, defaultPerMinute, defaultSlots, faultNames } from "../faults/Faults.ts"

const Time = DurationInput.check(
  Schema.makeFilter((input: string | number) => (millisOf(input) ?? 1) > 0 || "expected a time above zero")
)

const above = (minimum: number, maximum: number, expected: string) =>
  Schema.Finite.check(
    Schema.makeFilter((n: number) => (n > minimum && n <= maximum) || `expected ${expected}`)
  )

/** Positions in the chain, so that a scenario fits every config. */
export const places = [
  "first target",
  "first credential",
  "first model",
  "first provider",
  "second provider",
  "last provider",
  "first half",
  "every target"
] as const

const Fault = Schema.Struct({
  target: required(
    Schema.NonEmptyString,
    `What it affects: provider, provider#credential, provider/model, provider/model#credential, or a position in the chain: ${places.join(", ")}.`
  ),
  fault: required(Schema.Literals(faultNames), "The fault."),
  from: field(DurationInput, "When it begins, from the start.", 0),
  until: field(DurationInput, "When it ends. Default: with the simulation."),
  every: field(
    Time,
    "The period of a recurring fault: it is active for `lasts` at the start of each period."
  ),
  lasts: field(Time, "How long it is active in each period. Default: half of `every`."),
  share: field(above(0, 1, "a number above 0, at most 1"), "The share of calls that it hits.", 1),
  retryAfter: field(Time, "throttled, capped, overloaded: the wait that the provider names (Retry-After)."),
  factor: field(
    above(1, 1_000_000, "a number above 1"),
    "slow: the factor by which it is slower.",
    defaultFactor
  ),
  afterWords: field(
    Count,
    "cut: the connection breaks after this many of the four words of an answer, with 0 before the first; hang: nothing follows them.",
    0
  ),
  perMinute: field(
    above(0, 1_000_000, "a number above 0"),
    "capped: the requests per minute that are accepted, at most one second's worth at once; more are refused with 429.",
    defaultPerMinute
  ),
  slots: field(
    Positive,
    "crowded: how many calls each target serves at once; more wait in its queue.",
    defaultSlots
  ),
  queue: field(
    Count,
    "crowded: how many calls may wait at a target; more are refused as overload (503, 529)."
  )
})

const Requests = Schema.Struct({
  model: field(
    Schema.NonEmptyString,
    "A name from the config's models, or provider/model. Default: the first name."
  ),
  perSecond: field(above(0, 10_000, "a number above 0, at most 10000"), "Requests per second.", 5),
  arrivals: field(
    Schema.Literals(["even", "random"]),
    "Whether they arrive evenly, or independently of one another (a Poisson process).",
    "even"
  ),
  stream: field(Schema.Boolean, "Whether they are streamed.", true),
  conversations: field(
    Schema.Struct({
      turns: field(Positive, "The number of requests per conversation.", 10),
      pause: field(Time, "The mean time between two of them.", "30 seconds"),
      grows: field(Count, "The tokens that each turn adds to the prompt.", 800)
    }),
    "Makes requests turns of conversations. Default: independent requests."
  ),
  tokens: field(
    Schema.Struct({
      prompt: field(Count, "Tokens in the prompt of the first turn.", 2_000),
      answer: field(Count, "Tokens in an answer.", 300)
    }),
    "How long prompts and answers are."
  )
})

const Answers = Schema.Struct({
  firstWord: field(Time, "From a call to its first word.", 600),
  whole: field(Time, "From a call to the end of its answer.", 3_000),
  spread: field(
    Schema.Literals(["even", "exponential"]),
    "The distribution of the times: up to a fifth more or less, or exponential.",
    "even"
  ),
  reading: field(
    DurationInput,
    "The time that each thousand tokens of the prompt add that are not in the target's prompt cache.",
    0
  ),
  cacheLasts: field(
    Time,
    "How long a target keeps the prompt of a conversation after its last turn.",
    "5 minutes"
  )
})

/** The price of a model's tokens. */
export const Price = Schema.Struct({
  input: required(Amount, "A million tokens of prompts."),
  output: required(Amount, "A million tokens of answers."),
  cachedInput: field(Amount, "A million tokens of prompts that were in the cache. Default: as `input`.")
})

/** The prices of tokens by `provider/model`; `"*"` for all others. */
export const Prices = Schema.Record(Schema.String, Price)

/** The price of a model's tokens. */
export type Price = typeof Price.Type

/** The whole file. */
export const ScenarioFile = Schema.Struct({
  title: field(Schema.NonEmptyString, "The title of the report."),
  about: field(Schema.NonEmptyString, "What the simulation is about."),
  duration: field(Time, "How long requests arrive.", "5 minutes"),
  seed: field(Schema.Int, "The seed of all random numbers: the same seed gives the same report.", 1),
  requests: field(Requests, "The requests."),
  answers: field(Answers, "The times of a healthy provider."),
  prices: field(Prices, 'The price of a million tokens by `provider/model`; `"*"` for all others.'),
  faults: required(
    Schema.Array(Fault),
    "The faults. Of several that cover the same call the first one counts; calls outside its `share` go on to the next one."
  )
})

/** The whole file. */
export type ScenarioFile = typeof ScenarioFile.Type

/** The most requests of one simulation. */
export const mostRequests = 1_000_000
