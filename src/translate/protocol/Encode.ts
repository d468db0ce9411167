/** Writes events as text. */
import { withoutHalves } from "../../providers/bytes/HalfCharacters.ts"
import * as WriteJson from "../../providers/bytes/WriteJson.ts"
import type * as Turns from "../../util/Turns.ts"
import type { JsonObject } from "../common/Json.ts"
import type { OutEvent } from "./Protocol.ts"

/** The text of events in an event stream. */
export const encode = (events: ReadonlyArray<OutEvent>): string => {
  let text = ""
  for (const event of events) text += `${before(event)}${event.data}${after}`
  return withoutHalves(text)
}

const before = ({ event }: Pick<OutEvent, "event">): string =>
  event === undefined ? "data: " : `event: ${event}\ndata: `

const after = "\n\n"

/** Events from this size, in characters, are written when they are sent. */
export const large = 256 * 1024

/** A large event. Its data can be written in steps, so that no step takes long. */
export class LargeEvent implements OutEvent {
  readonly event: string
  /** What it says; not changed any more. */
  readonly json: JsonObject

  constructor(event: string, json: JsonObject) {
    this.event = event
    this.json = json
  }

  /** Writes the data at once, which takes long. */
  get data(): string {
    return JSON.stringify(this.json)
  }

  /** The bytes of the event in an event stream. */
  bytes(): Turns.Steps<Uint8Array> {
    return WriteJson.bytesOf(this.json, before(this), after)
  }
}
