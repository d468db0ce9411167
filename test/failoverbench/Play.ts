/** Plays a scenario: sends its requests, and records what both ends observed. */
import * as Effect from "effect/Effect"
import { waited } from "../support/waited.ts"
import type { Call, Caller } from "./Caller.ts"
import { type Judged, judge } from "./Judge.ts"
import type { Attempt, Observed, Request } from "./Observed.ts"
import type { Scenario } from "./Scenarios.ts"
import { text, type Wall } from "./Wall.ts"

/** The system under test, how it is called, and the wall behind it. */
export interface Stage {
  readonly wall: Wall
  readonly caller: Caller
  /** The system's name for a model of the wall. */
  readonly nameOf: (model: string) => string
  /** Whether the system supports fallbacks. Default: yes. */
  readonly hasFallbacks?: boolean
  /** The factor of all published times. */
  readonly scale: number
}

/** The observation of a scenario, and the benchmark's verdict. */
export interface Played extends Judged {
  readonly seen: Observed
}

/** How long the plain call after a scenario may take, in seconds. */
const aliveWithin = 10

/** The most time that loopback and this process take for steps that the rules count as immediate, in milliseconds. */
const graceMillis = 200

/** The longest delay that a busy machine adds, in milliseconds. A longer one is a hang. */
const hangGraceMillis = 1_500

/** Clears the record, plays one scenario and judges it. */
export const play = Effect.fnUntraced(function* (scenario: Scenario, stage: Stage): Effect.fn.Return<Played> {
  const { hasFallbacks = true, nameOf, scale, wall } = stage
  const grace = scale < 1 ? graceMillis / scale / 1000 : 0
  const seconds = (millis: number) => millis / scale / 1000
  const ask = (model: string, fallbacks: ReadonlyArray<string>, stream: boolean, within: number) =>
    stage.caller({
      model: nameOf(model),
      fallbacks: hasFallbacks ? fallbacks.map(nameOf) : [],
      stream,
      maxWait: within * scale * 1000 + (scale < 1 ? hangGraceMillis : 0)
    })
  const askPrimary = ask(scenario.model, [scenario.fallback], true, scenario.seconds)

  wall.reset()
  const waitedBefore = waited()
  const calls: Array<Call> = []
  const requests: Array<Request> = []
  const { count, every } = scenario.sequence ?? { count: 1, every: 0 }
  for (let i = 0; i < count; i++) {
    yield* Effect.sleep(Math.max(0, i * every * scale * 1000 - wall.now()))
    const at = seconds(wall.now())
    const before = waited()
    const call = yield* askPrimary
    // Wall, gateway and caller share this thread. While it waits for a core, none of them is slow.
    calls.push({ ...call, elapsed: call.elapsed - (waited() - before) })
    requests.push({ at, outcome: call.outcome, isWhole: call.text === text })
  }
  const elapsed = wall.now() - (waited() - waitedBefore)
  const attempts = wall.attempts()
  const afterwards = yield* ask("fb-ok", [], false, aliveWithin)

  const at = (model: string): ReadonlyArray<Attempt> =>
    attempts
      .filter((attempt) => attempt.model === model)
      .map(({ answer, at, size }) => ({ answer, size, at: seconds(at) }))
  // The worst call of a sequence counts.
  const call =
    calls.find(({ outcome }) => outcome === "hang") ??
    calls.find(({ outcome }) => outcome === "error") ??
    calls.at(-1)!
  const seen: Observed = {
    ...call,
    isWhole: requests.every(({ isWhole }) => isWhole),
    seconds: seconds(scenario.sequence === undefined ? call.elapsed : elapsed),
    primary: at(scenario.model),
    fallback: at(scenario.fallback),
    isAlive: afterwards.outcome === "answer" && afterwards.text === text,
    grace,
    requests
  }
  return { ...judge(scenario, seen, hasFallbacks), seen }
})
