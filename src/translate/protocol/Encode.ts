/** Writes events as text. */
import type { OutEvent } from "./Protocol.ts"

/** The text of events in an event stream. */
export const encode = (events: ReadonlyArray<OutEvent>): string => {
  let text = ""
  for (const { event, data } of events)
    text += `${event === undefined ? "" : `event: ${event}\n`}data: ${data}\n\n`
  return text
}
