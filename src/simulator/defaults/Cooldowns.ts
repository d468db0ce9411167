/** How long a failed target is benched, and after how many failures. */
import type { Options } from "../../policy/Policy.ts"
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { duration, factor } from "./Values.ts"
import { alone, hour, minute, outages, second, share, two } from "./Worlds.ts"

const outage: Play = {
  about:
    "the first of two providers is overloaded for about ten minutes (seven outages of different lengths)",
  config: two,
  files: outages("overloaded", { length: 10 * minute, step: 17 * second, after: 2 * minute, perSecond: 2 }),
  columns: [Columns.met, Columns.back]
}

const flapping: Play = {
  about: "the first of two is overloaded for ten seconds of every thirty",
  config: two,
  files: [
    {
      duration: 10 * minute,
      requests: { perSecond: 5 },
      faults: [{ target: "first provider", fault: "overloaded", every: 30 * second, lasts: 10 * second }]
    }
  ],
  columns: [Columns.first, Columns.calls, Columns.p99]
}

/** The experiment for a cooldown: its value as in the config, and the outages that show its effect. */
const cooldown = (
  name: string,
  value: string,
  policy: (millis: number) => NonNullable<Options["cooldown"]>,
  plays: ReadonlyArray<Play>,
  reading: string
): Experiment => ({
  name: `cooldown.${name}`,
  values: duration(value, (millis) => ({ cooldown: policy(millis) })),
  plays,
  reading
})

const long = (
  about: string,
  fault: Parameters<typeof outages>[0],
  times: Parameters<typeof outages>[1]
): ReadonlyArray<Play> => [
  { about, config: two, files: outages(fault, times), columns: [Columns.met, Columns.back] }
]

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "threshold.transient",
    values: factor(1, [1, 2, 3], (transient) => ({ threshold: { transient } })),
    plays: [
      { ...outage, columns: [Columns.met, Columns.p99] },
      {
        about: "the first of two fails one call in ten",
        config: two,
        files: [share("first provider", "serverError", 0.1, 5)],
        columns: [Columns.first, Columns.p99]
      },
      {
        about: "the only provider fails three calls in ten",
        config: alone,
        files: [share("every target", "serverError", 0.3, 5)],
        columns: [Columns.lost, Columns.calls]
      }
    ],
    reading:
      "Good: 2 and 3 call a dead target more often and keep a flaky one in service no better, because one visit between whose failures the target answered others does not bench it."
  },
  {
    name: "threshold.unknown",
    values: factor(3, [1, 3, 6], (unknown) => ({ threshold: { unknown } })),
    plays: [
      {
        about: "one answer in ten of the first of two breaks off before its first word",
        config: { ...two, policy: { retries: { times: 0 } } },
        files: [share("first provider", "cut", 0.1, 5)],
        columns: [Columns.first, Columns.calls]
      },
      {
        about: "all of them do for two minutes",
        config: two,
        files: [
          {
            duration: 5 * minute,
            requests: { perSecond: 5 },
            faults: [{ target: "first provider", fault: "cut", from: minute, until: 3 * minute }]
          }
        ],
        columns: [Columns.met, Columns.p99]
      }
    ],
    reading:
      "Good: 1 benches a target for what single requests may have provoked, and with 6 a broken target costs more calls and a second more."
  },
  cooldown(
    "transient.base",
    "5 seconds",
    (base) => ({ transient: { base } }),
    [flapping, outage],
    "Has little effect: how much of a flapping provider is used depends on the phase of its faults, and after a long outage the longest cooldown decides."
  ),
  cooldown(
    "transient.max",
    "15 seconds",
    (max) => ({ transient: { max } }),
    [outage],
    "A target is found again within 15 s. With 30 s it took up to 28 s, for about two calls fewer in a minute of outage."
  ),
  cooldown(
    "rateLimit.base",
    "5 seconds",
    (base) => ({ rateLimit: { base } }),
    [
      {
        about:
          "the first of two accepts four of eight requests a second and refuses the others without naming a wait",
        config: two,
        files: [
          {
            duration: 10 * minute,
            requests: { perSecond: 8, arrivals: "random" },
            faults: [{ target: "first provider", fault: "capped", perMinute: 240 }]
          }
        ],
        columns: [Columns.met, Columns.first]
      }
    ],
    "**No value is good.** With a limit that no error names, the target gives 1 % of the answers where it could give 50 %: a cooldown cannot find a rate, a learned limit can."
  ),
  cooldown(
    "rateLimit.max",
    "5 minutes",
    (max) => ({ rateLimit: { max } }),
    long("the first of two refuses everything with 429 for about half an hour", "throttled", {
      length: 30 * minute,
      step: 77 * second,
      after: 15 * minute,
      perSecond: 0.5
    }),
    "Good: half of it makes half as many calls again, and with twice that a recovered key is unused for up to ten minutes."
  ),
  cooldown(
    "authDead.base",
    "5 minutes",
    (base) => ({ authDead: { base } }),
    long("the first of two is out of credit for about twenty minutes", "noCredit", {
      length: 20 * minute,
      step: 97 * second,
      after: hour,
      perSecond: 0.2
    }),
    "Has little effect: the cooldown doubles, so after twenty minutes all three are of similar length; a short one makes one call more."
  ),
  cooldown(
    "authDead.max",
    "6 hours",
    (max) => ({ authDead: { max } }),
    long("the first of two is out of credit for about two days", "noCredit", {
      length: 48 * hour,
      step: 53 * minute,
      after: 14 * hour,
      perSecond: 0.01
    }),
    "Good: a topped-up account is found within six hours, for three calls more than with twelve; an operator can unbench it sooner."
  ),
  cooldown(
    "modelMissing.base",
    "1 hour",
    (base) => ({ modelMissing: { base } }),
    long(
      "the first of two does not have the model for about half an hour, as after a mistake in a deployment",
      "modelGone",
      {
        length: 20 * minute,
        step: 3 * minute,
        after: 5 * hour,
        perSecond: 0.02
      }
    ),
    "Good: half of it finds the model sooner only if the mistake is corrected within half an hour; later the cooldowns are of similar length."
  ),
  cooldown(
    "modelMissing.max",
    "24 hours",
    (max) => ({ modelMissing: { max } }),
    long("the first of two does not have the model for about five days", "modelGone", {
      length: 120 * hour,
      step: 211 * minute,
      after: 52 * hour,
      perSecond: 0.003
    }),
    "Good: one call a day costs nothing, and with twice that a model is unused for almost two days after it is back."
  )
]
