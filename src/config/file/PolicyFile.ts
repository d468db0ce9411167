/** The shape of a policy in the config file. */
import * as Schema from "effect/Schema"
import { type FailureClass, failureClasses } from "../../failure/Failure.ts"
import { presetNames } from "../../policy/Presets.ts"
import { Amount, Count, DurationInput, field, Positive, PositiveDuration, Share } from "./Field.ts"

const cooldown = (what: string, base: string, max: string) =>
  field(
    Schema.Struct({
      base: field(DurationInput, "The first rest; it doubles with each one in a row.", base),
      max: field(DurationInput, "The longest rest.", max)
    }),
    what
  )

const retries = {
  times: field(Count, "Retries of the same target, the first attempt not counted.", 2),
  backoff: field(
    Schema.NonEmptyArray(DurationInput),
    "The longest wait before the first retry, before the second, and so on; the last one goes on.",
    ["500 millis", "2 seconds"]
  )
}

const Retries = Schema.Struct(retries).annotate({ identifier: "Retries" })

const Rest = Schema.Struct({
  scope: field(Schema.Literals(["target", "credential", "model", "provider"]), "What rests."),
  threshold: field(Positive, "Exhausted visits in a row before it rests."),
  base: field(DurationInput, "The first rest; it doubles with each one in a row."),
  max: field(DurationInput, "The longest rest.")
})

const Rule = Schema.Struct({
  retry: field(
    Schema.Union([Schema.Literals(["never", "afterWait", "withoutTokenCap"]), Retries]),
    "Whether the same target is asked again: never, once after the wait that it named, once without the token cap, or by retries."
  ),
  rest: field(Schema.NullOr(Rest), "What rests then and for how long; null for no rest."),
  next: field(
    Schema.Literals(["credential", "endpoint", "model", "stop"]),
    "Where it goes on: the next credential, one at another base URL, the next model, or nowhere."
  )
}).annotate({ identifier: "Rule" })

const rules = Object.fromEntries(
  failureClasses.map((name) => [name, field(Rule, `The row of the decision table for ${name}.`)])
) as { readonly [C in FailureClass]: Schema.optionalKey<typeof Rule> }

const fields = {
  preset: field(
    Schema.Literals(presetNames),
    "A whole behaviour by its name; what stands beside it is laid over it."
  ),
  maxWait: field(
    DurationInput,
    "The longest wait for the same target when leaving it would change the model.",
    "3 seconds"
  ),
  deadline: field(PositiveDuration, "For the whole request, retries and fallbacks included.", "10 minutes"),
  attempts: field(
    Positive,
    "One more than how often a request may ask targets again. The first attempt at each further target is not counted.",
    8
  ),
  targets: field(Positive, "The most targets a request asks. Without it: all of its chain."),
  fallbackReserve: field(
    Share,
    "The share of the time left that is kept for targets that have not been tried.",
    0.5
  ),
  whenAllBenched: field(
    Schema.Literals(["tryAnyway", "wait", "fail"]),
    "When everything rests: try what rests least long anyway, wait for it, or fail.",
    "tryAnyway"
  ),
  commit: field(
    Schema.Union([Schema.Literals(["firstContent", "complete"]), Schema.Struct({ chunks: Positive })]),
    "From when on a stream belongs to its target: its first content, so many chunks, or the whole answer.",
    "firstContent"
  ),
  timeouts: field(
    Schema.Struct({
      connect: field(PositiveDuration, "Until there is a connection.", "5 seconds"),
      headers: field(PositiveDuration, "Streams: until the status and the headers.", "30 seconds"),
      firstContent: field(
        PositiveDuration,
        "Streams: from the start of the attempt to the first content.",
        "30 seconds"
      ),
      queue: field(
        DurationInput,
        "Streams: the same for a server that shows by pings or comments that the request waits there; each of them begins the wait for the first content anew.",
        "2 minutes"
      ),
      idle: field(PositiveDuration, "Streams: between two chunks.", "30 seconds"),
      answer: field(PositiveDuration, "Whole answers.", "5 minutes")
    }),
    "How long each step of an attempt may take."
  ),
  malformedEvents: field(
    Schema.Literals(["fail", "drop"]),
    "An event of a stream that is no JSON ends the stream, or is dropped and counted.",
    "fail"
  ),
  ejection: field(
    Schema.Union([
      Schema.Literal(false),
      Schema.Struct({
        window: field(DurationInput, "The length of the sliding window.", "30 seconds"),
        attempts: field(Positive, "Fewer attempts in the window say nothing.", 20),
        share: field(Share, "A larger share of failed attempts is too much.", 0.5),
        above: field(Share, "So is one that is larger than the median of the others by more than this.", 0.2),
        mostOut: field(
          Share,
          "The largest share of a tier that may be out at once, rounded down to whole targets.",
          0.5
        )
      })
    ]),
    "When one of several targets that count as the same is benched because too many of its attempts fail, although retries hide them; false for never."
  ),
  retries: field(Retries, "How often and when the same target is asked again after a fault."),
  threshold: field(
    Schema.Struct({
      transient: field(Positive, "After faults.", 1),
      unknown: field(Positive, "After what nobody can place.", 3)
    }),
    "Exhausted visits in a row before a target rests."
  ),
  cooldown: field(
    Schema.Struct({
      transient: cooldown("After faults.", "5 seconds", "30 seconds"),
      rateLimit: cooldown("After throttling without a wait that was named.", "5 seconds", "300 seconds"),
      authDead: cooldown("After a key was refused or ran out of money.", "5 minutes", "6 hours"),
      modelMissing: cooldown("After a model was not there.", "1 hour", "24 hours")
    }),
    "How long what failed rests."
  ),
  rules: field(Schema.Struct(rules), "Single rows of the decision table, by failure class.")
}

/** What may be said of a policy, of everything, a provider, a model or a chain. */
export const Policy = Schema.Struct(fields).annotate({ identifier: "Policy" })

/** The policy of everything, which also has the retry budget of the process. */
export const GlobalPolicy = Schema.Struct({
  ...fields,
  retries: field(
    Schema.Struct({
      ...retries,
      budget: field(Amount, "Retries per request that the whole process may make in the long run.", 0.2)
    }),
    "How often and when the same target is asked again after a fault."
  )
})
