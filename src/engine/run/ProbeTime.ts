/**
 * How long a probe after a timeout may last while another target is free. The request pays for it, and most likely the target
 * still hangs.
 *
 * Mostly a probe has a short time, twice what the target has lately needed. But the target may need longer than before: so
 * every second probe in a row has twice that time, every fourth four times, every eighth eight times, up to the target's own timeout. On
 * average a request pays for few of the long ones.
 */
import * as Lookahead from "../../candidates/Lookahead.ts"
import type { Backend } from "../../domain/Backend.ts"
import * as Bench from "../../health/Bench.ts"
import type { RunState } from "./RunState.ts"

/** The shortest such time, in milliseconds. */
const least = 2_000

/** The same for a target that has not answered this process yet, in milliseconds. */
const unknown = 5_000

/** The time of the current attempt until its first content, in milliseconds; `undefined` for the target's own timeout. */
export const of = <P extends Backend, R, A>(run: RunState<P, R, A>): number | undefined => {
  const { admission, target } = run.visit
  if (admission._tag !== "Probe") return undefined
  const probes = Bench.inRow(run.shared.registry.stateUnsafe(), admission, "Timeout")
  if (probes === 0 || Lookahead.count(run.candidates, target, target.policy.rules.Timeout.next, 1) === 0) {
    return undefined
  }
  const usual = run.shared.cutOffs.usualOf(target)
  return (usual === 0 ? unknown : Math.max(least, 2 * usual)) * powerOfTwoIn(probes)
}

/** The largest power of two that divides a number: 1, 2, 1, 4, 1, 2, 1, 8, … */
const powerOfTwoIn = (count: number): number => count & -count
