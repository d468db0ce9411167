/** How long what failed stays on the bench, and how soon it comes there. */
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { duration, factor } from "./Values.ts"
import { hour, minute, second, two } from "./Worlds.ts"

const outage = (length: number): Play => ({
  about: `the first of two providers is overloaded for ${length / minute} minutes`,
  config: two,
  file: {
    duration: length + 3 * minute,
    requests: { perSecond: 5 },
    faults: [{ target: "first provider", fault: "overloaded", from: minute, until: length + minute }]
  },
  columns: [Columns.met, Columns.back, Columns.p99]
})

const flapping: Play = {
  about: "the first of two is overloaded for ten seconds of every thirty",
  config: two,
  file: {
    duration: 10 * minute,
    requests: { perSecond: 5 },
    faults: [{ target: "first provider", fault: "overloaded", every: 30 * second, lasts: 10 * second }]
  },
  columns: [Columns.first, Columns.calls, Columns.p99]
}

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "cooldown.transient.base",
    values: duration("5 seconds", (base) => ({ cooldown: { transient: { base } } })),
    plays: [outage(10 * minute), flapping],
    reading: ""
  },
  {
    name: "cooldown.transient.max",
    values: duration("30 seconds", (max) => ({ cooldown: { transient: { max } } })),
    plays: [outage(10 * minute)],
    reading: ""
  },
  {
    name: "threshold.transient",
    values: factor(1, [1, 2, 3], (transient) => ({ threshold: { transient } })),
    plays: [
      {
        about: "the first of two fails one call in ten, without retries",
        config: { ...two, policy: { retries: { times: 0 } } },
        file: {
          duration: 10 * minute,
          requests: { perSecond: 5 },
          faults: [{ target: "first provider", fault: "serverError", share: 0.1 }]
        },
        columns: [Columns.first, Columns.calls, Columns.p99]
      },
      outage(2 * minute)
    ],
    reading: ""
  },
  {
    name: "threshold.unknown",
    values: factor(3, [1, 3, 6], (unknown) => ({ threshold: { unknown } })),
    plays: [
      {
        about: "one answer in ten of the first of two breaks off before its first word",
        config: two,
        file: {
          duration: 10 * minute,
          requests: { perSecond: 5 },
          faults: [{ target: "first provider", fault: "cut", share: 0.1 }]
        },
        columns: [Columns.first, Columns.calls, Columns.p99]
      },
      {
        about: "all of them do for two minutes",
        config: two,
        file: {
          duration: 5 * minute,
          requests: { perSecond: 5 },
          faults: [{ target: "first provider", fault: "cut", from: minute, until: 3 * minute }]
        },
        columns: [Columns.met, Columns.calls]
      }
    ],
    reading: ""
  },
  {
    name: "cooldown.rateLimit.base",
    values: duration("5 seconds", (base) => ({ cooldown: { rateLimit: { base } } })),
    plays: [
      {
        about:
          "the first of two takes four requests a second of eight and refuses the others without naming a wait",
        config: two,
        file: {
          duration: 10 * minute,
          requests: { perSecond: 8, arrivals: "random" },
          faults: [{ target: "first provider", fault: "capped", perMinute: 240 }]
        },
        columns: [Columns.met, Columns.first]
      }
    ],
    reading: ""
  },
  {
    name: "cooldown.rateLimit.max",
    values: duration("5 minutes", (max) => ({ cooldown: { rateLimit: { max } } })),
    plays: [
      {
        about: "the first of two refuses everything with 429 for half an hour",
        config: two,
        file: {
          duration: hour,
          requests: { perSecond: 0.5 },
          faults: [{ target: "first provider", fault: "throttled", from: minute, until: 31 * minute }]
        },
        columns: [Columns.met, Columns.back]
      }
    ],
    reading: ""
  },
  {
    name: "cooldown.authDead.base",
    values: duration("5 minutes", (base) => ({ cooldown: { authDead: { base } } })),
    plays: [
      {
        about: "the first of two is out of credit for twenty minutes",
        config: two,
        file: {
          duration: hour,
          requests: { perSecond: 0.5 },
          faults: [{ target: "first provider", fault: "noCredit", from: minute, until: 21 * minute }]
        },
        columns: [Columns.met, Columns.back]
      }
    ],
    reading: ""
  },
  {
    name: "cooldown.authDead.max",
    values: duration("6 hours", (max) => ({ cooldown: { authDead: { max } } })),
    plays: [
      {
        about: "the first of two is out of credit for two days",
        config: two,
        file: {
          duration: 72 * hour,
          requests: { perSecond: 0.01 },
          faults: [{ target: "first provider", fault: "noCredit", from: hour, until: 49 * hour }]
        },
        columns: [Columns.met, Columns.back]
      }
    ],
    reading: ""
  },
  {
    name: "cooldown.modelMissing.base",
    values: duration("1 hour", (base) => ({ cooldown: { modelMissing: { base } } })),
    plays: [
      {
        about: "the first of two has not the model for half an hour, as after a mistake in a deployment",
        config: two,
        file: {
          duration: 6 * hour,
          requests: { perSecond: 0.1 },
          faults: [{ target: "first provider", fault: "modelGone", from: minute, until: 31 * minute }]
        },
        columns: [Columns.met, Columns.back]
      }
    ],
    reading: ""
  },
  {
    name: "cooldown.modelMissing.max",
    values: duration("24 hours", (max) => ({ cooldown: { modelMissing: { max } } })),
    plays: [
      {
        about: "the first of two has not the model for five days",
        config: two,
        file: {
          duration: 168 * hour,
          requests: { perSecond: 0.005 },
          faults: [{ target: "first provider", fault: "modelGone", from: hour, until: 121 * hour }]
        },
        columns: [Columns.met, Columns.back]
      }
    ],
    reading: ""
  }
]
