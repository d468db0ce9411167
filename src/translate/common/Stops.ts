/** Why an answer ended, from the one table of the words in which targets say so. */
import { type Finish, finishOf } from "../../words/FinishReasons.ts"
import type { Stop } from "./Common.ts"
import { string } from "./Json.ts"

/** Faults of a provider are told apart before anything is translated. */
const stops: Readonly<Record<Finish, Stop>> = {
  end: "end",
  stopSequence: "stopSequence",
  calls: "calls",
  pause: "pause",
  length: "length",
  window: "window",
  refusal: "refusal",
  overloaded: "end",
  fault: "end",
  malformed: "end"
}

/** What a finish reason means, in the words of any protocol; one that is not known is an ordinary end. */
export const read = (reason: unknown): Stop => {
  const finish = finishOf(string(reason) ?? "")
  return finish === undefined ? "end" : stops[finish]
}
