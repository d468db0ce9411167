/**
 * Reads request bodies, and limits the memory of all of them together.
 *
 * A body counts from its first byte to the end of its request, because a fallback may have to send it again.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ByteChunks } from "../../providers/bytes/ByteChunks.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"
import * as Connections from "./Connections.ts"

/** How a body is read. */
export interface Options {
  /** The largest body, in bytes. */
  readonly maxBytes: number
  /** The most that all bodies together may take, in bytes. */
  readonly maxTotalBytes: number
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  /** Checks each part; a refusal ends the reading. */
  readonly onPart?: ((part: Uint8Array) => Refusal | undefined) | undefined
}

/** The bodies of a gateway's requests. */
export interface Bodies {
  /** Bytes in use. */
  readonly taken: () => number
  /** Reads the body of a request. It counts until the response is closed. */
  readonly read: (
    request: IncomingMessage,
    response: ServerResponse,
    options: Options
  ) => Effect.Effect<Uint8Array, Refusal>
  /**
   * Counts bytes that were read elsewhere until the returned function is called; a refusal if there are too many.
   */
  readonly hold: (bytes: number, maxTotalBytes: number) => (() => void) | Refusal
  /** Ends the reading of a body with a refusal. Returns `false` if the body is not being read. */
  readonly refuse: (request: IncomingMessage, refusal: Refusal) => boolean
}

/** The refusal of a body above the limit. */
export const tooLarge = (limit: number): Refusal =>
  refuse(413, "request_too_large", `the body is larger than the limit of ${limit} bytes`)

const broken = refuse(400, "invalid_body", "the body could not be read completely")

const full = refuse(503, "bodies_too_large", "the bodies of the requests in flight take too much memory", {
  headers: { "retry-after": "1" }
})

const stopping = refuse(503, "stopping", "the gateway is stopping, and the request did not arrive in time", {
  headers: { "retry-after": "1" }
})

/** A body that is being read. */
interface Arriving {
  readonly request: IncomingMessage
  readonly refused: (refusal: Refusal) => void
  /** Its index in the list. */
  at: number
}

/** Makes the reader of one server. While the server stops, it gives up on bodies that do not arrive. */
export const make = (connections: Connections.Connections): Bodies => {
  let taken = 0
  /** A list, because a map with constant additions and removals makes new hash tables again and again. */
  const arriving: Array<Arriving> = []
  connections.whileStopping((quiet) => {
    if (quiet >= Connections.arrivalTimeout) for (const { refused } of [...arriving]) refused(stopping)
  })
  /** Removes a body from the list. The last one takes its index. */
  const arrived = (body: Arriving): void => {
    const last = arriving.at(-1)
    if (last === undefined || arriving[body.at] !== body) return
    arriving.pop()
    if (last === body) return
    arriving[body.at] = last
    last.at = body.at
  }

  const read: Bodies["read"] = (request, response, { expectsContinue, maxBytes, maxTotalBytes, onPart }) =>
    Effect.callback((resume) => {
      const gathered = new ByteChunks()
      let size = 0
      response.on("close", () => {
        taken -= size
        size = 0
      })
      const leave = (): void => {
        arrived(body)
        request.off("data", onData)
        request.off("end", onEnd)
      }
      const refused = (refusal: Refusal): void => {
        taken -= size
        size = 0
        gathered.take()
        leave()
        resume(Exit.fail(refusal))
      }
      const onData = (part: Uint8Array): void => {
        size += part.length
        taken += part.length
        gathered.push(part)
        const refusal =
          gathered.size > maxBytes ? tooLarge(maxBytes) : taken > maxTotalBytes ? full : onPart?.(part)
        if (refusal !== undefined) refused(refusal)
      }
      const onEnd = (): void => {
        // Nothing else comes, so the listeners stay: to take them off costs 0.8 µs (2026-11-30).
        arrived(body)
        resume(Exit.succeed(gathered.join()))
      }
      const body: Arriving = { request, refused, at: arriving.length }
      arriving.push(body)
      request.on("data", onData)
      request.on("end", onEnd)
      request.on("error", () => refused(broken))
      if (expectsContinue && !response.headersSent) response.writeContinue()
      return Effect.sync(leave)
    })

  return {
    taken: () => taken,
    read,
    hold: (bytes, maxTotalBytes) => {
      if (taken + bytes > maxTotalBytes) return full
      taken += bytes
      let isHeld = true
      return () => {
        if (isHeld) taken -= bytes
        isHeld = false
      }
    },
    refuse: (request, refusal) => {
      const body = arriving.find((each) => each.request === request)
      body?.refused(refusal)
      return body !== undefined
    }
  }
}
