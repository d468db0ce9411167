/**
 * Both ends of a request on Node's own objects, past the header maps, body readers and bodies that effect/http would lay
 * around them: they cost more than all that the gateway itself does for a request.
 *
 * effect/http still owns the server, the fiber of each request and its end. An answer that has been written here is an
 * answer that it leaves alone.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import type { Flow } from "../../stream/Flow.ts"
import * as ByteRuns from "./ByteRuns.ts"
import type { SignsOfLife, Speaker } from "./SignsOfLife.ts"

/** The headers of a request. */
export type Headers = Readonly<Record<string, string>>

/** The headers of an answer on its way out. */
export type OutHeaders = Readonly<Record<string, string | ReadonlyArray<string>>>

/** Where an answer is written: an HTTP response, or what stands for one. */
export interface Out {
  readonly destroyed: boolean
  readonly writeHead: (status: number, headers: OutgoingHttpHeaders) => unknown
  /** `false`: wait for `drain` before more is written. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly end: (bytes?: Uint8Array | string) => unknown
  readonly once: (event: "drain", listener: () => void) => unknown
  readonly destroy: () => unknown
}

/** What a handler answers whose answer has been written already. */
export const sent: HttpServerResponse.HttpServerResponse = HttpServerResponse.empty()

/** The headers of a request, as Node has read them. Only cookies could be a list, and nobody here looks at them. */
export const headersOf = (incoming: HttpServerRequest): Headers =>
  NodeHttpServerRequest.toIncomingMessage(incoming).headers as Headers

/** A request, as Node has it. */
export const requestOf = (incoming: HttpServerRequest): IncomingMessage =>
  NodeHttpServerRequest.toIncomingMessage(incoming) as IncomingMessage

/** Where the answer to a request is written. The gateway's server speaks HTTP/1 only. */
export const responseOf = (incoming: HttpServerRequest): ServerResponse =>
  NodeHttpServerRequest.toServerResponse(incoming) as ServerResponse

/** Writes the head of an answer. */
export const begin = (response: Out, status: number, headers: OutHeaders): void => {
  // Node takes lists as they are.
  if (!response.destroyed) response.writeHead(status, headers as OutgoingHttpHeaders)
}

/** Writes a whole answer. */
export const write = (response: Out, status: number, headers: OutHeaders, body: Uint8Array): void => {
  begin(response, status, { ...headers, "content-length": String(body.length) })
  if (!response.destroyed) response.end(body)
}

/**
 * Writes what a flow gives as it comes, and no faster than it is taken; what is there at once is written at once. When
 * the flow fails, `lastWords` are the end of the answer. While it says nothing, signs of `life` are written. An interruption cancels the flow and breaks the answer off.
 */
export const pour = <E>(
  response: Out,
  first: NonEmptyReadonlyArray<ByteRuns.Piece>,
  flow: Flow<ByteRuns.Piece, E>,
  lastWords: (error: E | undefined) => string,
  life?: { readonly signs: SignsOfLife; readonly sign: Uint8Array }
): Effect.Effect<void> =>
  Effect.callback((resume) => {
    let pieces: Array<ByteRuns.Piece> = [...first]
    let isLeft = false
    let isFull = false
    const speaker: Speaker = {
      silence: 0,
      sign: () => {
        // Who does not read what is there needs no sign.
        if (life !== undefined && !response.destroyed && !isFull) response.write(life.sign)
      }
    }
    life?.signs.add(speaker)
    const pass = (): void => {
      isFull = false
      try {
        if (!isLeft && !response.destroyed) passOn()
      } catch (defect) {
        // Nobody else is there to hear of it.
        isLeft = true
        life?.signs.remove(speaker)
        resume(Effect.die(defect))
      }
    }
    const passOn = (): void => {
      for (let more = flow.take(); more !== undefined; more = flow.take()) pieces.push(...more)
      const end = flow.ended()
      const bytes = isNonEmpty(pieces) ? ByteRuns.join(pieces) : undefined
      pieces = []
      // What is translated may say nothing to its caller.
      const says = bytes !== undefined && bytes.length > 0
      if (says) speaker.silence = 0
      if (end === undefined) {
        if (!says || response.write(bytes)) flow.onReady(pass)
        else {
          isFull = true
          response.once("drain", pass)
        }
        return
      }
      life?.signs.remove(speaker)
      if (Exit.isSuccess(end)) response.end(bytes)
      else {
        if (bytes !== undefined) response.write(bytes)
        response.end(lastWords(Option.getOrUndefined(Exit.findErrorOption(end))))
      }
      resume(Effect.void)
    }
    // What came with the first chunks is about to be there, and goes with them.
    queueMicrotask(pass)
    return Effect.sync(() => {
      isLeft = true
      life?.signs.remove(speaker)
      flow.cancel()
      response.destroy()
    })
  })

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0
