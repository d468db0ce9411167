/**
 * From the bytes of an event stream to the frames of a WebSocket: the data of each event is a frame.
 *
 * https://developers.openai.com/api/docs/guides/websocket-mode
 */
import * as SseEvent from "../../providers/bytes/SseEvent.ts"
import { SseSplitter } from "../../providers/bytes/SseSplitter.ts"

/** What a frame says, and the event's name, where it has one. */
export type Tell = (data: string, event: string | undefined) => void

/** Cuts one stream. Comments, and the `[DONE]` that some servers add, are no frames. */
export class Frames {
  // Providers bound their events themselves.
  readonly #splitter = new SseSplitter(Number.MAX_SAFE_INTEGER)
  readonly #tell: Tell

  constructor(tell: Tell) {
    this.#tell = tell
  }

  /** Takes the next bytes. */
  feed(bytes: Uint8Array): void {
    for (const piece of this.#splitter.feed(bytes)) {
      const { data, event } = SseEvent.read(piece)
      if (data !== undefined && data !== "" && !data.startsWith("[DONE]")) this.#tell(data, event)
    }
  }
}
