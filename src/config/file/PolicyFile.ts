/** The schema of a policy in the config file. */
import * as Schema from "effect/Schema"
import { type FailureClass, failureClasses } from "../../failure/Failure.ts"
import { presetNames } from "../../policy/Presets.ts"
import {
  Amount,
  Count,
  Decrease,
  DelayOrPercentile,
  DurationInput,
  field,
  Period,
  Positive,
  PositiveDuration,
  Share
} from "./Field.ts"

const cooldown = (what: string, base: string, max: string) =>
  field(
    Schema.Struct({
      base: field(DurationInput, "The first cooldown; it doubles with each bench in a row.", base),
      max: field(DurationInput, "The longest cooldown.", max)
    }),
    what
  )

const retries = {
  times: field(Count, "Retries of the same target, not counting the first attempt.", 2),
  backoff: field(
    Schema.NonEmptyArray(DurationInput),
    "The longest wait before the first retry, the second, and so on; the last one repeats.",
    ["500 millis", "2 seconds"]
  )
}

const Retries = Schema.Struct(retries).annotate({ identifier: "Retries" })

const Rest = Schema.Struct({
  scope: field(Schema.Literals(["target", "credential", "model", "provider"]), "What is benched."),
  threshold: field(Positive, "Consecutive exhausted visits before it is benched."),
  base: field(DurationInput, "The first cooldown; it doubles with each bench in a row."),
  max: field(DurationInput, "The longest cooldown.")
})

const Rule = Schema.Struct({
  retry: field(
    Schema.Union([Schema.Literals(["never", "afterWait", "withoutOutputLimit"]), Retries]),
    "Whether the same target is retried: never, once after the wait that it requested, once without its output limit (max_tokens), or by retries."
  ),
  rest: field(Schema.NullOr(Rest), "What is benched and for how long; null for no bench."),
  next: field(
    Schema.Literals(["credential", "endpoint", "model", "stop"]),
    "Where the run continues: the next credential, one at another base URL, the next model, or nowhere."
  )
}).annotate({ identifier: "Rule" })

const rules = Object.fromEntries(
  failureClasses.map((name) => [name, field(Rule, `The row of the decision table for ${name}.`)])
) as { readonly [C in FailureClass]: Schema.optionalKey<typeof Rule> }

const fields = {
  preset: field(Schema.Literals(presetNames), "A complete behaviour by name; the other fields override it."),
  maxWait: field(
    DurationInput,
    "The longest wait for the same target if the alternative is another model.",
    "3 seconds"
  ),
  deadline: field(PositiveDuration, "For the whole request, including retries and fallbacks.", "10 minutes"),
  attempts: field(
    Positive,
    "The attempt budget: one more than the retries of a request. The first attempt at each further target does not count.",
    8
  ),
  targets: field(Positive, "The most targets that a request tries. Default: its whole chain."),
  fallbackReserve: field(
    Share,
    "The share of the time left that is kept for targets that have not been tried.",
    0.5
  ),
  whenAllBenched: field(
    Schema.Literals(["tryAnyway", "wait", "fail"]),
    "If all targets are benched: try the one with the shortest remaining cooldown anyway, wait for it, or fail.",
    "tryAnyway"
  ),
  commit: field(
    Schema.Union([Schema.Literals(["firstContent", "complete"]), Schema.Struct({ chunks: Positive })]),
    "The commit point of a stream: its first content, a number of chunks, or the whole answer.",
    "firstContent"
  ),
  timeouts: field(
    Schema.Struct({
      connect: field(PositiveDuration, "To connect.", "5 seconds"),
      headers: field(PositiveDuration, "Streams: to the status and the headers.", "30 seconds"),
      firstContent: field(
        PositiveDuration,
        "Streams: from the start of the attempt to the first content.",
        "30 seconds"
      ),
      queue: field(
        DurationInput,
        "Streams: the same while pings or comments of the server show that the request is queued; each of them restarts the timeout of the first content.",
        "2 minutes"
      ),
      idle: field(PositiveDuration, "Streams: between two chunks.", "30 seconds"),
      answer: field(PositiveDuration, "Whole answers.", "5 minutes")
    }),
    "Timeouts of the steps of an attempt."
  ),
  malformedEvents: field(
    Schema.Literals(["fail", "drop"]),
    "An event of a stream that is not JSON ends the stream, or is dropped and counted.",
    "fail"
  ),
  ejection: field(
    Schema.Union([
      Schema.Literal(false),
      Schema.Struct({
        window: field(PositiveDuration, "The length of the sliding window.", "30 seconds"),
        attempts: field(Positive, "The fewest attempts in the window that count.", 20),
        share: field(Share, "A larger share of failed attempts is too much.", 0.5),
        above: field(Share, "So is one that is larger than the median of the others by more than this.", 0.2),
        mostOut: field(
          Share,
          "The largest share of a tier that may be ejected at once, rounded down to whole targets.",
          0.5
        )
      })
    ]),
    "When one of several equals is ejected (benched) because too many of its attempts fail, although retries hide them; false for never."
  ),
  learnedLimit: field(
    Schema.Union([
      Schema.Boolean,
      Schema.Struct({
        decrease: field(Decrease, "The share that a refusal takes off a limit.", 0.05),
        period: field(Period, "The most answers that it takes to get back what a refusal took off.", 128),
        memory: field(
          PositiveDuration,
          "A limit that no request has reached for this long is dropped.",
          "10 minutes"
        )
      })
    ]),
    "Whether, and how, the limits of a target are learned from its refusals: how many requests it accepts at once or in a time. A target at such a limit is skipped, or waited for if it is the last one. Default: false."
  ),
  hedge: field(
    Schema.Union([
      Schema.Literal(false),
      Schema.Struct({
        after: field(
          DelayOrPercentile,
          "How long the attempt may take until its first content, or without a stream until its answer.",
          "p95"
        ),
        otherwise: field(
          PositiveDuration,
          "The same while fewer than 20 of the target's times are known. Default: no hedge until then."
        ),
        share: field(Share, "The share of requests that may be hedged in the long run.", 0.05),
        to: field(
          Schema.Literals(["tier", "chain"]),
          'The second target: the next one of the same tier, or with "chain" also the next model.',
          "tier"
        )
      })
    ]),
    "When a request that takes long is sent to the next target as well; the first content wins. Default: never."
  ),
  retries: field(Retries, "How often and when the same target is retried after a transient failure."),
  threshold: field(
    Schema.Struct({
      transient: field(Positive, "After transient failures.", 1),
      unknown: field(Positive, "After unknown failures.", 3)
    }),
    "Consecutive exhausted visits before a target is benched."
  ),
  cooldown: field(
    Schema.Struct({
      transient: cooldown("After transient failures.", "5 seconds", "15 seconds"),
      rateLimit: cooldown("After rate limits without a retry-after.", "5 seconds", "300 seconds"),
      authDead: cooldown("After a key was rejected or ran out of credit.", "5 minutes", "6 hours"),
      modelMissing: cooldown("After a model was not found.", "1 hour", "24 hours")
    }),
    "The cooldowns after failures."
  ),
  rules: field(Schema.Struct(rules), "Single rows of the decision table, by failure class.")
}

/** A policy: global, of a provider, a model or a chain. */
export const Policy = Schema.Struct(fields).annotate({ identifier: "Policy" })

/** The global policy, which also has the retry budget of the process. */
export const GlobalPolicy = Schema.Struct({
  ...fields,
  retries: field(
    Schema.Struct({
      ...retries,
      budget: field(
        Amount,
        "The retry budget: retries per request of the whole process, in the long run.",
        0.2
      )
    }),
    "How often and when the same target is retried after a transient failure."
  )
})
