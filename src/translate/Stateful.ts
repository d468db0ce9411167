/**
 * Requests that go on from something only one provider holds.
 *
 * In a message thread the caller sends only what is new; the rest of the conversation is with the account that
 * answered before. No other target has it, so nothing can be translated and nothing can fail over. Asked to, the
 * protocol's clients send the whole conversation instead (Anthropic's own does so when it runs tools).
 */
import { isObject, type JsonObject, objects } from "./common/Json.ts"
import type { Protocol } from "./protocol/Protocol.ts"

/** An error to answer with, in the protocol of the caller. */
export interface Refusal {
  readonly status: number
  readonly body: JsonObject
}

const threads: Refusal = {
  status: 400,
  body: {
    type: "error",
    error: {
      type: "invalid_request_error",
      message: "Message threads are not available here: send the full conversation without `thread`.",
      details: { error_code: "thread_unsupported_request", unsupported: [] }
    }
  }
}

/**
 * The refusal of a request that needs what one provider holds; `undefined` for every other. To be asked before a
 * request goes to a chain of more than one target, or to a target of another protocol.
 */
export const refuseStateful = (protocol: Protocol, body: JsonObject): Refusal | undefined =>
  protocol === "anthropic" && isObject(body.thread) ? threads : undefined

/**
 * True when the body of a request for a response goes on from something that its provider holds: an earlier response,
 * a conversation, a stored prompt, a single item; or is to be answered later. Only targets of that provider can be
 * asked.
 */
export const isStateful = (body: JsonObject): boolean =>
  isGiven(body.previous_response_id) ||
  isGiven(body.conversation) ||
  isGiven(body.prompt) ||
  body.background === true ||
  objects(body.input).some(({ type }) => type === "item_reference")

const isGiven = (value: unknown): boolean => value !== undefined && value !== null
