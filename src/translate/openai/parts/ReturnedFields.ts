/**
 * Fields that servers with OpenAI's protocol add to a message or a call and require back.
 *
 * - `extra_content`, with Gemini's `thought_signature`, on a call or a message: without it the next turn is refused.
 *   https://ai.google.dev/gemini-api/docs/thought-signatures#openai
 * - Reasoning that is not text, in order and unchanged; see `words/Thoughts.ts`.
 * - `provider_specific_fields`, LiteLLM's, with the same signature. https://docs.litellm.ai/docs/reasoning_content
 */
import { thoughtBlockNames } from "../../../words/Thoughts.ts"
import type { JsonObject } from "../../common/Json.ts"

const ofMessages = [...thoughtBlockNames, "extra_content"]
const ofCalls = ["extra_content", "provider_specific_fields"]

/** Additional fields of one server: the names of members of its messages, and of its calls. */
export interface Own {
  readonly messageExtras: ReadonlyArray<string>
  readonly callExtras: ReadonlyArray<string>
}

/** Such fields in a message or a delta; `undefined` if there are none. */
export const ofMessage = (message: JsonObject, own?: Own): JsonObject | undefined =>
  pick(message, ofMessages, own?.messageExtras)

/** Such fields on a call; `undefined` if there are none. */
export const ofCall = (call: JsonObject, own?: Own): JsonObject | undefined =>
  pick(call, ofCalls, own?.callExtras)

const none: ReadonlyArray<string> = []

const pick = (
  from: JsonObject,
  names: ReadonlyArray<string>,
  own: ReadonlyArray<string> = none
): JsonObject | undefined => {
  let picked: Record<string, unknown> | undefined
  for (const list of [names, own]) {
    for (const name of list) {
      const value = from[name]
      if (value === undefined || value === null || value === "") continue
      if (Array.isArray(value) && value.length === 0) continue
      picked ??= {}
      picked[name] = value
    }
  }
  return picked
}
