/**
 * The shared part of request readers: a table with a row for each field of the body, and a draft that the rows fill
 * in.
 *
 * A field without a row, and a value that its row does not accept, is dropped and recorded.
 */
import type { Format, Request, Settings, Tool, ToolChoice } from "./Common.ts"
import type { Dropped } from "./Dropped.ts"
import { isObject, type JsonObject, string } from "./Json.ts"

/** The request read so far. */
export interface Draft {
  readonly settings: Settings
  readonly dropped: Dropped
  readonly tools: Array<Tool>
  toolChoice: ToolChoice | undefined
  /** The only tools that may be called; `undefined` for all. */
  allowed: ReadonlySet<string> | undefined
  parallel: boolean | undefined
  format: Format | undefined
  /** The answer has to be a JSON object, whatever its schema. */
  isJson: boolean
}

/** Reads the value of a field. `false`: it cannot be translated. */
export type Read = (value: unknown, draft: Draft, body: JsonObject) => boolean

/** A field and how it is read. */
export type Field = readonly [name: string, read: Read]

/** Sets a value; `false` if it is undefined. */
export const set = <Key extends keyof Settings>(
  draft: Draft,
  key: Key,
  value: Settings[Key] | undefined
): boolean => {
  if (value === undefined) return false
  draft.settings[key] = value
  return true
}

/** A field without a counterpart, and the values that have no effect. */
export const says = (...nothing: ReadonlyArray<unknown>): Read => {
  return (value) => nothing.includes(value)
}

/** A field that would hold the conversation, or a part of it, if the protocol had it: without it, a model would answer blindly. */
export const conversation =
  (name: string): Read =>
  (_, { dropped }) => {
    dropped.content(name)
    return true
  }

/** The messages: a list; a message alone and a text are read like a list of one. */
export const messagesOf = (messages: unknown): unknown =>
  typeof messages === "string"
    ? [{ role: "user", content: messages }]
    : isObject(messages)
      ? [messages]
      : messages

/** Reads all of a request except its conversation. */
export const readFields = (
  fields: ReadonlyMap<string, Read>,
  body: JsonObject,
  dropped: Dropped
): Omit<Request, "system" | "turns"> => {
  const draft: Draft = {
    settings: {},
    dropped,
    tools: [],
    toolChoice: undefined,
    allowed: undefined,
    parallel: undefined,
    format: undefined,
    isJson: false
  }
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue
    if (fields.get(name)?.(value, draft, body) !== true) dropped.field(name)
  }
  const { allowed, format, isJson, parallel, settings, toolChoice, tools } = draft
  return {
    model: string(body.model) ?? "",
    stream: body.stream === true,
    tools: allowed === undefined ? tools : tools.filter((tool) => allowed.has(tool.name)),
    toolChoice,
    parallel,
    format,
    ...(isJson && { isJson }),
    settings
  }
}
