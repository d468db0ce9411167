/**
 * Writes an answer to a WebSocket instead of an HTTP response. Each event is a frame; an error frame has its
 * status.
 *
 * Clients ignore an error without a status and keep waiting. Codex does so too with one that has both `status` and
 * `status_code`: it takes them for one field given twice (observed, 0.171).
 * https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/endpoint/responses_websocket.rs
 */
import type { OutgoingHttpHeaders } from "node:http"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"
import * as Turns from "../../util/Turns.ts"
import type * as NodeAnswer from "../server/NodeAnswer.ts"
import { Frames } from "./Frames.ts"

/** The connection that frames are sent on. */
export interface Wire {
  /** Whether the connection is closed. */
  readonly isGone: () => boolean
  /** Bytes that are not sent yet. */
  readonly waiting: () => number
  /** Sends a text; calls back when it was sent. */
  readonly send: (text: string, sent: () => void) => void
  readonly destroy: () => void
}

/** The most unsent bytes of a client before reading from the provider pauses. */
const maxWaiting = 262_144

/** The output of one response. `onDone` is called with the final response, complete or incomplete. */
export class FrameOut implements NodeAnswer.Out {
  readonly #wire: Wire
  readonly #onDone: (response: JsonObject) => void
  readonly #frames = new Frames((data, event) => this.#send(data, event))
  #drain: (() => void) | undefined
  #reading: Effect.Effect<void> | undefined
  #status = 200
  #headers: OutgoingHttpHeaders | undefined

  constructor(wire: Wire, onDone: (response: JsonObject) => void) {
    this.#wire = wire
    this.#onDone = onDone
  }

  get destroyed(): boolean {
    return this.#wire.isGone()
  }

  get headersSent(): boolean {
    return this.#headers !== undefined
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.#headers = headers
    this.#status = status
  }

  write(bytes: Uint8Array): boolean {
    if (this.#status === 200) this.#frames.feed(bytes)
    return this.#wire.waiting() < maxWaiting
  }

  /** Ends an answer of events, or sends the body of an error as one frame. */
  end(body: Uint8Array | string = "", encoding?: "latin1"): void {
    const bytes = typeof body === "string" ? Buffer.from(body, encoding) : Buffer.from(body)
    if (this.#status === 200) this.write(bytes)
    else this.#wire.send(errorFrame(this.#status, bytes.toString(), this.#headers), () => {})
  }

  once(_: "drain", listener: () => void): void {
    if (this.#wire.waiting() < maxWaiting) queueMicrotask(listener)
    else this.#drain = listener
  }

  destroy(): void {
    this.#wire.destroy()
  }

  /** Completes when the final response of a large frame has been read. */
  readonly settled: Effect.Effect<void> = Effect.suspend(() =>
    this.#reading === undefined ? Effect.void : this.#reading
  )

  #send(data: string, event: string | undefined): void {
    // A large frame is sent in this turn of the event loop, and read in the next one.
    const isLarge = data.length >= Turns.large && event !== "error"
    if (isLarge) {
      const read = Effect.runFork(
        Effect.andThen(
          Turns.next,
          Effect.sync(() => this.#frameOf(data, event))
        )
      )
      this.#reading = Effect.asVoid(Fiber.await(read))
    }
    this.#wire.send(isLarge ? data : this.#frameOf(data, event), () => {
      const drain = this.#drain
      if (drain === undefined || this.#wire.waiting() >= maxWaiting) return
      this.#drain = undefined
      drain()
    })
  }

  /** The frame of an event. An event that ends a response is also parsed. */
  #frameOf(data: string, event: string | undefined): string {
    if (event !== undefined && !ends.has(event)) return data
    const json = parse(data)
    if (!isObject(json)) return data
    const type = json.type ?? event
    if (type === "error") return JSON.stringify(withStatus(json))
    if (ends.has(String(type)) && isObject(json.response)) this.#onDone(json.response)
    return data
  }
}

const ends: ReadonlySet<string> = new Set(["response.completed", "response.incomplete", "error"])

/** An error in a stream is a server error (502), unless it has a status, or its code states rate limiting or overload. */
const withStatus = ({ status_code, ...said }: JsonObject): JsonObject => {
  const code = String(isObject(said.error) ? (said.error.code ?? said.error.type) : said.code)
  const guessed = /rate_limit|too_many/.test(code) ? 429 : /overloaded/.test(code) ? 503 : 502
  return { ...said, status: said.status ?? status_code ?? guessed }
}

/** The frame of an error without an answer. */
const errorFrame = (status: number, body: string, headers: OutgoingHttpHeaders = {}): string => {
  const said = parse(body)
  const error = isObject(said) ? (said.error ?? said) : { message: body.slice(0, 2000) }
  return JSON.stringify({ type: "error", status, error, headers })
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
