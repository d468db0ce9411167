/** Resolves one fault of a scenario: names and defaults. */
import { millisOf } from "../../config/file/Field.ts"
import type { Misfit } from "../../config/file/Structure.ts"
import { nearest } from "../../util/Nearest.ts"
import { type Details, detailsOf, type FaultName } from "../faults/Faults.ts"
import * as Places from "./Places.ts"
import { places, type ScenarioFile } from "./ScenarioFile.ts"

/** One fault. Times are milliseconds since the start. */
export interface Fault extends Details {
  readonly name: FaultName
  /** The key that it affects; `"*"` for every target. */
  readonly key: string
  readonly targets: ReadonlySet<string>
  readonly from: number
  readonly until: number
  /** It is active in the first `lasts` of each `every`. */
  readonly every: number
  readonly lasts: number
  readonly share: number
}

/** The scenario around it. */
interface Around {
  readonly duration: number
  readonly targets: ReadonlyArray<Places.Place>
  /** Whether the model is known; then a target that is never called is a mistake. */
  readonly isKnown: boolean
  readonly model: string | undefined
}

/** Resolves a fault. The paths of problems begin at the fault. */
export const read = (
  given: ScenarioFile["faults"][number],
  { duration, isKnown, model, targets }: Around
): { readonly fault: Fault; readonly problems: ReadonlyArray<Misfit> } => {
  const problems: Array<Misfit> = []
  const from = millisOf(given.from ?? 0) ?? 0
  const until = given.until === undefined ? duration : (millisOf(given.until) ?? 0)
  const key = Places.keyOf(given.target, targets)
  const covered = Places.covered(key, targets)
  if (from >= until) problems.push({ path: ["until"], message: "is not later than from" })
  if (from >= duration) {
    problems.push({ path: ["from"], message: "is not earlier than the end (duration)" })
  }
  const every = millisOf(given.every ?? until - from) ?? 0
  const lasts = millisOf(given.lasts ?? (given.every === undefined ? every : every / 2)) ?? 0
  if (given.lasts !== undefined && given.every === undefined) {
    problems.push({ path: ["lasts"], message: "needs every" })
  } else if (lasts > every) {
    problems.push({ path: ["lasts"], message: "is longer than every" })
  }
  if (covered.length === 0 && isKnown) {
    problems.push({ path: ["target"], message: nowhere(given.target, model, targets) })
  }
  for (const detail of Object.keys(detailsOf) as ReadonlyArray<keyof Details>) {
    if (given[detail] === undefined || detailsOf[detail].includes(given.fault)) continue
    const message = `does not apply to ${given.fault}; it applies to ${listed(detailsOf[detail])}`
    problems.push({ path: [detail], message })
  }
  const fault: Fault = {
    name: given.fault,
    key,
    targets: new Set(covered),
    from,
    until,
    every,
    lasts,
    share: given.share ?? 1,
    retryAfter: given.retryAfter === undefined ? undefined : millisOf(given.retryAfter),
    factor: given.factor,
    afterWords: given.afterWords,
    perMinute: given.perMinute,
    slots: given.slots,
    queue: given.queue
  }
  return { fault, problems }
}

const listed = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`

const nowhere = (target: string, model: string | undefined, targets: ReadonlyArray<Places.Place>): string => {
  const known = [...new Set(targets.flatMap(({ keys }) => keys)), ...places]
  const meant = nearest(target, known)
  return meant === undefined
    ? `no request for ${model} goes there; they may go to ${targets.map((each) => each.target).join(", ")}`
    : `no request for ${model} goes there; did you mean ${meant}?`
}
