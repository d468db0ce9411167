/** An observer that keeps the events of requests. */
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"

/** The events so far, and the observer that receives them. */
export const observed = () => {
  const events: Array<FailoverEvent> = []
  return { events, observer: (event: FailoverEvent) => void events.push(event) }
}

/** The events of one kind. */
export const only = <T extends FailoverEvent["_tag"]>(events: ReadonlyArray<FailoverEvent>, tag: T) =>
  events.filter((event): event is FailoverEvent & { readonly _tag: T } => event._tag === tag)
