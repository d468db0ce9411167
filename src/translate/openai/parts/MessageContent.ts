/**
 * Reads the content of a message in OpenAI's protocol, whole or in pieces: reasoning, text, refusals and calls.
 *
 * Content is a text, or a list of parts at some servers; Mistral's reasoning is among the parts.
 */
import { isThoughtField } from "../../../words/Thoughts.ts"
import type { Remark } from "../../common/Common.ts"
import { isObject, type JsonObject, list, objects, string, text } from "../../common/Json.ts"
import * as Sources from "../../common/Sources.ts"
import * as Reasoning from "./Reasoning.ts"

/** A piece of content, as text. */
export interface Words {
  readonly type: "text" | "thinking" | "refusal"
  readonly text: string
  /** The location of reasoning that is not in a field of its own. */
  readonly field?: string | undefined
}

/** Where Mistral's reasoning is: among the parts of the content. https://docs.mistral.ai/inference/conversations/reasoning */
export const thinkingPart = "content.thinking"

/**
 * The text of a message or a delta that has nothing else; `undefined` for any other. It is checked first, because
 * nearly all are like that.
 */
export const plainText = (message: JsonObject): string | undefined => {
  for (const name in message) {
    if (name === "content" || name === "role") continue
    const value = message[name]
    // OpenAI's whole messages have empty `annotations`.
    if (value !== null && !(Array.isArray(value) && value.length === 0)) return undefined
  }
  return text(message.content)
}

/** The content of a message, in order. */
export const readContent = (content: unknown, out: Array<Words | Sources.Source | Remark>): void => {
  if (typeof content === "string") say("text", content, out)
  else for (const part of isObject(content) ? [content] : list(content)) readPart(part, out)
}

const readPart = (part: unknown, out: Array<Words | Sources.Source | Remark>): void => {
  if (typeof part === "string") say("text", part, out)
  if (!isObject(part)) return
  const type = string(part.type) ?? "text"
  if (/thinking|reasoning/.test(type)) {
    const said = textIn(part.thinking ?? part.text ?? part.reasoning ?? part.summary)
    say("thinking", said, out, Array.isArray(part.thinking) ? thinkingPart : undefined)
  } else if (type === "refusal") say("refusal", string(part.refusal) ?? string(part.text) ?? "", out)
  else if (typeof part.text === "string") say("text", part.text, out)
  else out.push({ type: "dropped", name: `message.content.${type}` })
}

const textIn = (value: unknown): string =>
  typeof value === "string"
    ? value
    : objects(value)
        .map((part) => string(part.text) ?? "")
        .join("")

const say = (
  type: Words["type"],
  said: string,
  out: Array<Words | Sources.Source | Remark>,
  field?: string
): void => {
  if (said !== "") out.push(field === undefined ? { type, text: said } : { type, text: said, field })
}

/**
 * Fields beside the choices that name the pages an answer is about.
 * https://docs.getbifrost.ai/providers/supported-providers/perplexity
 */
const sources = ["citations", "search_results"] as const

/** Records the sources of an answer, which have no counterpart in other protocols. */
export const readSources = (
  answer: JsonObject,
  out: { readonly push: (remark: Remark) => unknown }
): void => {
  for (const name of sources) {
    const value = answer[name]
    if (value !== undefined && list(value).length > 0) out.push({ type: "dropped", name })
  }
}

/**
 * Fields that are read elsewhere, or are no content of the answer. `context` of Azure and `executed_tools` of Groq are content:
 * https://console.groq.com/docs/compound
 */
const quiet: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "extra_content",
  "provider_specific_fields",
  "parsed"
])

/**
 * The content of a message or a delta besides reasoning and calls. Fields that are not known are named, except those that its
 * server gets back.
 */
export const readSpoken = (
  message: JsonObject,
  out: Array<Words | Sources.Source | Remark>,
  returned: ReadonlyArray<string> = []
): void => {
  readContent(message.content, out)
  say("refusal", string(message.refusal) ?? "", out)
  // What a recording says, unless the content says the same: https://developers.openai.com/api/docs/guides/audio
  if (isObject(message.audio)) {
    const told = string(message.audio.transcript) ?? ""
    if (told !== message.content) say("text", told, out)
  }
  for (const name in message) {
    if (quiet.has(name) || isThoughtField(name) || returned.includes(name)) continue
    const value = message[name]
    if (name === "annotations") readAnnotations(value, out)
    else if (isObject(value) || list(value).length > 0) out.push({ type: "dropped", name: `message.${name}` })
  }
}

const readAnnotations = (value: unknown, out: Array<Words | Sources.Source | Remark>): void => {
  for (const annotation of isObject(value) ? [value] : list(value)) {
    out.push(Sources.ofAnnotation(annotation) ?? { type: "dropped", name: "message.annotations" })
  }
}

/** The calls in a message, or the pieces of calls in a delta; `function_call` is the legacy form. */
export const callsOf = (message: JsonObject): ReadonlyArray<JsonObject> => {
  const { function_call, tool_calls } = message
  const calls = isObject(tool_calls) ? [tool_calls] : objects(tool_calls)
  return calls.length === 0 && isObject(function_call) ? [{ function: function_call }] : calls
}

/** True if a message or a delta has content. */
export const hasContent = (message: JsonObject): boolean => {
  const said: Array<Words | Sources.Source | Remark> = []
  readSpoken(message, said)
  return said.length > 0 || text(Reasoning.textOf(message)) !== undefined || callsOf(message).length > 0
}
