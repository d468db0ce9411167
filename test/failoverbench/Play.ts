/** Plays a scenario: asks as the scenario says, and puts down what both ends saw. */
import * as Effect from "effect/Effect"
import { waited } from "../support/waited.ts"
import type { Call, Caller } from "./Caller.ts"
import { type Judged, judge } from "./Judge.ts"
import type { Attempt, Observed, Request } from "./Observed.ts"
import type { Scenario } from "./Scenarios.ts"
import { text, type Wall } from "./Wall.ts"

/** The system under test, as it is reached, and the wall behind it. */
export interface Stage {
  readonly wall: Wall
  readonly caller: Caller
  /** The name by which the system knows a model of the wall. */
  readonly nameOf: (model: string) => string
  /** Does the system take fallbacks? Default yes. */
  readonly hasFallbacks?: boolean
  /** What all published times are multiplied by. */
  readonly scale: number
}

/** What was seen of a scenario, and what the benchmark says to it. */
export interface Played extends Judged {
  readonly seen: Observed
}

/** How long the plain call after a scenario may take, in seconds. */
const aliveWithin = 10

/** What loopback and this process need at most for what takes no time in the rules, in milliseconds. */
const graceMillis = 200

/** A busy machine hangs nobody for longer than this, in milliseconds. */
const hangGraceMillis = 1_500

/** Plays one scenario from a clean record, and judges it. */
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
    // Wall, gateway and caller are in this thread: while it waits for a core, none of them is slow.
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
  // Of a sequence the worst call counts.
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
