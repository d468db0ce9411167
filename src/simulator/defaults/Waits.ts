/** How long a request, or one step of it, may take. */
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { duration, factor } from "./Values.ts"
import { alone, five, minute, second, two } from "./Worlds.ts"

const broken = (fault: "silent" | "hang", stream: boolean): Play => ({
  about:
    fault === "silent"
      ? `the first of two takes ${stream ? "streams" : "requests for whole answers"} for two minutes and answers none`
      : "the first of two begins every stream for two minutes and sends nothing more",
  config: two,
  files: [
    {
      duration: stream ? 5 * minute : 20 * minute,
      requests: { perSecond: 2, stream },
      faults: [{ target: "first provider", fault, from: minute, until: 3 * minute }]
    }
  ],
  columns: [Columns.met, Columns.longest]
})

const thinking = (firstWord: number, whole: number, stream: boolean): Play => ({
  about: `the only provider takes ${Math.round(firstWord / second)} s to ${stream ? "the first word" : "the answer"}, exponentially distributed`,
  config: { ...alone, policy: { retries: { times: 0 } } },
  files: [
    {
      duration: 20 * minute,
      requests: { perSecond: 0.5, stream },
      answers: { firstWord, whole, spread: "exponential" },
      faults: []
    }
  ],
  columns: [Columns.lost]
})

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "timeouts.headers",
    values: duration("30 seconds", (headers) => ({ timeouts: { headers, firstContent: "2 minutes" } })),
    plays: [broken("silent", true), thinking(10 * second, 30 * second, true)],
    reading:
      "Good: half of it cuts off one answer in four of a model that takes ten seconds on average, and with twice that callers of a dead model wait a minute."
  },
  {
    name: "timeouts.firstContent",
    values: duration("30 seconds", (firstContent) => ({ timeouts: { firstContent, headers: "2 minutes" } })),
    plays: [broken("hang", true), thinking(10 * second, 30 * second, true)],
    reading:
      "Good, for the same reason; set a longer one for a single model that thinks longer before its first word."
  },
  {
    name: "timeouts.answer",
    values: duration("5 minutes", (answer) => ({ timeouts: { answer } })),
    plays: [broken("silent", false), thinking(minute, minute, false)],
    reading:
      "Good for models that take a minute: half of it loses 8 % of their answers. No value helps the requests that wait for a dead model, because all of them are in flight before the first one times out."
  },
  {
    name: "maxWait",
    values: duration("3 seconds", (maxWait) => ({ maxWait })),
    plays: [
      {
        about: "the first of two models throttles one call in five and names a wait of two seconds",
        config: two,
        files: [
          {
            duration: 10 * minute,
            requests: { perSecond: 5 },
            faults: [{ target: "first provider", fault: "throttled", share: 0.2, retryAfter: 2 * second }]
          }
        ],
        columns: [Columns.first, Columns.p99, Columns.calls]
      },
      {
        about: "the only provider throttles one call in twenty and names a wait of two seconds",
        config: alone,
        files: [
          {
            duration: 10 * minute,
            requests: { perSecond: 1 },
            faults: [{ target: "every target", fault: "throttled", share: 0.05, retryAfter: 2 * second }]
          }
        ],
        columns: [Columns.lost, Columns.calls, Columns.p99]
      }
    ],
    reading:
      "Good: half of it loses requests if the only provider names a wait of two seconds; with a fallback only the few throttled requests wait, and 1 % more are answered by the first model."
  },
  {
    name: "deadline",
    values: duration("10 minutes", (deadline) => ({ deadline })),
    plays: [
      {
        about:
          'no target can be reached for a quarter of an hour, and requests wait (`whenAllBenched: "wait"`)',
        config: { ...two, policy: { whenAllBenched: "wait" } },
        files: [
          {
            duration: 30 * minute,
            requests: { perSecond: 0.5 },
            faults: [{ target: "every target", fault: "unreachable", from: minute, until: 16 * minute }]
          }
        ],
        columns: [Columns.lost, Columns.longest]
      }
    ],
    reading:
      "Good: it only limits how long a batch may wait (`wait`); twice that is longer than most outages, and no client waits that long."
  },
  {
    name: "fallbackReserve",
    values: factor(0.5, [0.25, 0.5, 1], (fallbackReserve) => ({ fallbackReserve })),
    plays: [
      {
        about: "two of five do not answer for two minutes; requests have 20 seconds (`deadline`)",
        config: { ...five, policy: { deadline: "20 seconds" } },
        files: [
          {
            duration: 5 * minute,
            requests: { perSecond: 2 },
            faults: [
              { target: "a", fault: "silent", from: minute, until: 3 * minute },
              { target: "b", fault: "silent", from: minute, until: 3 * minute }
            ]
          }
        ],
        columns: [Columns.lost, Columns.p95, Columns.longest]
      },
      {
        about: "all five take 12 seconds to the first word; requests have 20 seconds",
        config: { ...five, policy: { deadline: "20 seconds" } },
        files: [
          {
            duration: 5 * minute,
            requests: { perSecond: 2 },
            answers: { firstWord: 12 * second, whole: 15 * second },
            faults: []
          }
        ],
        columns: [Columns.lost, Columns.calls]
      }
    ],
    reading:
      "Good against targets that hang: with half of it the slow requests wait 4 s longer. A deadline shorter than twice the time to the first word is too short for any share: with 1 a visit has two seconds as soon as another target can be called, and a request calls three targets."
  }
]
