/**
 * A server that refuses what the real one refuses, with the real error messages, and answers everything else from a
 * script.
 *
 * It is a plain function from a request to an answer, so it works over any transport and in virtual time.
 */

import * as Chats from "./Chats.ts"
import { find, type JsonObject } from "./Check.ts"
import * as Messages from "./Messages.ts"
import type { ScriptedAnswer, Strictness } from "./Strictness.ts"

export type { Refusal, ScriptedAnswer, ScriptedCall, Strictness } from "./Strictness.ts"

/** A request to a server. */
export interface ServerRequest {
  readonly path: string
  readonly body: string
}

/** What a server answers. */
export interface ServerAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** A server with a script and a record of its requests. */
export interface Server {
  readonly strictness: Strictness
  readonly answer: (asked: ServerRequest) => ServerAnswer
  /** The bodies of all requests so far, including refused ones. */
  readonly seen: ReadonlyArray<JsonObject>
  /** The messages of all refusals so far. */
  readonly refused: ReadonlyArray<string>
}

/**
 * Makes a server. The script has one entry for each turn of the model: the first answers a conversation without a
 * model turn, the next one a conversation with one, and so on; the last one repeats forever.
 *
 * @example
 * import { StrictServer } from "effect-failover/testing"
 *
 * const server = StrictServer.make(StrictServer.servers.mistral, [{ text: "Bonjour" }])
 * const body = { model: "mistral-large", messages: [{ role: "user", content: "hi" }] }
 * server.answer({ path: "/v1/chat/completions", body: JSON.stringify(body) }).status // => 200
 */
export const make = (
  strictness: Strictness,
  script: readonly [ScriptedAnswer, ...ReadonlyArray<ScriptedAnswer>]
): Server => {
  const seen: Array<JsonObject> = []
  const refused: Array<string> = []
  const protocol = strictness.protocol === "openai" ? Chats : Messages
  return {
    strictness,
    seen,
    refused,
    answer: ({ body, path }) => {
      if (!path.endsWith(protocol.path)) {
        return json(404, { error: { type: "not_found_error", message: `there is nothing at ${path}` } })
      }
      const request: JsonObject = JSON.parse(body)
      seen.push(request)
      for (const refusal of strictness.refusals) {
        const found = find(refusal.check, request)
        if (found === undefined) continue
        const words = JSON.stringify(refusal.body)
          .replaceAll("{value}", JSON.stringify(found.value).slice(1, -1))
          .replaceAll("{index}", String(found.index))
        refused.push(words)
        return { status: refusal.status, contentType: "application/json", body: words }
      }
      const messages = Array.isArray(request.messages) ? request.messages : []
      const spoken = messages.filter(
        (message) => message.role === "assistant" && message.content !== "Done."
      ).length
      const said = script[Math.min(spoken, script.length - 1)] ?? script[0]
      const answer = { model: String(request.model), turn: spoken, said, strictness }
      return request.stream === true
        ? { status: 200, contentType: "text/event-stream", body: protocol.streamed(answer) }
        : json(200, protocol.whole(answer))
    }
  }
}

const json = (status: number, body: JsonObject): ServerAnswer => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body)
})
