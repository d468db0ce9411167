/** How often and when a target is retried, and by how many requests at once. */
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { factor } from "./Values.ts"
import { alone, five, minute, outages, second, share, two } from "./Worlds.ts"

const errors: Play = {
  about: "the only provider fails three calls in ten",
  config: alone,
  files: [share("every target", "serverError", 0.3, 5)],
  columns: [Columns.lost, Columns.calls, Columns.p99]
}

const blips: Play = {
  about: "the only provider is overloaded for one second of every twenty",
  config: alone,
  files: [
    {
      duration: 10 * minute,
      requests: { perSecond: 5 },
      faults: [{ target: "every target", fault: "overloaded", every: 20 * second, lasts: second }]
    }
  ],
  columns: [Columns.lost, Columns.p99]
}

const outage: Play = {
  about: "the first of two is overloaded for about three minutes (seven outages of different lengths)",
  config: two,
  files: outages("overloaded", { length: 3 * minute, step: 7 * second, after: minute, perSecond: 5 }),
  columns: [Columns.met, Columns.longest]
}

const crowd: Play = {
  about: "five providers fail half of their calls, at 20 requests a second",
  config: five,
  files: [{ ...share("every target", "serverError", 0.5, 20), duration: 3 * minute }],
  columns: [Columns.lost, Columns.calls, Columns.p99]
}

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "retries.times",
    values: factor(2, [1, 2, 4], (times) => ({ retries: { times } })),
    plays: [errors, outage],
    reading:
      "Good: one retry loses four times as many requests without another provider, and with four a caller waits two seconds longer for what another provider answers at once."
  },
  {
    name: "retries.backoff",
    values: [
      { label: "250 ms, 1 s", policy: { retries: { backoff: [250, 1_000] } } },
      { label: "500 ms, 2 s (default)", policy: { retries: { backoff: [500, 2_000] } } },
      { label: "1 s, 4 s", policy: { retries: { backoff: [1_000, 4_000] } } }
    ],
    plays: [blips, errors],
    reading:
      "Good: half of it ends before short overloads do, and with twice that callers wait longer than most overloads last."
  },
  {
    name: "retries.budget",
    values: [
      { label: "0.1", retryBudget: 0.1 },
      { label: "0.2 (default)", retryBudget: 0.2 },
      { label: "0.4", retryBudget: 0.4 }
    ],
    plays: [crowd],
    reading:
      "Good: twice that gives no more answers; without a retry, requests move to the next target sooner."
  },
  {
    name: "attempts",
    values: factor(8, [4, 8, 16], (attempts) => ({ attempts })),
    plays: [
      {
        about: "five providers that each fail six calls in ten",
        config: five,
        files: [
          {
            duration: 10 * minute,
            requests: { perSecond: 2 },
            faults: [{ target: "every target", fault: "serverError", share: 0.6 }]
          }
        ],
        columns: [Columns.lost, Columns.calls, Columns.p99]
      }
    ],
    reading: "Good: half of it loses six times as many requests, and twice that saves hardly any."
  }
]
