/** The shared fields of chat-completions and Responses requests. */
import type { Audio } from "../common/Common.ts"
import { boolean, isObject, type JsonObject, numeric, object, string, text } from "../common/Json.ts"
import { type Draft, type Field, says, set } from "../common/ReadFields.ts"

/** The fields with the same name and meaning. */
export const commonFields: ReadonlyArray<Field> = [
  ["model", () => true],
  ["stream", () => true],
  ["stream_options", () => true],
  ["temperature", (value, draft) => set(draft, "temperature", numeric(value))],
  ["top_p", (value, draft) => set(draft, "topP", numeric(value))],
  ["safety_identifier", (value, draft) => set(draft, "user", string(value))],
  [
    "user",
    (value, draft, body) =>
      body.safety_identifier === value ||
      (string(body.safety_identifier) === undefined && set(draft, "user", string(value)))
  ],
  // Not OpenAI's, but what clients send to routers of Anthropic's models.
  ["cache_control", (value, draft) => set(draft, "cache", isObject(value) ? value : undefined)],
  ["prompt_cache_key", (value, draft) => set(draft, "cacheKey", text(value))],
  ["service_tier", (value, draft) => set(draft, "tier", tiers.get(value))],
  [
    "parallel_tool_calls",
    (value, draft) => {
      draft.parallel = boolean(value)
      return draft.parallel !== undefined
    }
  ],
  ["store", says(false)],
  ["top_logprobs", says(0)]
]

const tiers: ReadonlyMap<unknown, "auto" | "standard"> = new Map([
  ["auto", "auto"],
  ["default", "standard"]
])

/** A function that the model may call. */
export const readFunction = (definition: JsonObject, name: string, draft: Draft, cache?: unknown): void => {
  draft.tools.push({
    name,
    description: text(definition.description),
    schema: object(definition.parameters),
    strict: boolean(definition.strict),
    ...(isObject(cache) && { cache })
  })
}

/**
 * A tool choice that is a single word; `false` for any other.
 *
 * - `{"type": "auto"}`: https://github.com/BerriAI/litellm/pull/12168 (Cursor)
 * - `any`: https://docs.mistral.ai/capabilities/function_calling (Mistral)
 */
export const readToolMode = (value: unknown, draft: Draft): boolean => {
  const mode = modes.get(isObject(value) ? value.type : value)
  if (mode === undefined) return false
  draft.toolChoice = { mode }
  return true
}

const modes: ReadonlyMap<unknown, "auto" | "none" | "required"> = new Map([
  ["auto", "auto"],
  ["none", "none"],
  ["required", "required"],
  ["any", "required"]
])

/** A tool choice that allows only some tools. */
export const readAllowed = (mode: unknown, names: ReadonlyArray<string>, draft: Draft): void => {
  draft.allowed = new Set(names)
  draft.toolChoice = { mode: mode === "required" ? "required" : "auto" }
}

/** The schema of a JSON answer; `false` if there is none. */
export const readSchema = (asked: JsonObject, draft: Draft): boolean => {
  if (!isObject(asked.schema)) return false
  draft.format = {
    name: text(asked.name),
    description: text(asked.description),
    schema: asked.schema,
    strict: boolean(asked.strict)
  }
  return true
}

/** Audio, in a chat and in the input of a response. https://developers.openai.com/api/docs/guides/audio */
export const readAudio = (part: JsonObject): Audio | undefined => {
  const { data, format } = object(part.input_audio)
  const said = text(data)
  return said === undefined ? undefined : { type: "audio", data: said, format: text(format) ?? "wav" }
}
