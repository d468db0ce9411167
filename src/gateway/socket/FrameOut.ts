/**
 * An answer that is written to a WebSocket instead of an HTTP connection: each event is a frame, and an error a frame that
 * says its status.
 *
 * Clients take an error without a status for something they do not know, and wait on.
 * https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/endpoint/responses_websocket.rs
 */
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"
import type * as NodeAnswer from "../server/NodeAnswer.ts"
import { Frames } from "./Frames.ts"

/** Where frames go. */
export interface Wire {
  /** Nobody is there any more. */
  readonly isGone: () => boolean
  /** Bytes that wait to be sent. */
  readonly waiting: () => number
  /** Sends a text; calls back when it is on its way. */
  readonly send: (text: string, sent: () => void) => void
  readonly destroy: () => void
}

/** So many bytes may wait for a client before nothing more is taken from its provider. */
const mostWaiting = 262_144

/** The output of one response. `onDone` hears of a response that is complete, or as complete as it gets. */
export class FrameOut implements NodeAnswer.Out {
  readonly #wire: Wire
  readonly #onDone: (response: JsonObject) => void
  readonly #frames = new Frames((data, event) => this.#tell(data, event))
  #drain: (() => void) | undefined
  #status = 200

  constructor(wire: Wire, onDone: (response: JsonObject) => void) {
    this.#wire = wire
    this.#onDone = onDone
  }

  get destroyed(): boolean {
    return this.#wire.isGone()
  }

  writeHead(status: number): void {
    this.#status = status
  }

  write(bytes: Uint8Array): boolean {
    if (this.#status === 200) this.#frames.feed(bytes)
    return this.#wire.waiting() < mostWaiting
  }

  end(bytes?: Uint8Array | string): void {
    if (bytes !== undefined) this.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes)
  }

  once(_: "drain", listener: () => void): void {
    if (this.#wire.waiting() < mostWaiting) queueMicrotask(listener)
    else this.#drain = listener
  }

  destroy(): void {
    this.#wire.destroy()
  }

  #tell(data: string, event: string | undefined): void {
    this.#wire.send(this.#seen(data, event), () => {
      const drain = this.#drain
      if (drain === undefined || this.#wire.waiting() >= mostWaiting) return
      this.#drain = undefined
      drain()
    })
  }

  /** The frame of an event; one that ends a response is looked at. */
  #seen(data: string, event: string | undefined): string {
    if (event !== undefined && !ends.has(event)) return data
    const said = parse(data)
    if (!isObject(said)) return data
    const type = said.type ?? event
    if (type === "error") return said.status === undefined ? JSON.stringify(withStatus(said)) : data
    if (ends.has(String(type)) && isObject(said.response)) this.#onDone(said.response)
    return data
  }
}

const ends: ReadonlySet<string> = new Set(["response.completed", "response.incomplete", "error"])

/** What broke off is a fault of the server, unless it says that it is busy. */
const withStatus = (said: JsonObject): JsonObject => {
  const code = String(isObject(said.error) ? (said.error.code ?? said.error.type) : said.code)
  const status = /rate_limit|too_many/.test(code) ? 429 : /overloaded/.test(code) ? 503 : 502
  return { ...said, status, status_code: status }
}

/** The frame of an error that came instead of an answer. */
export const errorFrame = (
  status: number,
  body: string,
  headers: Readonly<Record<string, unknown>> = {}
): string => {
  const said = parse(body)
  const error = isObject(said) ? (said.error ?? said) : { message: body.slice(0, 2000) }
  return JSON.stringify({ type: "error", status, status_code: status, error, headers })
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
