/**
 * Reads the bodies of requests, and bounds what all of them together may take.
 *
 * A body counts from its first byte to the end of its request, because it may have to be sent again to another target.
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
  readonly most: number
  /** The most that all bodies may take together, in bytes. */
  readonly mostTogether: number
  /** The client waits to hear that it may send its body. */
  readonly isAsked: boolean
  /** Sees each part as it comes; what it says ends the reading. */
  readonly onPart?: ((part: Uint8Array) => Refusal | undefined) | undefined
}

/** The bodies of a gateway's requests. */
export interface Bodies {
  /** How many bytes they take. */
  readonly taken: () => number
  /** The body of a request. It counts until the response is closed. */
  readonly read: (
    request: IncomingMessage,
    response: ServerResponse,
    options: Options
  ) => Effect.Effect<Uint8Array, Refusal>
}

/** The body was larger than a body may be. */
export const tooLarge = (limit: number): Refusal =>
  refuse(413, "request_too_large", `the body is larger than the ${limit} bytes that this gateway takes`)

const broken = refuse(400, "invalid_body", "the body could not be read to its end")

const full = refuse(503, "bodies_too_large", "the gateway holds as many bytes of requests as it may", {
  headers: { "retry-after": "1" }
})

const stopping = refuse(503, "stopping", "the gateway is about to stop, and the request has not arrived", {
  headers: { "retry-after": "1" }
})

/** Makes the count for one server, and gives up on bodies that do not come while it stops. */
export const make = (connections: Connections.Connections): Bodies => {
  let taken = 0
  const arriving = new Set<() => void>()
  connections.whileStopping((quiet) => {
    if (quiet >= Connections.patience) for (const giveUp of arriving) giveUp()
  })

  const read: Bodies["read"] = (request, response, { isAsked, most, mostTogether, onPart }) =>
    Effect.callback((resume) => {
      const gathered = new ByteChunks()
      let size = 0
      response.once("close", () => {
        taken -= size
        size = 0
      })
      const done = (exit: Exit.Exit<Uint8Array, Refusal>): void => {
        arriving.delete(giveUp)
        request.off("data", onData)
        request.off("end", onEnd)
        resume(exit)
      }
      const giveUp = (): void => refused(stopping)
      const refused = (refusal: Refusal): void => {
        taken -= size
        size = 0
        gathered.take()
        done(Exit.fail(refusal))
      }
      const onData = (part: Uint8Array): void => {
        size += part.length
        taken += part.length
        gathered.push(part)
        const refusal = gathered.size > most ? tooLarge(most) : taken > mostTogether ? full : onPart?.(part)
        if (refusal !== undefined) refused(refusal)
      }
      const onEnd = (): void => done(Exit.succeed(gathered.join()))
      arriving.add(giveUp)
      request.on("data", onData)
      request.once("end", onEnd)
      request.once("error", () => refused(broken))
      if (isAsked && !response.headersSent) response.writeContinue()
      return Effect.sync(() => {
        arriving.delete(giveUp)
        request.off("data", onData)
        request.off("end", onEnd)
      })
    })

  return { taken: () => taken, read }
}
