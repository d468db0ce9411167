/** Why an answer ended, read with the table of finish reasons. */
import { type Finish, finishOf } from "../../words/FinishReasons.ts"
import type { Stop } from "./Common.ts"
import { string } from "./Json.ts"

/** A provider's faults are classified before anything is translated. */
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

/** The meaning of a finish reason of any protocol; an unknown one counts as an ordinary end. */
export const read = (reason: unknown): Stop => {
  const finish = finishOf(string(reason) ?? "")
  return finish === undefined ? "end" : stops[finish]
}

/** The stop of an answer. Some servers report an ordinary end although the answer has calls. */
export const withCalls = (stop: Stop, hasCalls: boolean): Stop =>
  stop === "end" && hasCalls ? "calls" : stop
