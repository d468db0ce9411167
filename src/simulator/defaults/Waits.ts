/** How long a request, or a step of one, may take. */
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { duration, factor } from "./Values.ts"
import { alone, five, minute, second, two } from "./Worlds.ts"

const broken = (fault: "silent" | "hang", stream: boolean): Play => ({
  about:
    fault === "silent"
      ? `the first of two takes ${stream ? "streams" : "requests for whole answers"} for two minutes and answers none`
      : "the first of two begins every stream for two minutes and says nothing more",
  config: two,
  file: {
    duration: stream ? 5 * minute : 20 * minute,
    requests: { perSecond: 2, stream },
    faults: [{ target: "first provider", fault, from: minute, until: 3 * minute }]
  },
  columns: [Columns.met, Columns.longest]
})

const thinking = (firstWord: number, whole: number, stream: boolean): Play => ({
  about: `the only provider takes ${Math.round(firstWord / second)} s to ${stream ? "the first word" : "the answer"}, exponentially distributed`,
  config: { ...alone, policy: { retries: { times: 0 } } },
  file: {
    duration: 20 * minute,
    requests: { perSecond: 0.5, stream },
    answers: { firstWord, whole, spread: "exponential" },
    faults: []
  },
  columns: [Columns.lost]
})

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "timeouts.headers",
    values: duration("30 seconds", (headers) => ({ timeouts: { headers } })),
    plays: [broken("silent", true), thinking(10 * second, 30 * second, true)],
    reading: ""
  },
  {
    name: "timeouts.firstContent",
    values: duration("30 seconds", (firstContent) => ({ timeouts: { firstContent, headers: "60 seconds" } })),
    plays: [broken("hang", true), thinking(10 * second, 30 * second, true)],
    reading: ""
  },
  {
    name: "timeouts.answer",
    values: duration("5 minutes", (answer) => ({ timeouts: { answer } })),
    plays: [broken("silent", false), thinking(minute, minute, false)],
    reading: ""
  },
  {
    name: "maxWait",
    values: duration("3 seconds", (maxWait) => ({ maxWait })),
    plays: [
      {
        about: "the first of two models throttles one call in five and asks to wait two seconds",
        config: two,
        file: {
          duration: 10 * minute,
          requests: { perSecond: 5 },
          faults: [{ target: "first provider", fault: "throttled", share: 0.2, retryAfter: 2 * second }]
        },
        columns: [Columns.first, Columns.p99, Columns.calls]
      },
      {
        about: "the only provider cannot be reached for half a minute",
        config: alone,
        file: {
          duration: 3 * minute,
          requests: { perSecond: 5 },
          faults: [{ target: "every target", fault: "unreachable", from: minute, until: 1.5 * minute }]
        },
        columns: [Columns.lost, Columns.met, Columns.longest]
      }
    ],
    reading: ""
  },
  {
    name: "deadline",
    values: duration("10 minutes", (deadline) => ({ deadline })),
    plays: [
      {
        about: 'nobody can be reached for a quarter of an hour, and requests wait (`whenAllBenched: "wait"`)',
        config: { ...two, policy: { whenAllBenched: "wait" } },
        file: {
          duration: 30 * minute,
          requests: { perSecond: 0.5 },
          faults: [{ target: "every target", fault: "unreachable", from: minute, until: 16 * minute }]
        },
        columns: [Columns.lost, Columns.longest]
      }
    ],
    reading: ""
  },
  {
    name: "fallbackReserve",
    values: factor(0.5, [0.25, 0.5, 1], (fallbackReserve) => ({ fallbackReserve })),
    plays: [
      {
        about: "two of five answer nobody for two minutes; requests have 20 seconds (`deadline`)",
        config: { ...five, policy: { deadline: "20 seconds" } },
        file: {
          duration: 5 * minute,
          requests: { perSecond: 2 },
          faults: [
            { target: "a", fault: "silent", from: minute, until: 3 * minute },
            { target: "b", fault: "silent", from: minute, until: 3 * minute }
          ]
        },
        columns: [Columns.lost, Columns.p95, Columns.longest]
      },
      {
        about: "all five take 12 seconds to the first word; requests have 20 seconds",
        config: { ...five, policy: { deadline: "20 seconds" } },
        file: {
          duration: 5 * minute,
          requests: { perSecond: 2 },
          answers: { firstWord: 12 * second, whole: 15 * second },
          faults: []
        },
        columns: [Columns.lost, Columns.calls]
      }
    ],
    reading: ""
  }
]
