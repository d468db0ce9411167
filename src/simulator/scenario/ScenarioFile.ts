/** The shape of a scenario file: who asks for what, and what breaks when. */
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

/** Words for places in the chain, so that a scenario fits every config. */
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
    `What breaks: provider, provider#credential, provider/model, provider/model#credential, or a place in the chain: ${places.join(", ")}.`
  ),
  fault: required(Schema.Literals(faultNames), "How it breaks."),
  from: field(DurationInput, "When it begins, counted from the start.", 0),
  until: field(DurationInput, "When it is over; with the simulation when nothing is said."),
  every: field(Time, "It comes and goes: it starts again after each of these times and lasts for `lasts`."),
  lasts: field(Time, "How long it is there each time; half of `every` when nothing is said."),
  share: field(above(0, 1, "a number above 0, at most 1"), "The share of calls that meet it.", 1),
  retryAfter: field(Time, "throttled, capped, overloaded: how long the provider asks to wait (Retry-After)."),
  factor: field(
    above(1, 1_000_000, "a number above 1"),
    "slow: so many times its usual time.",
    defaultFactor
  ),
  afterWords: field(
    Count,
    "cut: the connection breaks after so many words of the four of an answer, with 0 before the first; hang: nothing more comes after them.",
    0
  ),
  perMinute: field(
    above(0, 1_000_000, "a number above 0"),
    "capped: so many requests a minute are taken, at most a second's worth of them at once; more are refused with 429.",
    defaultPerMinute
  ),
  slots: field(
    Positive,
    "crowded: each target works on so many calls at once; more wait in line there.",
    defaultSlots
  ),
  queue: field(Count, "crowded: so many wait in line at a target; more are refused as overload (503, 529).")
})

const Requests = Schema.Struct({
  model: field(
    Schema.NonEmptyString,
    "A name from the config's models, or provider/model; its first name when nothing is said."
  ),
  perSecond: field(above(0, 10_000, "a number above 0, at most 10000"), "How many come.", 5),
  arrivals: field(
    Schema.Literals(["even", "random"]),
    "Whether they come evenly, or independently of one another (a Poisson process).",
    "even"
  ),
  stream: field(Schema.Boolean, "Whether they ask for streams.", true),
  conversations: field(
    Schema.Struct({
      turns: field(Positive, "How many requests one conversation has.", 10),
      pause: field(Time, "The mean time between two of them.", "30 seconds"),
      grows: field(Count, "By how many tokens the prompt grows with each.", 800)
    }),
    "Requests are turns of conversations; else each stands alone."
  ),
  tokens: field(
    Schema.Struct({
      prompt: field(Count, "In the prompt of the first turn.", 2_000),
      answer: field(Count, "In an answer.", 300)
    }),
    "How long prompts and answers are."
  )
})

const Answers = Schema.Struct({
  firstWord: field(Time, "From a call to its first word.", 600),
  whole: field(Time, "From a call to the end of its answer.", 3_000),
  spread: field(
    Schema.Literals(["even", "exponential"]),
    "How the times of calls differ: each takes up to a fifth more or less, or they are exponentially distributed.",
    "even"
  ),
  reading: field(
    DurationInput,
    "What each thousand tokens of the prompt add that are not in the target's prompt cache.",
    0
  ),
  cacheLasts: field(
    Time,
    "How long a target keeps the prompt of a conversation after its last turn.",
    "5 minutes"
  )
})

/** What a model's tokens cost. */
export const Price = Schema.Struct({
  input: required(Amount, "A million tokens of prompts."),
  output: required(Amount, "A million tokens of answers."),
  cachedInput: field(
    Amount,
    "A million tokens of prompts that were in the cache; as `input` when nothing is said."
  )
})

/** What a model's tokens cost, by `provider/model`; `"*"` for all others. */
export const Prices = Schema.Record(Schema.String, Price)

/** What a model's tokens cost. */
export type Price = typeof Price.Type

/** The whole file. */
export const ScenarioFile = Schema.Struct({
  title: field(Schema.NonEmptyString, "One line for the head of the report."),
  about: field(Schema.NonEmptyString, "What it is to find out."),
  duration: field(Time, "How long requests come.", "5 minutes"),
  seed: field(Schema.Int, "Of all chance: the same seed gives the same report.", 1),
  requests: field(Requests, "Who asks for what."),
  answers: field(Answers, "How quick a provider is that nothing is wrong with."),
  prices: field(Prices, 'What a million tokens cost, by `provider/model`; `"*"` for all others.'),
  faults: required(
    Schema.Array(Fault),
    "What breaks. Of several that cover the same call the first one counts; with a share, the next one has its turn."
  )
})

/** The whole file. */
export type ScenarioFile = typeof ScenarioFile.Type

/** No more requests are simulated at once. */
export const mostRequests = 1_000_000
