/**
 * Receives the frames of a WebSocket connection, in order, and counts their bytes from the first one on.
 *
 * A message that would take too much memory or too long to arrive is refused in its turn, after the answers to those
 * before it. Nothing is read behind it, so the connection ends with the refusal.
 */
import type { Socket } from "node:net"
import type { WebSocket } from "ws"
import * as OwnRefusals from "../http/OwnRefusals.ts"
import type { Refusal } from "../http/Refusal.ts"
import * as GatewayRequest from "../request/GatewayRequest.ts"
import { Arriving } from "./Arriving.ts"

/** A frame that waits for its answer. */
export interface Frame {
  readonly text: string | Refusal
  readonly bytes: number
  readonly release: () => void
  /** The code to close the connection with after the answer; `undefined` if it goes on. */
  readonly close?: number
}

/** Close codes of https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const unsupported = 1003
const policy = 1008
const tryAgainLater = 1013

/** What is needed to receive frames. */
export interface Options {
  readonly socket: WebSocket
  /** The connection below it. */
  readonly connection: Socket
  /** The most bytes that may wait for an answer. */
  readonly maxBytes: number
  /** How long a message may take to arrive, in milliseconds. */
  readonly timeout: number
  /** Counts the bytes of a frame until they are released, or refuses it. */
  readonly hold: (bytes: number) => (() => void) | Refusal
  /** The time in milliseconds. */
  readonly now: () => number
  readonly onFrame: (frame: Frame) => void
}

/** The frames of one connection. */
export class Incoming {
  readonly #options: Options
  readonly #arriving = new Arriving()
  readonly #frames = new Set<Frame>()
  #waiting = 0
  #held: { readonly bytes: number; readonly release: () => void } | undefined
  #isOver = false

  constructor(options: Options) {
    const { connection, now, socket } = options
    this.#options = options
    // Before the reader of frames gets a packet, and after it: what it completes is counted as a frame.
    connection.prependListener("data", (part: Buffer) => this.#arriving.feed(part, now()))
    connection.on("data", () => this.#count())
    connection.once("close", () => this.#release())
    socket.on("message", (data, isBinary) => this.#message(data as Buffer, isBinary))
  }

  /** Whether nothing is received any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** A frame gets its answer now. */
  begin(frame: Frame): void {
    this.#waiting -= frame.bytes
  }

  /** A frame has its answer. */
  done(frame: Frame): void {
    frame.release()
    this.#frames.delete(frame)
  }

  /** Refuses a message that has been arriving for too long. */
  check(): void {
    const { now, timeout } = this.#options
    const { since } = this.#arriving
    if (since !== undefined && now() - since >= timeout) this.#refuse(OwnRefusals.tooSlow, policy)
  }

  /** Releases all frames. What still comes until the client closes the connection is counted, and dropped. */
  end(): void {
    this.#isOver = true
    for (const frame of this.#frames) frame.release()
  }

  #message(content: Buffer, isBinary: boolean): void {
    // A client may send more before it reads that the connection closes.
    if (this.#isOver) return
    const { hold, maxBytes, socket } = this.#options
    this.#release()
    if (!isBinary) this.#waiting += content.length
    if (isBinary) socket.close(unsupported, "frames must be text")
    else if (this.#waiting > maxBytes) socket.close(policy, "too many requests are waiting")
    else this.#add(frameOf(content, hold(content.length)))
  }

  #count(): void {
    const { size } = this.#arriving
    const before = this.#held?.bytes ?? 0
    this.#release()
    const refusal = size === 0 ? undefined : this.#hold(size)
    if (refusal === undefined) return
    // What was read already stays in memory until the connection ends.
    this.#hold(before)
    if (this.#isOver) this.#options.socket.terminate()
    else this.#refuse(refusal, tryAgainLater)
  }

  /** Counts bytes; returns the refusal if they are too many. */
  #hold(bytes: number): Refusal | undefined {
    const held = this.#options.hold(bytes)
    if (typeof held !== "function") return held
    this.#held = { bytes, release: held }
    return undefined
  }

  #release(): void {
    this.#held?.release()
    this.#held = undefined
  }

  #refuse(refusal: Refusal, close: number): void {
    if (this.#isOver) return
    const { connection } = this.#options
    this.#isOver = true
    // Reading goes on, since it shows whether the client is still there.
    connection.removeAllListeners("data")
    connection.on("data", () => {})
    this.#add({ text: refusal, bytes: 0, release: () => {}, close })
  }

  #add(frame: Frame): void {
    this.#frames.add(frame)
    this.#options.onFrame(frame)
  }
}

/** Reads a frame, unless it is refused. */
const frameOf = (content: Buffer, held: (() => void) | Refusal): Frame =>
  typeof held === "function"
    ? {
        text: GatewayRequest.excessIn(content) ?? content.toString(),
        bytes: content.length,
        release: held
      }
    : { text: held, bytes: content.length, release: () => {} }
