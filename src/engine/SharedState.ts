/** The state that the runtimes of a process share: budgets, turns, limits, signals and wait queues. */
import { Repeats } from "../callers/Repeats.ts"
import { Room } from "../candidates/queue/Room.ts"
import { WaitQueues } from "../candidates/queue/WaitQueues.ts"
import { SignalsOf } from "../choice/Signals.ts"
import { AnswersBetween } from "../health/AnswersBetween.ts"
import * as Bench from "../health/Bench.ts"
import { CredentialLimits } from "../health/CredentialLimits.ts"
import { CutOffs } from "../health/CutOffs.ts"
import type * as EngineBench from "../health/EngineBench.ts"
import { FailureStreaks } from "../health/FailureStreaks.ts"
import { type Limiter, memory } from "../health/Limiter.ts"
import { MixedResults } from "../health/MixedResults.ts"
import { RetryBudget } from "../health/RetryBudget.ts"
import type { Shared } from "./run/RunOptions.ts"

/** Retries per request that a process may make in the long run, by default (as in Finagle). */
export const defaultRetryBudget = 0.2

/**
 * The state that is kept when one runtime replaces another: the retry budget, the turns of strategies, the credentials' own
 * limits, and the wait queues of each bench.
 */
export interface SharedState
  extends Pick<
    Shared,
    "budget" | "turns" | "limits" | "streaks" | "answers" | "mixed" | "cutOffs" | "repeats" | "signals"
  > {
  readonly waiting: WeakMap<EngineBench.EngineBench, Waiting>
}

/** Makes the state of a first runtime. */
export const makeSharedState = (limiter: Limiter = memory()): SharedState => {
  const answers = new AnswersBetween()
  return {
    budget: new RetryBudget(defaultRetryBudget),
    turns: new Map(),
    signals: new SignalsOf(),
    streaks: new FailureStreaks(),
    answers,
    mixed: new MixedResults(answers),
    cutOffs: new CutOffs(),
    repeats: new Repeats(),
    limits: new CredentialLimits(limiter),
    waiting: new WeakMap()
  }
}

/** The wait queues of one bench, and the room at targets with learned limits. */
interface Waiting {
  readonly queues: WaitQueues
  readonly room: Room
}

/** The wait queues of a bench. All its runtimes use the same ones, so a reload changes no request's place. */
export const waitingOf = (state: SharedState, bench: EngineBench.EngineBench): Waiting => {
  const known = state.waiting.get(bench)
  if (known !== undefined) return known
  const room = new Room(state.signals)
  const queues = new WaitQueues(
    (target, now, who) =>
      Bench.weightier(
        Bench.peek(bench.stateUnsafe(), target, now, false, who),
        state.limits.why(target, now)
      ),
    room,
    (target) => state.cutOffs.usualOf(target)
  )
  const made = { queues, room }
  state.waiting.set(bench, made)
  return made
}
