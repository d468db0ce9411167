/**
 * Converts chat completions between whole answers and chunks.
 *
 * https://platform.openai.com/docs/api-reference/chat/object and
 * https://platform.openai.com/docs/api-reference/chat-streaming
 */
import { hasDelta, saidIn } from "../../words/Choices.ts"
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"
import { ChatCalls } from "./ChatCalls.ts"
import { counted } from "./Counted.ts"
import type { Forms } from "./Forms.ts"
import * as Mended from "./Mended.ts"
import { chunkOf } from "./Ollama.ts"

type Draft = Record<string, unknown>

const toEvents: Forms["toEvents"] = (json) => {
  const own = chunkOf(json)
  if (own !== undefined) return own
  const { choices, usage, ...head } = Mended.completion(json) ?? json
  if (!Array.isArray(choices) || !choices.some((choice) => isObject(choice) && isObject(choice.message))) {
    return undefined
  }
  const common = { ...head, object: "chat.completion.chunk" }
  const given = choices.filter(isObject)
  const events: Array<JsonObject | "[DONE]"> = given.map(({ finish_reason: _, message, ...choice }) => ({
    ...common,
    choices: [{ ...choice, delta: deltaOf(message), finish_reason: null }]
  }))
  given.forEach(({ finish_reason, index, native_finish_reason }, at) => {
    const native = native_finish_reason === undefined ? {} : { native_finish_reason }
    const last = at === given.length - 1 && usage !== undefined ? { usage } : {}
    events.push({
      ...common,
      choices: [{ index: index ?? at, delta: {}, finish_reason: finish_reason ?? "stop", ...native }],
      ...last
    })
  })
  return [...events, "[DONE]"]
}

/** In a delta, tool calls have an index. */
const deltaOf = (message: unknown): JsonObject => {
  if (!isObject(message)) return {}
  const { tool_calls } = message
  return Array.isArray(tool_calls)
    ? {
        ...message,
        tool_calls: tool_calls.map((call, index) => (isObject(call) ? { index, ...call } : call))
      }
    : message
}

const toWhole: Forms["toWhole"] = (events) => {
  const chunks = events.flatMap(
    (event): ReadonlyArray<JsonObject> => chunkOf(event)?.filter((own) => own !== "[DONE]") ?? [event]
  )
  const whole: Draft = {}
  const choices = new Map<unknown, Draft>()
  /** The choices that came in deltas. */
  const inDeltas = new Set<unknown>()
  /** Those of them whose deltas have text. */
  const withText = new Set<unknown>()
  for (const chunk of chunks) {
    const { choices: given, ...head } = chunk
    for (const [name, value] of Object.entries(head)) {
      if (value !== null) whole[name] = name === "usage" ? counted(whole.usage, value) : value
    }
    for (const choice of Array.isArray(given) ? given.filter(isObject) : []) {
      const index = choice.index ?? 0
      const known: Draft = choices.get(index) ?? { index, message: {} }
      choices.set(index, known)
      const { delta: _, message, ...rest }: Draft = choice
      const said = saidIn(choice, withText.has(index))
      if (hasDelta(choice)) withText.add(index)
      const piece = said === undefined || said === message ? undefined : said
      // A text that was taken for what was said.
      if (piece !== undefined && piece !== choice.delta) delete rest.text
      for (const [name, value] of Object.entries(rest)) if (value !== null) known[name] = value
      const draft = known.message as Draft
      if (piece !== undefined) {
        merge(draft, piece)
        if (Object.keys(piece).some((name) => name !== "role" && isFull(piece[name]))) inDeltas.add(index)
      } else if (isObject(message)) merge(draft, inDeltas.has(index) ? restOf(message, draft) : message)
    }
  }
  const isMalformed = ({ message }: Draft) => callsOf.get(message as Draft)?.isMalformed === true
  if (choices.size === 0 || [...choices.values()].some(isMalformed)) return undefined
  return {
    ...whole,
    object: "chat.completion",
    choices: [...choices.values()].map(({ message, ...choice }) => {
      const said = finished(message as Draft)
      // Some servers end with `[DONE]` alone.
      const reason = isFull(said.tool_calls) ? "tool_calls" : "stop"
      return { ...choice, finish_reason: choice.finish_reason ?? reason, message: said }
    })
  }
}

/** Some servers end with the whole message: what its deltas did not say. */
const restOf = (message: JsonObject, said: Draft): JsonObject =>
  Object.fromEntries(Object.entries(message).filter(([name]) => !isFull(said[name])))

/** Members that are set once, though some servers repeat them. */
const once = new Set(["role", "id", "type", "name", "index"])

/**
 * Strings and lists are concatenated; for anything else the last value counts. Pieces of tool calls are matched by
 * index. The events are the caller's own: lists and objects of theirs grow in place, since a copy for each event would take
 * a time that grows with their square.
 */
const merge = (into: Draft, piece: JsonObject): void => {
  for (const [name, value] of Object.entries(piece)) {
    // A member of this name would be the prototype of all objects.
    if (name === "__proto__" || value === null || value === undefined) continue
    const known = into[name]
    if (name === "tool_calls" && typeof value === "object")
      mergeCalls(into, (Array.isArray(value) ? value : [value]).filter(isObject))
    else if (name === "content" && typeof value === "object") mergeContent(into, value)
    else if (name === "content" && Array.isArray(known)) mergeContent(into, value)
    else if (typeof value === "string" && typeof known === "string") {
      if (!once.has(name)) into[name] = known + value
      else if (known === "") into[name] = value
    } else if (Array.isArray(value) && Array.isArray(known)) for (const item of value) known.push(item)
    else if (isObject(value) && isObject(known)) merge(known, value)
    else if (!once.has(name) || known === undefined) into[name] = value
  }
}

/** Content with parts: texts are one text, also beside texts without parts; other parts stay apart. */
const mergeContent = (into: Draft, more: unknown): void => {
  for (const part of Array.isArray(more) ? more : [more]) {
    const text = textOf(part)
    const known = into.content
    if (text === "" && known !== undefined) continue
    if (text !== undefined && (known === undefined || typeof known === "string")) {
      into.content = (known ?? "") + text
      continue
    }
    const parts: Array<unknown> = Array.isArray(known)
      ? known
      : isFull(known)
        ? [{ type: "text", text: known }]
        : []
    into.content = parts
    const last = parts.at(-1)
    const before = text === undefined ? undefined : textOf(last)
    if (before === undefined) parts.push(text === undefined ? part : { type: "text", text })
    else parts[parts.length - 1] = { type: "text", text: before + text }
  }
}

/** The text of a part that has nothing else; `undefined` for any other. */
const textOf = (part: unknown): string | undefined => {
  if (typeof part === "string") return part
  if (!isObject(part) || typeof part.text !== "string" || (part.type ?? "text") !== "text") return undefined
  for (const name in part) if (name !== "type" && name !== "text" && name !== "index") return undefined
  return part.text
}

const mergeCalls = (into: Draft, pieces: ReadonlyArray<JsonObject>): void => {
  const calls = callsOf.get(into) ?? new ChatCalls()
  callsOf.set(into, calls)
  into.tool_calls = calls.list
  for (const piece of pieces) {
    const call = calls.of(piece)
    const known = isObject(call.function) ? call.function : {}
    const name = known === call.function ? calls.nameWith(call, piece) : undefined
    const before = known.arguments
    merge(call, piece)
    const made = call.function as Draft
    if (name !== undefined) made.name = name
    const more = isObject(piece.function) ? piece.function.arguments : undefined
    if (typeof more !== "string") continue
    if (isObject(before)) calls.restart(call)
    const args = calls.argue(call, more)
    if (args === undefined) calls.isMalformed = true
    else made.arguments = args
  }
}

/** The calls of a message that is being put together. */
const callsOf = new WeakMap<Draft, ChatCalls>()

const finished = (message: Draft): JsonObject => {
  const { tool_calls, ...rest } = message
  const calls = Array.isArray(tool_calls)
    ? { tool_calls: tool_calls.map(({ index: _, ...call }: Draft) => ({ type: "function", ...call })) }
    : {}
  return { role: "assistant", content: null, ...rest, ...calls }
}

/** Converts chat completions between whole answers and chunks. */
export const chats: Forms = { mend: Mended.completion, toEvents, toWhole }
