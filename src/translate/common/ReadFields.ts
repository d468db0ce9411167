/**
 * What the readers of requests have in common: a table with a row for each field of the body, and a draft that the rows
 * fill in.
 *
 * A field without a row, and a value that its row does not understand, is dropped and named among what was dropped.
 */
import type { Format, Request, Settings, Tool, ToolChoice } from "./Common.ts"
import type { Dropped } from "./Dropped.ts"
import { type JsonObject, string } from "./Json.ts"

/** What has been read so far. */
export interface Draft {
  readonly settings: Settings
  readonly dropped: Dropped
  readonly tools: Array<Tool>
  toolChoice: ToolChoice | undefined
  /** The only tools that may be called; `undefined` for all. */
  allowed: ReadonlySet<string> | undefined
  parallel: boolean | undefined
  format: Format | undefined
}

/** What becomes of the value of a field. `false`: it says something that cannot be translated. */
export type Read = (value: unknown, draft: Draft, body: JsonObject) => boolean

/** A field and how it is read. */
export type Field = readonly [name: string, read: Read]

/** Sets what was understood; `false` when that is nothing. */
export const set = <Key extends keyof Settings>(
  draft: Draft,
  key: Key,
  value: Settings[Key] | undefined
): boolean => {
  if (value === undefined) return false
  draft.settings[key] = value
  return true
}

/** A field without a counterpart, and the values with which it says nothing. */
export const says = (...nothing: ReadonlyArray<unknown>): Read => {
  return (value) => nothing.includes(value)
}

/** Reads all of a request but its conversation. */
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
    format: undefined
  }
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue
    if (fields.get(name)?.(value, draft, body) !== true) dropped.field(name)
  }
  const { allowed, format, parallel, settings, toolChoice, tools } = draft
  return {
    model: string(body.model) ?? "",
    stream: body.stream === true,
    tools: allowed === undefined ? tools : tools.filter((tool) => allowed.has(tool.name)),
    toolChoice,
    parallel,
    format,
    settings
  }
}
