/** Writes turns as the messages of an Anthropic request. */
import type { Dialect } from "../../dialect/index.ts"
import type { Call, Content, Request, Result, Spoken, Turn } from "../common/Common.ts"
import { append, compact, isObject, type JsonObject, parse, unwrapped } from "../common/Json.ts"
import { type Rule, ruleOf, ToolIds } from "../protocol/ToolIds.ts"
import type { Traits } from "./Models.ts"

/** `tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`; they must also be unique. */
const rule: Rule = { allowed: /^[a-zA-Z0-9_-]+$/, forbidden: /[^a-zA-Z0-9_-]/g, longest: 128 }

/** A message of the protocol. */
type Message = { readonly role: "user" | "assistant"; readonly content: Array<JsonObject> }

/**
 * All system prompts go to the front, as in Anthropic's own layer for OpenAI's clients: not every model accepts them
 * later. https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk
 *
 * Messages without content are refused and therefore left out. The conversation begins with the user, and ends with
 * the user if a model cannot continue its own text; missing messages are added.
 */
export const writeMessages = (request: Request, traits: Traits, dialect: Dialect): JsonObject => {
  const prompts = [
    ...request.system.map((text, at) => ({ text, cache: request.systemCache?.get(at) })),
    ...request.turns.flatMap((turn) =>
      turn.role === "system" ? turn.texts.map((text) => ({ text, cache: undefined })) : []
    )
  ].filter(({ text }) => text.trim() !== "")
  const messages = supplied(merged(request.turns, dialect), traits)
  if (messages.length === 0) {
    // A conversation of instructions only.
    const said = prompts.length === 0 ? "Begin." : prompts.map(({ text }) => text).join("\n\n")
    return { messages: [{ role: "user", content: said }] }
  }
  return {
    system:
      prompts.length === 0
        ? undefined
        : simplified(prompts.map(({ cache, text }) => withCache(asText(text), cache))),
    messages: messages.map(({ role, content }) => ({ role, content: simplified(content) }))
  }
}

const asText = (text: string): JsonObject => ({ type: "text", text })

const withCache = (block: JsonObject, cache: JsonObject | undefined): JsonObject =>
  cache === undefined ? block : { ...block, cache_control: cache }

/** A single text is written as a string. */
const simplified = (content: ReadonlyArray<JsonObject>): unknown => {
  const [first] = content
  return content.length === 1 && first?.type === "text" && first.cache_control === undefined
    ? first.text
    : content
}

/** All results of an answer's calls belong in one message, together with the user's text. */
const merged = (turns: ReadonlyArray<Turn>, dialect: Dialect): Array<Message> => {
  const ids = new ToolIds(ruleOf(dialect, rule))
  const messages: Array<Message> = []
  for (const turn of turns) {
    if (turn.role === "system") continue
    const content =
      turn.role === "user" ? writeUser(turn.parts, ids) : writeAssistant(turn.parts, ids, dialect)
    if (content.length === 0) continue
    const last = messages.at(-1)
    if (turn.role === "user" && last?.role === "user" && last.content.at(-1)?.type === "tool_result") {
      append(last.content, content)
    } else messages.push({ role: turn.role, content })
  }
  return messages
}

const supplied = (messages: Array<Message>, traits: Traits): ReadonlyArray<Message> => {
  const first = messages[0]
  const last = messages.at(-1)
  if (first === undefined || last === undefined) return messages
  if (first.role === "assistant") messages.unshift({ role: "user", content: [asText("Begin.")] })
  if (last.role === "assistant") {
    const end = last.content.at(-1)
    if (!traits.prefill) messages.push({ role: "user", content: [asText("Continue.")] })
    else if (typeof end?.text === "string") {
      // `final assistant content cannot end with trailing whitespace`
      last.content.splice(-1, 1, { ...end, text: end.text.trimEnd() })
    }
  }
  return messages
}

const writeUser = (parts: ReadonlyArray<Content | Result>, ids: ToolIds): Array<JsonObject> => {
  const results: Array<JsonObject> = []
  const rest: Array<JsonObject> = []
  for (const part of parts) {
    if (part.type !== "result") append(rest, writeContent(part))
    else {
      const content = part.parts.flatMap(writeContent)
      results.push(
        compact({
          type: "tool_result",
          tool_use_id: ids.result(part.id),
          content: content.length === 0 ? undefined : simplified(content),
          is_error: part.isError ? true : undefined
        })
      )
    }
  }
  return [...results, ...rest]
}

const writeContent = (part: Content): ReadonlyArray<JsonObject> => {
  if (part.type === "text") return part.text.trim() === "" ? [] : [withCache(asText(part.text), part.cache)]
  // Already recorded as lost.
  if (part.type === "audio") return []
  const { media } = part
  const source =
    media.type === "text"
      ? { type: "text", media_type: "text/plain", data: media.text }
      : media.type === "url"
        ? { type: "url", url: media.url }
        : { type: "base64", media_type: media.mediaType, data: media.data }
  return part.type === "image"
    ? [withCache({ type: "image", source }, part.cache)]
    : [withCache(compact({ type: "document", source, title: part.name }), part.cache)]
}

/** Servers that sign reasoning refuse unsigned reasoning. */
const writeAssistant = (parts: ReadonlyArray<Spoken>, ids: ToolIds, dialect: Dialect): Array<JsonObject> =>
  parts.flatMap((part) =>
    (dialect.signatures === "none" && (part.type === "thinking" || part.type === "redacted")) ||
    (dialect.signatures === "own" && part.type === "thinking" && (part.signature ?? "") === "")
      ? []
      : writeSpoken(part, ids)
  )

const writeSpoken = (part: Spoken, ids: ToolIds): ReadonlyArray<JsonObject> => {
  switch (part.type) {
    case "text":
      return part.text.trim() === "" ? [] : [withCache(asText(part.text), part.cache)]
    case "refusal":
      return part.text.trim() === "" ? [] : [asText(part.text)]
    case "thinking":
      return [{ type: "thinking", thinking: part.text, signature: part.signature ?? "" }]
    case "redacted":
      return [{ type: "redacted_thinking", data: part.data }]
    case "left":
      return []
    case "call":
      return [
        withCache(
          {
            type: "tool_use",
            id: ids.call(part.id, part.isOwnId),
            name: part.name,
            input: input(part),
            ...part.members
          },
          part.cache
        )
      ]
  }
}

/** The arguments of a call as an object, as required; anything else is wrapped into one. */
export const input = (call: Pick<Call, "arguments">): JsonObject => {
  if (call.arguments.trim() === "") return {}
  const parsed = parse(unwrapped(call.arguments))
  // Some clients and servers write `null` for a call without arguments.
  if (call.arguments.trim() === "null") return {}
  return isObject(parsed) ? parsed : { arguments: parsed ?? call.arguments }
}
