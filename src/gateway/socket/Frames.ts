/** Turns an event stream into WebSocket frames: the data of each event is a frame. */
import * as SseEvent from "../../providers/bytes/SseEvent.ts"
import { SseSplitter } from "../../providers/bytes/SseSplitter.ts"

/** Receives a frame, with the name of its event if it has one. */
export type OnFrame = (data: string, event: string | undefined) => void

/** Splits one stream. Comments, and the `[DONE]` of some servers, are not frames. */
export class Frames {
  // Providers limit the size of events themselves.
  readonly #splitter = new SseSplitter(Number.MAX_SAFE_INTEGER)
  readonly #onFrame: OnFrame

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** Takes the next bytes. */
  feed(bytes: Uint8Array): void {
    for (const piece of this.#splitter.feed(bytes)) {
      const { data, event } = SseEvent.read(piece)
      if (data !== undefined && data !== "" && !data.startsWith("[DONE]")) this.#onFrame(data, event)
    }
  }
}
