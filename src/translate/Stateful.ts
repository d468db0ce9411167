/**
 * Detects requests that depend on state held by one provider.
 *
 * In a message thread the caller sends only new messages; the rest of the conversation is stored in the account that
 * answered before. No other target has it, so such a request can be neither translated nor failed over. The
 * protocol's clients can send the whole conversation instead (Anthropic's own does so when it runs tools).
 */
import { isObject, type JsonObject, objects } from "./common/Json.ts"
import type { Protocol } from "./protocol/Protocol.ts"

/** An error response in the caller's protocol. */
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
 * The refusal of a request that depends on a provider's state; `undefined` for any other. Check it before a request
 * goes to a chain of more than one target, or to a target of another protocol.
 */
export const refuseStateful = (protocol: Protocol, body: JsonObject): Refusal | undefined =>
  protocol === "anthropic" && isObject(body.thread) ? threads : undefined

/**
 * True if a Responses request depends on a provider's state: an earlier response, a conversation, a stored prompt or
 * a single item; or if it is to be answered in the background. Only targets of that provider can serve it.
 */
export const isStateful = (body: JsonObject): boolean =>
  isGiven(body.previous_response_id) ||
  isGiven(body.conversation) ||
  isGiven(body.prompt) ||
  body.background === true ||
  objects(body.input).some(({ type }) => type === "item_reference")

const isGiven = (value: unknown): boolean => value !== undefined && value !== null
