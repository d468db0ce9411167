/** Reads the messages of a chat-completions request. */

import { thoughtTextNames } from "../../words/Thoughts.ts"
import type { Content, Request, Result, Spoken, Turn } from "../common/Common.ts"
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
import * as CallBlocks from "../protocol/CallBlocks.ts"
import * as CustomTools from "../protocol/CustomTools.ts"
import * as Reasoning from "./parts/Reasoning.ts"
import { isKnown, readContent } from "./ReadParts.ts"

const messageKeys: Readonly<Record<string, ReadonlySet<string>>> = {
  system: new Set(["role", "content", "cache_control"]),
  developer: new Set(["role", "content", "cache_control"]),
  user: new Set(["role", "content", "cache_control"]),
  tool: new Set(["role", "content", "tool_call_id", "cache_control"]),
  // The legacy result of a `function_call`. Results are assigned to the calls in order.
  function: new Set(["role", "content", "name", "cache_control"]),
  assistant: new Set([
    "role",
    "content",
    "cache_control",
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning_details",
    "thinking_blocks",
    ...thoughtTextNames,
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
    } else turns.push({ role: "user", parts: readUser(message, dropped) })
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

/** Marks the last part of an answer, if it can be marked. */
const mark = (parts: Array<Spoken>, cache: unknown): void => {
  const last = parts.at(-1)
  if (isObject(cache) && (last?.type === "text" || last?.type === "call"))
    parts.splice(-1, 1, { ...last, cache })
}

const callKeys = new Set(["id", "type", "function", "custom", "index", "cache_control"])

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

/** A call in Anthropic's form, or in LangChain's. */
const usedIn = (part: JsonObject): JsonObject | undefined =>
  part.type === "tool_use"
    ? { name: part.name, arguments: CallBlocks.argumentsOf(part) }
    : part.type === "tool_call"
      ? { name: part.name, arguments: part.args ?? {} }
      : undefined

/** The content of the user, with the results of tools in Anthropic's form: https://github.com/askalf/dario/pull/203 */
const readUser = (message: JsonObject, dropped: Dropped): ReadonlyArray<Content | Result> => {
  const { content } = message
  if (!objects(content).some(({ type }) => type === "tool_result")) {
    return cached(readContent(content, dropped), message.cache_control)
  }
  return contentParts(content).flatMap((part): ReadonlyArray<Content | Result> => {
    if (part.type !== "tool_result") return readContent(part, dropped)
    const id = string(part.tool_use_id) ?? ""
    const parts = cached(readContent(part.content, dropped), part.cache_control)
    return [{ type: "result", id, parts, isError: part.is_error === true }]
  })
}

const readAssistant = (message: JsonObject, dropped: Dropped): ReadonlyArray<Spoken> => {
  const details = Reasoning.read(message.reasoning_details)
  const parts: Array<Spoken> = [
    ...(details.length > 0 ? details : Reasoning.readBlocks(message.thinking_blocks))
  ]
  const thought = parts.length === 0 ? Reasoning.textOf(message) : undefined
  if (thought !== undefined) parts.push({ type: "thinking", text: thought })
  if (typeof message.content === "string") parts.push({ type: "text", text: message.content })
  else {
    const known = new Set(objects(message.tool_calls).map(({ id }) => id))
    for (const part of CallBlocks.joined(contentParts(message.content))) {
      if (CallBlocks.isRepeated(part, known)) continue
      const type = string(part.type) ?? "type"
      const thought = Reasoning.ofPart(part)
      if (thought !== undefined) {
        parts.push(thought)
        continue
      }
      const used = usedIn(part)
      if (used !== undefined && readCall(string(part.id) ?? "", used, parts)) continue
      const said = string(part.type === "refusal" ? part.refusal : part.text)
      if (said === undefined) {
        if (isKnown(type)) dropped.content(`messages.content.${type}`)
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
    mark(parts, call.cache_control)
    dropped.rest(call, "messages.tool_calls", callKeys)
  }
  mark(parts, message.cache_control)
  return parts
}
