/** Writes turns as the messages of a chat-completions request. */
import type { Dialect } from "../../dialect/index.ts"
import { merge } from "../carry/Members.ts"
import type { Call, Content, Document, Request, Result, Spoken } from "../common/Common.ts"
import * as DataUrl from "../common/DataUrl.ts"
import type { Dropped } from "../common/Dropped.ts"
import { append, compact, isObject, type JsonObject } from "../common/Json.ts"
import * as ToolNames from "../common/ToolNames.ts"
import { type Rule, ruleOf, ToolIds } from "../protocol/ToolIds.ts"
import { JoinedText } from "./parts/JoinedText.ts"
import { thinkingPart } from "./parts/MessageContent.ts"
import { tagged, taggedThought } from "./parts/ThinkTags.ts"
import { marked } from "./parts/UnsignedCalls.ts"

/** OpenAI refuses ids that are longer: `string too long. Expected a string with maximum length 40`. */
const rule: Rule = { allowed: /^/, forbidden: /[^\w-]/g, longest: 40 }

/** The messages: the system prompts first, one message each. */
export const writeMessages = (
  request: Request,
  dropped: Dropped,
  dialect: Dialect
): ReadonlyArray<JsonObject> => {
  const ids = new ToolIds(ruleOf(dialect, rule))
  const isOne = dialect.system === "first" && request.system.length > 1
  const caches = dialect.cacheControl ? request.systemCache : undefined
  const asPart = (text: string, at: number): JsonObject => withCache({ type: "text", text }, caches?.get(at))
  const isCached = (caches?.size ?? 0) > 0
  const system: ReadonlyArray<string | ReadonlyArray<JsonObject>> = isOne
    ? [isCached ? request.system.map(asPart) : request.system.join("\n\n")]
    : request.system.map((text, at) => (caches?.has(at) === true ? [asPart(text, at)] : text))
  const roleOf = (isDevelopers: boolean | undefined) =>
    isDevelopers === true && dialect.developerRole ? "developer" : "system"
  const messages: Array<JsonObject> = system.map((content, at) => ({
    role: roleOf(!isOne && request.developers?.has(at)),
    content
  }))
  const names = dialect.resultNames ? namesOf(request) : undefined
  for (const turn of request.turns) {
    switch (turn.role) {
      case "system":
        for (const content of turn.texts) messages.push({ role: roleOf(turn.isDevelopers), content })
        break
      case "user":
        append(messages, writeUser(turn.parts, ids, dropped, dialect, names))
        break
      case "assistant": {
        const message = writeAssistant(turn.parts, ids, dropped, dialect)
        if (message !== undefined) messages.push(message)
      }
    }
  }
  const last = messages.at(-1)
  if (last?.role === "assistant") {
    if (dialect.prefill === "prefix" && last.tool_calls === undefined) {
      messages[messages.length - 1] = { ...last, prefix: true }
    } else {
      dropped.common("prefill")
      if (dialect.prefill === "none" && last.tool_calls === undefined)
        messages.push({ role: "user", content: "Continue." })
    }
  }
  return dialect.afterToolResult === "assistant" ? bridged(messages) : messages
}

/** The names of the called tools, by the ids of the calls. */
const namesOf = ({ turns }: Request): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  for (const turn of turns) {
    if (turn.role !== "assistant") continue
    for (const part of turn.parts) if (part.type === "call") names.set(part.id, ToolNames.shorten(part.name))
  }
  return names
}

/** Inserted between a tool result and the user's text, for servers that require a model turn there. */
const bridge: JsonObject = { role: "assistant", content: "Done." }

const bridged = (messages: ReadonlyArray<JsonObject>): ReadonlyArray<JsonObject> =>
  messages.flatMap((message, index) =>
    message.role === "user" && messages[index - 1]?.role === "tool" ? [bridge, message] : [message]
  )

/**
 * Tool results are separate messages and come first, directly after the calls. They hold only text, so other content
 * of a tool goes into the following user message.
 */
const writeUser = (
  parts: ReadonlyArray<Content | Result>,
  ids: ToolIds,
  dropped: Dropped,
  dialect: Dialect,
  names: ReadonlyMap<string, string> | undefined
): ReadonlyArray<JsonObject> => {
  const messages: Array<JsonObject> = []
  const rest: Array<JsonObject> = []
  for (const part of parts) {
    if (part.type !== "result") continue
    const tool_call_id = ids.result(part.id)
    const shown = writeParts(part.parts, dropped, dialect)
    const texts = shown.filter((part) => part.type === "text")
    const others = shown.filter((part) => part.type !== "text")
    if (others.length > 0) {
      rest.push({ type: "text", text: `What the tool call ${tool_call_id} shows:` })
      append(rest, others)
      if (texts.length === 0) texts.push({ type: "text", text: "See the next message." })
    }
    const content = asContent(texts)
    const name = names?.get(part.id)
    messages.push({
      role: "tool",
      ...(name === undefined ? {} : { name }),
      tool_call_id,
      content: part.isError ? markError(content) : content
    })
  }
  const shown = parts.filter((part) => part.type !== "result")
  append(rest, writeParts(shown, dropped, dialect))
  // An empty message of the caller is kept, unless a result replaces it.
  if (rest.length > 0 || (messages.length === 0 && shown.length === parts.length)) {
    messages.push({ role: "user", content: asContent(rest) })
  }
  return messages
}

/** There is no error flag for a tool result, so its text marks it. */
const markError = (content: string | ReadonlyArray<JsonObject>): string | ReadonlyArray<JsonObject> => {
  if (typeof content !== "string") return [{ type: "text", text: "Error:" }, ...content]
  return /error/i.test(content.slice(0, 64)) ? content : `Error: ${content}`
}

/**
 * Texts alone are one text, because many servers accept no list of them: Groq (`for 'role:tool' the following must be
 * satisfied[('messages.2.content' : value must be a string)]`), DeepSeek (`invalid type: sequence, expected a string`).
 *
 * - https://github.com/CherryHQ/cherry-studio/issues/3307
 * - https://github.com/QwenLM/qwen-code/pull/2320
 */
const asContent = (parts: ReadonlyArray<JsonObject>): string | ReadonlyArray<JsonObject> => {
  const joined = new JoinedText()
  for (const { cache_control, text } of parts) {
    if (typeof text !== "string" || cache_control !== undefined) return parts
    joined.addApart(text)
  }
  return joined.toString()
}

const withCache = (part: JsonObject, cache: JsonObject | undefined): JsonObject =>
  cache === undefined ? part : { ...part, cache_control: cache }

const writeParts = (
  parts: ReadonlyArray<Content>,
  dropped: Dropped,
  { cacheControl, documents }: Dialect
): Array<JsonObject> => {
  const written: Array<JsonObject> = []
  for (const part of parts) {
    const made = writePart(part, documents === "url")
    if (made === undefined) dropped.lost("document", "url")
    else written.push(cacheControl ? withCache(made, part.cache) : made)
  }
  return written
}

const writePart = (part: Content, areFetched: boolean): JsonObject | undefined => {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text }
    case "audio":
      return { type: "input_audio", input_audio: { data: part.data, format: part.format } }
    case "image":
      return { type: "image_url", image_url: { url: DataUrl.write(part.media) } }
    case "document":
      return writeDocument(part, areFetched)
  }
}

/** PDFs are files, plain text is text. A document given by URL goes only to servers that fetch it. */
const writeDocument = ({ media, name }: Document, areFetched: boolean): JsonObject | undefined => {
  if (media.type === "url" && !areFetched) return undefined
  if (media.type === "text") {
    return { type: "text", text: name === undefined ? media.text : `${name}\n\n${media.text}` }
  }
  return { type: "file", file: { filename: name ?? "document.pdf", file_data: DataUrl.write(media) } }
}

const writeCall = (call: Call, ids: ToolIds): JsonObject => {
  const { function: inner, ...members } = call.members ?? {}
  return {
    id: ids.call(call.id, call.isOwnId),
    type: "function",
    function: {
      name: ToolNames.shorten(call.name),
      arguments: call.arguments.trim() === "" ? "{}" : call.arguments,
      ...(isObject(inner) && inner)
    },
    ...members
  }
}

const writeAssistant = (
  parts: ReadonlyArray<Spoken>,
  ids: ToolIds,
  dropped: Dropped,
  { unsignedCalls }: Dialect
): JsonObject | undefined => {
  let said: JoinedText | undefined
  let refusal: string | undefined
  /** The next text does not continue the previous one. */
  let isApart = false
  const calls: Array<JsonObject> = []
  const left: Record<string, unknown> = {}
  for (const part of parts) {
    switch (part.type) {
      case "text":
        isApart ||= part.isApart === true
        said ??= new JoinedText()
        if (isApart) said.addApart(part.text)
        else said.add(part.text)
        if (part.text !== "") isApart = false
        break
      case "refusal":
        refusal = (refusal ?? "") + part.text
        break
      case "call":
        isApart = true
        calls.push(writeCall(part, ids))
        break
      case "left":
        isApart = true
        merge(left, part.members)
        break
      default:
        dropped.common("thinking")
    }
  }
  if (said === undefined && refusal === undefined && calls.length === 0) return undefined
  const { [taggedThought]: inTags, [thinkingPart]: thought, ...members } = left
  const text = said?.toString()
  const content =
    typeof thought === "string"
      ? [
          { type: "thinking", thinking: [{ type: "text", text: thought }] },
          ...(text === undefined ? [] : [{ type: "text", text }])
        ]
      : typeof inTags === "string"
        ? tagged(inTags, text)
        : (text ?? null)
  return compact({
    role: "assistant",
    content,
    ...members,
    refusal,
    tool_calls: calls.length === 0 ? undefined : unsignedCalls === "marked" ? marked(calls) : calls
  })
}
