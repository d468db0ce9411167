/** Reads the messages of a chat-completions request. */
import type { Content, Request, Spoken, Turn } from "../common/Common.ts"
import * as DataUrl from "../common/DataUrl.ts"
import type { Dropped } from "../common/Dropped.ts"
import {
  parts as contentParts,
  isObject,
  type JsonObject,
  object,
  objects,
  string,
  text,
  write
} from "../common/Json.ts"
import * as CustomTools from "../protocol/CustomTools.ts"
import * as Reasoning from "./parts/Reasoning.ts"
import { readAudio } from "./ReadCommon.ts"

const messageKeys: Readonly<Record<string, ReadonlySet<string>>> = {
  system: new Set(["role", "content", "cache_control"]),
  developer: new Set(["role", "content", "cache_control"]),
  user: new Set(["role", "content", "cache_control"]),
  tool: new Set(["role", "content", "tool_call_id"]),
  // The legacy result of a `function_call`. Results are assigned to the calls in order.
  function: new Set(["role", "content", "name"]),
  assistant: new Set([
    "role",
    "content",
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning_details",
    "reasoning_content",
    "reasoning",
    // Added by the official client to an answer before it is sent back.
    "parsed",
    "annotations"
  ])
}

/** The system prompts before the first message, and all turns after them. */
export const readMessages = (
  messages: unknown,
  dropped: Dropped
): Pick<Request, "developers" | "system" | "systemCache" | "turns"> => {
  const system: Array<string> = []
  const developers = new Set<number>()
  const systemCache = new Map<number, JsonObject>()
  const turns: Array<Turn> = []
  for (const message of objects(messages)) {
    const role = string(message.role) ?? ""
    const keys = Object.hasOwn(messageKeys, role) ? messageKeys[role] : undefined
    if (keys === undefined) {
      dropped.content(`messages.${role}`)
      continue
    }
    dropped.rest(message, "messages", keys)
    // Audio of the model: https://developers.openai.com/api/docs/guides/audio
    if (isObject(message.audio)) dropped.content("messages.audio")
    if (role === "system" || role === "developer") {
      const shown = cached(readContent(message.content, dropped), message.cache_control)
      const said = shown.filter((part) => part.type === "text")
      for (const { type } of shown) if (type !== "text") dropped.content(`messages.${role}.${type}`)
      const isDevelopers = role === "developer"
      if (turns.length > 0)
        turns.push({
          role: "system",
          texts: said.map((part) => part.text),
          ...(isDevelopers && { isDevelopers })
        })
      else {
        for (const { cache, text } of said) {
          if (cache !== undefined) systemCache.set(system.length, cache)
          if (isDevelopers) developers.add(system.length)
          system.push(text)
        }
      }
    } else if (role === "assistant") {
      turns.push({ role: "assistant", parts: readAssistant(message, dropped) })
    } else if (role === "tool" || role === "function") {
      const id = string(message.tool_call_id) ?? ""
      const parts = cached(readContent(message.content, dropped), message.cache_control)
      turns.push({ role: "user", parts: [{ type: "result", id, parts, isError: false }] })
    } else {
      const parts = cached(readContent(message.content, dropped), message.cache_control)
      turns.push({ role: "user", parts })
    }
  }
  return {
    system,
    turns,
    ...(systemCache.size > 0 && { systemCache }),
    ...(developers.size > 0 && { developers })
  }
}

/** Cache control of a whole message applies to its last part. */
const cached = (parts: ReadonlyArray<Content>, cache: unknown): ReadonlyArray<Content> => {
  const last = parts.at(-1)
  return isObject(cache) && last !== undefined ? [...parts.slice(0, -1), { ...last, cache }] : parts
}

const partKeys = new Map([
  ["text", new Set(["type", "text", "cache_control"])],
  ["image_url", new Set(["type", "image_url", "cache_control"])],
  ["input_audio", new Set(["type", "input_audio", "cache_control"])],
  ["file", new Set(["type", "file", "cache_control"])]
])
const imageKeys = new Set(["url"])
const fileKeys = new Set(["file_data", "filename"])

/** Text, or a list of parts. */
const readContent = (content: unknown, dropped: Dropped): ReadonlyArray<Content> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  const parts: Array<Content> = []
  for (const part of contentParts(content)) {
    const type = string(part.type) ?? ""
    const keys = partKeys.get(type)
    const read = keys === undefined ? undefined : readPart(type, part, dropped)
    if (keys !== undefined && read !== undefined) {
      parts.push(isObject(part.cache_control) ? { ...read, cache: part.cache_control } : read)
      dropped.rest(part, `messages.content.${type}`, keys)
    } else dropped.content(`messages.content.${type}`)
  }
  return parts
}

const readPart = (type: string, part: JsonObject, dropped: Dropped): Content | undefined => {
  if (type === "text") {
    const said = string(part.text)
    return said === undefined ? undefined : { type: "text", text: said }
  }
  if (type === "image_url") {
    const image = isObject(part.image_url) ? part.image_url : { url: part.image_url }
    const url = text(image.url)
    if (url === undefined) return undefined
    if (image.detail !== "auto") dropped.rest(image, "messages.content.image_url", imageKeys)
    return { type: "image", media: DataUrl.read(url) }
  }
  if (type === "input_audio") return readAudio(part)
  const file = object(part.file)
  const data = text(file.file_data)
  if (data === undefined) return undefined
  dropped.rest(file, "messages.content.file", fileKeys)
  return { type: "document", media: DataUrl.readFile(data), name: text(file.filename) }
}

const callKeys = new Set(["id", "type", "function", "custom", "index"])

/** Reads a function call; `false` for one without a name. */
const readCall = (id: string, { arguments: args, name }: JsonObject, parts: Array<Spoken>): boolean => {
  const known = text(name)
  if (known === undefined) return false
  parts.push({ type: "call", id, name: known, arguments: typeof args === "string" ? args : write(args) })
  return true
}

const readCustomCall = (id: string, { input, name }: JsonObject, parts: Array<Spoken>): boolean => {
  const known = text(name)
  if (known === undefined) return false
  parts.push({ type: "call", id, name: known, arguments: CustomTools.argumentsOf(input) })
  return true
}

const readAssistant = (message: JsonObject, dropped: Dropped): ReadonlyArray<Spoken> => {
  const parts: Array<Spoken> = [...Reasoning.read(message.reasoning_details)]
  const thought = parts.length === 0 ? Reasoning.textOf(message) : undefined
  if (thought !== undefined) parts.push({ type: "thinking", text: thought })
  if (typeof message.content === "string") parts.push({ type: "text", text: message.content })
  else {
    for (const part of contentParts(message.content)) {
      const said = string(part.type === "refusal" ? part.refusal : part.text)
      if (said === undefined) {
        const type = string(part.type) ?? "type"
        if (partKeys.has(type)) dropped.content(`messages.content.${type}`)
        else dropped.field(`messages.content.${type}`)
      } else if (part.type === "refusal") parts.push({ type: "refusal", text: said })
      else {
        const cache = isObject(part.cache_control) ? { cache: part.cache_control } : {}
        parts.push({ type: "text", text: said, ...cache })
      }
    }
  }
  const refusal = text(message.refusal)
  if (refusal !== undefined) parts.push({ type: "refusal", text: refusal })
  if (isObject(message.function_call) && !readCall("", message.function_call, parts)) {
    dropped.field("messages.function_call")
  }
  for (const call of objects(message.tool_calls)) {
    const id = string(call.id) ?? ""
    const isCustom = call.type === "custom"
    const isRead = isCustom
      ? readCustomCall(id, object(call.custom), parts)
      : readCall(id, object(call.function), parts)
    if (!isRead) {
      dropped.field(`messages.tool_calls.${string(call.type) ?? "type"}`)
      continue
    }
    dropped.rest(call, "messages.tool_calls", callKeys)
  }
  return parts
}
