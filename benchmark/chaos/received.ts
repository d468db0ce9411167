/** What a caller received: the text, and whether the answer is marked as complete or as failed. */
import type { Api } from "./plan.ts"

/** An answer, read from its protocol. */
export interface Received {
  /** The text received so far. For a tool call, its arguments. */
  readonly text: string
  /** Whether content was received: text, or the beginning of a tool call, which may have no arguments yet. */
  readonly hasBegun: boolean
  /** Whether it is complete by its protocol. */
  readonly isComplete: boolean
  /** Whether it is an error of its protocol. */
  readonly isError: boolean
}

type Json = { readonly [key: string]: unknown } | undefined

const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const parse = (text: string): Json => {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === "object" && json !== null ? { ...json } : undefined
  } catch {
    return undefined
  }
}

const isErrorOf = (api: Api, json: Json): boolean =>
  typeof at(json, "error", "message") === "string" &&
  typeof at(json, "error", "type") === "string" &&
  (api !== "messages" || at(json, "type") === "error")

/** Reads a whole answer. */
export const whole = (api: Api, status: number, body: string): Received => {
  const json = parse(body)
  if (status !== 200) return { text: "", hasBegun: false, isComplete: false, isError: isErrorOf(api, json) }
  return { text: wholeText(api, json), hasBegun: true, isComplete: true, isError: false }
}

const wholeText = (api: Api, json: Json): string => {
  if (api === "chat") {
    const message = at(json, "choices", 0, "message")
    return textOf(at(message, "tool_calls", 0, "function", "arguments")) + textOf(at(message, "content"))
  }
  const list = at(json, api === "messages" ? "content" : "output")
  return (Array.isArray(list) ? list : [])
    .map((item: unknown) => {
      const input = at(item, "input")
      if (input !== undefined) return JSON.stringify(input)
      return textOf(at(item, "text")) + textOf(at(item, "arguments")) + textOf(at(item, "content", 0, "text"))
    })
    .join("")
}

/** Reads a stream. */
export const stream = (api: Api, body: string): Received => {
  let text = ""
  let hasCall = false
  let isComplete = false
  let isError = false
  for (const block of body.split("\n\n")) {
    const data = block
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).trimStart())
      .join("\n")
    if (data === "") continue
    if (data === "[DONE]") {
      isComplete = true
      continue
    }
    const json = parse(data)
    const type = at(json, "type")
    if (api === "chat") {
      const delta = at(json, "choices", 0, "delta")
      text += textOf(at(delta, "content")) + textOf(at(delta, "tool_calls", 0, "function", "arguments"))
      if (at(delta, "tool_calls", 0) !== undefined) hasCall = true
      if (at(json, "error") !== undefined) isError = true
    } else if (api === "messages") {
      text += textOf(at(json, "delta", "text")) + textOf(at(json, "delta", "partial_json"))
      if (at(json, "content_block", "type") === "tool_use") hasCall = true
      if (type === "message_stop") isComplete = true
      if (type === "error") isError = isErrorOf(api, json)
    } else {
      if (type === "response.output_text.delta" || type === "response.function_call_arguments.delta")
        text += textOf(at(json, "delta"))
      if (at(json, "item", "type") === "function_call") hasCall = true
      if (type === "response.completed") isComplete = true
      if (type === "error" || type === "response.failed") isError = true
    }
  }
  return { text, hasBegun: hasCall || text !== "", isComplete, isError }
}
