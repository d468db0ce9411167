/**
 * Fields that servers with OpenAI's protocol add to a message or a call and require back.
 *
 * - `extra_content`, with Gemini's `thought_signature`, on a call or a message: without it the next turn is refused.
 *   https://ai.google.dev/gemini-api/docs/thought-signatures#openai
 * - Reasoning that is not text, in order and unchanged; see `words/Thoughts.ts`.
 * - `provider_specific_fields`, LiteLLM's, with the same signature: on a call, on its function or on the message.
 *   https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/prompt_templates/factory.py
 */
import type { Rules } from "../../../dialect/index.ts"
import { thoughtBlockNames } from "../../../words/Thoughts.ts"
import { isObject, type JsonObject } from "../../common/Json.ts"

const liteLlms = "provider_specific_fields"
const ofMessages = [...thoughtBlockNames, "extra_content"]
const ofCalls = ["extra_content", liteLlms]
/** Of a message, LiteLLM's fields also hold what no server requires back, such as citations. */
const ofLiteLlm = ["thought_signatures", "thought_signature", ...thoughtBlockNames]

/** What is one server's own: the names of members of its messages and of its calls, and where its reasoning is. */
export interface Own {
  readonly messageExtras: ReadonlyArray<string>
  readonly callExtras: ReadonlyArray<string>
  readonly thinkTags?: Rules["thinkTags"] | undefined
}

/** Such fields in a message or a delta; `undefined` if there are none. */
export const ofMessage = (message: JsonObject, own?: Own): JsonObject | undefined =>
  withInner(pick(message, ofMessages, own?.messageExtras), message, liteLlms, ofLiteLlm)

/** Such fields on a call; `undefined` if there are none. */
export const ofCall = (call: JsonObject, own?: Own): JsonObject | undefined =>
  withInner(pick(call, ofCalls, own?.callExtras), call, "function", ofCalls)

/** The picked fields, and some of an object among the fields. */
const withInner = (
  picked: JsonObject | undefined,
  from: JsonObject,
  name: string,
  names: ReadonlyArray<string>
): JsonObject | undefined => {
  const object = from[name]
  const inner = isObject(object) && picked?.[name] === undefined ? pick(object, names) : undefined
  return inner === undefined ? picked : { ...picked, [name]: inner }
}

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
