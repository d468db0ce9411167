/**
 * Tools of OpenAI's responses that the client runs itself and that are not plain functions.
 *
 * Other protocols get functions for them: a `custom` tool takes one text, the tools of a `namespace` are prefixed
 * with its name, and the shells and patches that OpenAI's models use without a definition get a schema. The calls
 * are returned as the items that the client expects.
 *
 * - https://developers.openai.com/api/docs/guides/function-calling#custom-tools
 * - https://github.com/openai/openai-node/blob/master/src/resources/responses/responses.ts (`LocalShellCall`,
 *   `FunctionShellTool`, `ApplyPatchTool`, `NamespaceTool`)
 * - Codex's `apply_patch` is a custom tool, and the tools of an MCP server are a namespace (observed, Codex CLI 0.171)
 */
import type { Call, Tool } from "../common/Common.ts"
import {
  boolean,
  isObject,
  type JsonObject,
  object,
  objects,
  parse,
  string,
  text,
  write
} from "../common/Json.ts"
import * as CustomTools from "./CustomTools.ts"
import * as DefinedTools from "./DefinedTools.ts"
import * as ToolSearch from "./ToolSearch.ts"

/** A tool in its client's form. */
export interface ClientTool {
  /** The type of the items that call it. */
  readonly item: string
  readonly name: string
  readonly namespace?: string | undefined
  /** The function that replaces it. */
  readonly tool: Tool
}

const texts = { type: "string" }
const closed = (properties: JsonObject, required: ReadonlyArray<string>): JsonObject => ({
  type: "object",
  properties,
  required,
  additionalProperties: false
})

/** The tools without a definition: their items, the member that holds the arguments, and its schema. */
const known: Readonly<
  Record<string, { item: string; member: string; fixed: JsonObject; description: string; schema: JsonObject }>
> = {
  local_shell: {
    item: "local_shell_call",
    member: "action",
    fixed: { type: "exec", env: {} },
    description: "Runs a command on the user's machine.",
    schema: closed(
      {
        command: { type: "array", items: texts, description: "The program and its arguments." },
        working_directory: texts,
        timeout_ms: { type: "integer" }
      },
      ["command"]
    )
  },
  shell: {
    item: "shell_call",
    member: "action",
    fixed: {},
    description: "Runs shell commands.",
    schema: closed({ commands: { type: "array", items: texts }, timeout_ms: { type: "integer" } }, [
      "commands"
    ])
  },
  apply_patch: {
    item: "apply_patch_call",
    member: "operation",
    fixed: {},
    description: "Creates, updates or deletes a file by a diff in the V4A format.",
    schema: closed(
      { type: { enum: ["create_file", "update_file", "delete_file"] }, path: texts, diff: texts },
      ["type", "path"]
    )
  }
}

const byItem = new Map(Object.entries(known).map(([name, row]) => [row.item, { name, ...row }]))

/** The name of a function in a namespace. */
export const flatName = (name: string, namespace: string | undefined): string =>
  namespace === undefined || namespace === DefinedTools.bare
    ? name
    : `${namespace}${namespace.endsWith("__") ? "" : "__"}${name}`

/** The tools of a definition; none if the client does not run them. */
export const clientTools = (tool: JsonObject, namespace?: string): ReadonlyArray<ClientTool> => {
  const type = string(tool.type) ?? ""
  const name = text(tool.name)
  const builtin = Object.hasOwn(known, type) ? known[type] : undefined
  if (builtin !== undefined) {
    const { description, item, schema } = builtin
    return [{ item, name: type, tool: { name: type, description, schema } }]
  }
  if (type === ToolSearch.type) {
    return ToolSearch.isClients(tool)
      ? [{ item: ToolSearch.item, name: type, tool: ToolSearch.toolOf(tool) }]
      : []
  }
  if (name === undefined) return []
  switch (type) {
    case "custom":
      return [
        {
          item: "custom_tool_call",
          name,
          namespace,
          tool: CustomTools.toolOf(tool, flatName(name, namespace))
        }
      ]
    case "namespace":
      return objects(tool.tools).flatMap((inner) => clientTools(inner, name))
    case "function":
      return namespace === undefined
        ? []
        : [{ item: "function_call", name, namespace, tool: functionOf(tool, flatName(name, namespace)) }]
    default:
      return []
  }
}

const functionOf = (tool: JsonObject, name: string): Tool => ({
  name,
  description: text(tool.description),
  schema: object(tool.parameters),
  strict: boolean(tool.strict)
})

/** The tools of a request that the client runs itself, by the names of the replacing functions. */
export const inRequest = (body: JsonObject): ReadonlyMap<string, ClientTool> => {
  const tools = new Map<string, ClientTool>()
  for (const definition of DefinedTools.inRequest(body)) {
    for (const tool of clientTools(definition))
      if (!tools.has(tool.tool.name)) tools.set(tool.tool.name, tool)
  }
  return tools
}

/** The call in an item of a conversation; `undefined` for items of other types. */
export const readCall = (item: JsonObject): Call | undefined => {
  const id = string(item.call_id) ?? string(item.id) ?? ""
  if (item.type === "custom_tool_call") {
    const name = flatName(string(item.name) ?? "", text(item.namespace))
    return { type: "call", id, name, arguments: CustomTools.argumentsOf(item.input) }
  }
  const row = byItem.get(string(item.type) ?? "")
  if (row === undefined) return ToolSearch.readCall(item)
  return { type: "call", id, name: row.name, arguments: write(object(item[row.member])) }
}

/** The members of an item that hold the arguments of a call. */
export const writeArguments = (item: string, args: string): JsonObject => {
  if (item === "custom_tool_call") return { input: CustomTools.inputOf(args) }
  if (item === ToolSearch.item) return ToolSearch.writeArguments(args)
  const row = byItem.get(item)
  if (row === undefined) return { arguments: args }
  const parsed = parse(args)
  return { [row.member]: { ...row.fixed, ...(isObject(parsed) ? parsed : { arguments: args }) } }
}
