/** Reads the input of a Responses request. */
import type { Content, Request, Spoken, Turn } from "../common/Common.ts"
import * as DataUrl from "../common/DataUrl.ts"
import type { Dropped } from "../common/Dropped.ts"
import {
  append,
  parts as contentParts,
  isObject,
  type JsonObject,
  objects,
  string,
  text,
  write
} from "../common/Json.ts"
import { readAudio } from "../openai/ReadCommon.ts"
import { clientTools, flatName, readCall } from "../protocol/ClientTools.ts"
import * as DefinedTools from "../protocol/DefinedTools.ts"
import * as ToolSearch from "../protocol/ToolSearch.ts"
import { readHosted } from "./HostedCalls.ts"
import * as Reasoning from "./Reasoning.ts"

/** The conversation read so far: consecutive items of the model are one turn. */
interface Draft {
  readonly dropped: Dropped
  readonly system: Array<string>
  readonly developers: Set<number>
  readonly turns: Array<Turn>
  /** The model's content in the current turn. */
  said: Array<Spoken> | undefined
}

const speak = (draft: Draft): Array<Spoken> => {
  if (draft.said === undefined) {
    draft.said = []
    draft.turns.push({ role: "assistant", parts: draft.said })
  }
  return draft.said
}

/** Items of the model are separate turns, which the common form joins. */
const addTurn = (draft: Draft, parts: ReadonlyArray<Spoken>): void => {
  const said = speak(draft)
  const isApart = said.length > 0
  for (const [at, part] of parts.entries()) {
    said.push(isApart && at === 0 && part.type === "text" ? { ...part, isApart } : part)
  }
}

const show = (draft: Draft, turn: Turn): void => {
  draft.said = undefined
  draft.turns.push(turn)
}

/**
 * The system prompts before the first turn, and all turns. `instructions` come first: a text, or items.
 * https://docs.rs/agentsdk-openai/latest/agentsdk_openai/api/types/enum.ResponseInstructions.html
 */
export const readInput = (
  body: JsonObject,
  dropped: Dropped
): Pick<Request, "developers" | "system" | "turns"> => {
  const developers = new Set<number>()
  const draft: Draft = { dropped, system: [], developers, turns: [], said: undefined }
  if (typeof body.instructions === "string") draft.system.push(body.instructions)
  else for (const item of itemsOf(body.instructions)) readItem(item, draft)
  if (typeof body.input === "string") {
    draft.turns.push({ role: "user", parts: [{ type: "text", text: body.input }] })
  } else {
    const items = itemsOf(body.input)
    for (const item of items) readItem(item, draft)
    if (hasOpenApproval(items)) dropped.content("input.mcp_approval_response")
  }
  return { system: draft.system, turns: draft.turns, ...(developers.size > 0 && { developers }) }
}

/** Whether a call of a tool that only OpenAI can run was approved and not made yet: this request asks for it. */
const hasOpenApproval = (items: ReadonlyArray<JsonObject>): boolean => {
  const approved = items.findLastIndex(
    ({ approve, type }) => type === "mcp_approval_response" && approve === true
  )
  return approved >= 0 && !items.slice(approved).some(({ type }) => type === "mcp_call")
}

/** The items; a text among them is a message of the user, and an item alone is a list of one. */
const itemsOf = (input: unknown): ReadonlyArray<JsonObject> =>
  (Array.isArray(input) ? input : [input]).flatMap((item) =>
    typeof item === "string" ? [{ role: "user", content: item }] : isObject(item) ? [item] : []
  )

/** One row for each type of item: the fields that are read or irrelevant, and the result. */
interface Row {
  readonly keys: ReadonlySet<string>
  readonly read: (item: JsonObject, draft: Draft) => boolean
}

const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  [
    "message",
    {
      keys: new Set(["type", "id", "status", "role", "content", "phase"]),
      read: (item, draft) => readMessage(item, draft)
    }
  ],
  [
    "function_call",
    {
      keys: new Set([
        "type",
        "id",
        "status",
        "call_id",
        "name",
        "namespace",
        "arguments",
        "parsed_arguments"
      ]),
      read: (item, draft) => {
        const own = text(item.name)
        if (own === undefined) return false
        const name = flatName(own, text(item.namespace))
        const args = typeof item.arguments === "string" ? item.arguments : write(item.arguments)
        speak(draft).push({ type: "call", id: string(item.call_id) ?? "", name, arguments: args })
        return true
      }
    }
  ],
  [
    "function_call_output",
    {
      keys: new Set(["type", "id", "status", "call_id", "output"]),
      read: (item, draft) => {
        const parts = readContent(item.output, draft.dropped)
        const id = string(item.call_id) ?? ""
        show(draft, { role: "user", parts: [{ type: "result", id, parts, isError: false }] })
        return true
      }
    }
  ],
  // Its tools are read with all others.
  [DefinedTools.item, { keys: new Set(["type", "id", "status", "role", "tools"]), read: () => true }],
  [
    "reasoning",
    {
      keys: new Set(["type", "id", "status", "summary", "content", "encrypted_content"]),
      read: (item, draft) => {
        const thought = Reasoning.read(item) ?? Reasoning.readUnsigned(item)
        if (thought !== undefined) speak(draft).push(thought)
        return thought !== undefined
      }
    }
  ]
])

/** The calls of client tools, and their results. */
const callKeys = new Set([
  "type",
  "id",
  "status",
  "call_id",
  "name",
  "namespace",
  "input",
  "action",
  "operation",
  "arguments",
  "execution"
])
const outputKeys = new Set([
  "type",
  "id",
  "status",
  "call_id",
  "output",
  "max_output_length",
  "tools",
  "execution"
])

const namesOf = (tool: JsonObject): ReadonlyArray<string> => {
  const own = clientTools(tool).map((each) => each.tool.name)
  return own.length > 0 ? own : [string(tool.name) ?? ""]
}

const readClientItem = (type: string, item: JsonObject, draft: Draft): ReadonlySet<string> | undefined => {
  const call = readCall(item)
  if (call !== undefined) {
    speak(draft).push(call)
    return callKeys
  }
  if (type === "tool_search_output" && ToolSearch.isClients(item)) {
    const names = objects(item.tools).flatMap((tool) => namesOf(tool))
    const said =
      names.length === 0 ? "No tool was found." : `These tools can be called now: ${names.join(", ")}`
    const parts = [{ type: "text" as const, text: said }]
    show(draft, {
      role: "user",
      parts: [{ type: "result", id: string(item.call_id) ?? "", parts, isError: false }]
    })
    return outputKeys
  }
  if (!/^(custom_tool|local_shell|shell|apply_patch)_call_output$/.test(type)) return undefined
  const { output } = item
  const isParts =
    typeof output === "string" || objects(output).some((part) => partKeys.has(String(part.type)))
  const said = isParts ? output : write(output)
  const parts = readContent(said, draft.dropped)
  const id = string(item.call_id) ?? string(item.id) ?? ""
  show(draft, { role: "user", parts: [{ type: "result", id, parts, isError: item.status === "failed" }] })
  return outputKeys
}

/** Calls of tools that OpenAI runs, with their results. `false` for any other item. */
const readHostedItem = (item: JsonObject, draft: Draft): boolean => {
  const hosted = readHosted(item)
  if (hosted === undefined) return false
  const { call, shown } = hosted
  if (call !== undefined) speak(draft).push(call)
  if (shown !== undefined) {
    const parts = readContent(shown.output, draft.dropped)
    show(draft, { role: "user", parts: [{ type: "result", id: shown.id, parts, isError: shown.isError }] })
  }
  return true
}

/** Items without content for the model: definitions, permissions, and searches with results at OpenAI. */
const quiet: ReadonlySet<string> = new Set([
  "reasoning",
  "function_call",
  "item_reference",
  "web_search_call",
  "file_search_call",
  "image_generation_call",
  "mcp_list_tools",
  "mcp_approval_request",
  "mcp_approval_response",
  "tool_search_call",
  "tool_search_output"
])

/** An item without a type is a message. What is not known may be content, such as a `compaction`. */
const readItem = (item: JsonObject, draft: Draft): void => {
  const type = string(item.type) ?? "message"
  const own = readClientItem(type, item, draft)
  if (own !== undefined) {
    draft.dropped.rest(item, `input.${type}`, own)
    return
  }
  if (readHostedItem(item, draft)) return
  const row = rows.get(type)
  if (row?.read(item, draft) === true) draft.dropped.rest(item, `input.${type}`, row.keys)
  else if (quiet.has(type)) draft.dropped.field(`input.${type}`)
  else draft.dropped.content(`input.${type}`)
}

const readMessage = (item: JsonObject, draft: Draft): boolean => {
  const { dropped } = draft
  switch (item.role) {
    case "user":
      show(draft, { role: "user", parts: readContent(item.content, dropped) })
      return true
    case "assistant":
      addTurn(draft, readSpoken(item.content, dropped))
      return true
    case "system":
    case "developer": {
      const parts = readContent(item.content, dropped)
      const texts = parts.flatMap((part) => (part.type === "text" ? part.text : []))
      for (const { type } of parts) if (type !== "text") dropped.content(`input.${item.role}.${type}`)
      const isDevelopers = item.role === "developer"
      if (draft.turns.length === 0) {
        for (const [at] of texts.entries()) if (isDevelopers) draft.developers.add(draft.system.length + at)
        append(draft.system, texts)
      } else show(draft, { role: "system", texts, ...(isDevelopers && { isDevelopers }) })
      return true
    }
    default:
      return false
  }
}

const readSpoken = (content: unknown, dropped: Dropped): ReadonlyArray<Spoken> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  return contentParts(content).flatMap((part): ReadonlyArray<Spoken> => {
    const isRefusal = part.type === "refusal"
    const said = string(isRefusal ? part.refusal : part.text)
    if (said !== undefined) return [{ type: isRefusal ? "refusal" : "text", text: said }]
    const type = string(part.type) ?? "type"
    if (partKeys.has(type)) dropped.content(`input.content.${type}`)
    else dropped.field(`input.content.${type}`)
    return []
  })
}

const partKeys: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["input_text", new Set(["type", "text"])],
  ["output_text", new Set(["type", "text", "annotations", "logprobs"])],
  ["text", new Set(["type", "text"])],
  ["input_audio", new Set(["type", "input_audio"])],
  ["input_image", new Set(["type", "image_url"])],
  ["input_file", new Set(["type", "file_data", "file_url", "filename"])]
])

/** Text, or a list of parts. */
const readContent = (content: unknown, dropped: Dropped): ReadonlyArray<Content> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  return contentParts(content).flatMap((part) => {
    const type = string(part.type) ?? "type"
    const keys = partKeys.get(type)
    const read = keys === undefined ? undefined : readPart(type, part)
    if (keys === undefined || read === undefined) {
      dropped.content(`input.content.${type}`)
      return []
    }
    const { detail, ...rest } = part
    dropped.rest(detail === "auto" ? rest : part, `input.content.${type}`, keys)
    return [read]
  })
}

/** Files and images stored at OpenAI have only an id, and no other provider can read them. */
const readPart = (type: string, part: JsonObject): Content | undefined => {
  if (type === "input_image") {
    const url = text(part.image_url)
    return url === undefined ? undefined : { type: "image", media: DataUrl.read(url) }
  }
  if (type === "input_audio") return readAudio(part)
  if (type !== "input_file") {
    const said = string(part.text)
    return said === undefined ? undefined : { type: "text", text: said }
  }
  const name = text(part.filename)
  const url = text(part.file_url)
  if (url !== undefined) return { type: "document", media: { type: "url", url }, name }
  const data = text(part.file_data)
  return data === undefined ? undefined : { type: "document", media: DataUrl.readFile(data), name }
}
