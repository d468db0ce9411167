/** Requests, whole answers and errors from one protocol to another. */
import { codec as anthropic } from "./anthropic/Codec.ts"
import type { Context } from "./Context.ts"
import { Dropped } from "./Dropped.ts"
import { isObject, type JsonObject } from "./Json.ts"
import { codec as openai } from "./openai/Codec.ts"
import type { Codec, Protocol } from "./Protocol.ts"

/** Every protocol there is. */
export const codecs: Readonly<Record<Protocol, Codec>> = { openai, anthropic }

/** A request in the words of its target. */
export interface TranslatedRequest {
  readonly body: JsonObject
  /** What had to be left out, as paths without indices in the words of the caller; for `x-failover-dropped`. */
  readonly dropped: ReadonlyArray<string>
}

/**
 * Translates the body of a request. `model` is the target's model, which decides about many fields; by default the
 * one in the body. Between two of the same protocol nothing but the model is touched.
 *
 * @example
 * translateRequest("openai", "anthropic", { model: "claude-haiku-4-5", messages: [{ role: "user", content: "hi" }], seed: 1 })
 * // => { body: { model: "claude-haiku-4-5", max_tokens: 32000, messages: [{ role: "user", content: "hi" }] }, dropped: ["seed"] }
 */
export const translateRequest = (
  from: Protocol,
  to: Protocol,
  body: JsonObject,
  model?: string
): TranslatedRequest => {
  const named = model === undefined ? body : { ...body, model }
  if (from === to) return { body: named, dropped: [] }
  const dropped = new Dropped(codecs[from].names)
  const request = codecs[from].readRequest(named, dropped)
  return { body: codecs[to].writeRequest(request, dropped), dropped: dropped.list }
}

/** Translates the body of a whole answer from the protocol of the target to that of the caller. */
export const translateAnswer = (
  from: Protocol,
  to: Protocol,
  body: JsonObject,
  context: Context
): JsonObject => (from === to ? body : codecs[to].writeAnswer(codecs[from].readAnswer(body), context))

/**
 * Translates the body of an error: JSON, or whatever else a server sent. The status helps where the body says little.
 * An error that is JSON stays as it is between two of the same protocol.
 */
export const translateError = (from: Protocol, to: Protocol, body: unknown, status?: number): JsonObject =>
  from === to && isObject(body) ? body : codecs[to].writeError(codecs[from].readError(body, status))
