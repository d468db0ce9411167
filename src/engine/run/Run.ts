/**
 * A run: one request on its way through the chain. It finds a target, makes an attempt, decides about a failure, and finds the
 * next target.
 *
 * While attempts end in the turn in which they begin, a run is a plain loop. It becomes an Effect when it has to wait. An outcome
 * is recorded in the turn in which it is known, so that no interruption can come between.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Backend } from "../../domain/Backend.ts"
import type { Reporter } from "../../events/Reporter.ts"
import * as Attempt from "./Attempt.ts"
import * as NextTarget from "./NextTarget.ts"
import * as NoTargetLeft from "./NoTargetLeft.ts"
import type { RunState } from "./RunState.ts"
import type * as Step from "./Step.ts"

type Resume<A> = (onward: Step.Onward<A>) => void

/**
 * Tries targets until one answers or none is left. For use as the registration of an `Effect.callback`: everything up to
 * the first wait happens in one operation of the caller's fiber. An interruption in between could lose a probe's slot or an
 * attempt.
 */
export const begin = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  resume: Resume<A>
): Effect.Effect<void> | void => {
  const { reporter } = run
  if (reporter !== undefined) return beginObserved(run, reporter, resume)
  const step = NextTarget.first(run)
  // An answer in the first turn skips the loop, which would take 5 % of a call (thread CPU, 2026-11-29).
  return step._tag === "Success" ? resume(step) : goOn(run, step, resume)
}

/** An observed run also reports its end if it is interrupted between two steps, or dies. */
const beginObserved = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  reporter: Reporter,
  resume: Resume<A>
): Effect.Effect<void> | void => {
  const closed = (exit: Exit.Exit<unknown, unknown>) => Effect.sync(() => reporter.closed(exit))
  try {
    const left = goOn(run, NextTarget.first(run), (onward) =>
      resume(Exit.isExit(onward) ? onward : Effect.onExit(onward, closed))
    )
    return left && Effect.andThen(left, closed(interrupted))
  } catch (defect) {
    reporter.closed(Exit.die(defect))
    throw defect
  }
}

/** Made once: one for each run takes 0.4 µs of a request (2026-11-30). */
const interrupted = Exit.interrupt()

const goOn = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  first: Step.Step<A>,
  resume: Resume<A>
): Effect.Effect<void> | void => {
  let step = first
  while (true) {
    switch (step._tag) {
      case "FindTarget":
        step = NextTarget.find(run)
        break
      case "Attempt":
        step = Attempt.make(run, step.next)
        break
      case "Join":
        step = Attempt.join(run)
        break
      case "NoTargetLeft":
        step = NoTargetLeft.decide(run)
        break
      case "Later":
        step = step.next()
        break
      case "Wait":
        return step.begin({
          onward: (next) => onward(run, next),
          resume,
          goOn: (next) => goOn(run, next, resume)
        })
      case "After":
        return resume(onward(run, step))
      case "Success":
      case "Failure":
        return resume(step)
    }
  }
}

/** A step and all further ones, as an effect for the caller's fiber. */
const onward = <P extends Backend, R, A>(run: RunState<P, R, A>, step: Step.Step<A>): Step.Onward<A> => {
  switch (step._tag) {
    case "Success":
    case "Failure":
      return step
    case "After":
      return Effect.flatMap(step.effect, (next) => Effect.callback((resume) => goOn(run, next(), resume)))
    default:
      return Effect.callback((resume) => goOn(run, step, resume))
  }
}
