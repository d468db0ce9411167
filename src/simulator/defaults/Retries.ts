/** How often the same target is asked again, when, and by how many requests at once. */
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { factor } from "./Values.ts"
import { alone, five, minute, second } from "./Worlds.ts"

const errors: Play = {
  about: "the only provider fails three calls in ten",
  config: alone,
  file: {
    duration: 10 * minute,
    requests: { perSecond: 5 },
    faults: [{ target: "every target", fault: "serverError", share: 0.3 }]
  },
  columns: [Columns.lost, Columns.calls, Columns.p99]
}

const blips: Play = {
  about: "the only provider is overloaded for one second of every twenty",
  config: alone,
  file: {
    duration: 10 * minute,
    requests: { perSecond: 5 },
    faults: [{ target: "every target", fault: "overloaded", every: 20 * second, lasts: second }]
  },
  columns: [Columns.lost, Columns.p99]
}

const outage: Play = {
  about: "it is overloaded for three minutes, at 20 requests a second",
  config: alone,
  file: {
    duration: 5 * minute,
    requests: { perSecond: 20 },
    faults: [{ target: "every target", fault: "overloaded", from: minute, until: 4 * minute }]
  },
  columns: [Columns.met, Columns.back]
}

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "retries.times",
    values: factor(2, [1, 2, 4], (times) => ({ retries: { times } })),
    plays: [errors, outage],
    reading: ""
  },
  {
    name: "retries.backoff",
    values: [
      { label: "250 ms, 1 s", policy: { retries: { backoff: [250, 1_000] } } },
      { label: "500 ms, 2 s (default)", policy: { retries: { backoff: [500, 2_000] } } },
      { label: "1 s, 4 s", policy: { retries: { backoff: [1_000, 4_000] } } }
    ],
    plays: [blips, errors],
    reading: ""
  },
  {
    name: "retries.budget",
    values: [
      { label: "0.1", retryBudget: 0.1 },
      { label: "0.2 (default)", retryBudget: 0.2 },
      { label: "0.4", retryBudget: 0.4 }
    ],
    plays: [
      {
        ...errors,
        about: "the only provider fails three calls in ten, at 20 requests a second",
        file: { ...errors.file, duration: 5 * minute, requests: { perSecond: 20 } }
      },
      outage
    ],
    reading: ""
  },
  {
    name: "attempts",
    values: factor(8, [4, 8, 16], (attempts) => ({ attempts })),
    plays: [
      {
        about: "five providers that each fail six calls in ten",
        config: five,
        file: {
          duration: 10 * minute,
          requests: { perSecond: 2 },
          faults: [{ target: "every target", fault: "serverError", share: 0.6 }]
        },
        columns: [Columns.lost, Columns.calls, Columns.p99]
      }
    ],
    reading: ""
  }
]
