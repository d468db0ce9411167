/** Fits the tools of a request to its target: definitions, choices and calls. */
import type { Dialect } from "../../dialect/index.ts"
import type { Request, Spoken, Tool, ToolChoice, Turn } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import { write } from "../common/Json.ts"
import * as Names from "./Names.ts"
import * as Properties from "./Properties.ts"
import type { Restore } from "./Restore.ts"
import * as Schemas from "./Schemas.ts"

/** A request, and what has to be restored in its answer. */
export interface Fitted {
  readonly request: Request
  readonly restore: Restore | undefined
}

/** The tool that replaces a schema for the answer. */
const answerTool = "answer_with_json"

/** Fits the tools; returns the same request if nothing needs to change. */
export const fit = (asked: Request, dialect: Dialect, dropped: Dropped): Fitted => {
  if (hasNoTools(asked)) return { request: asked, restore: undefined }
  const single = { ...asked, tools: distinct(asked.tools, dropped) }
  const { answer, request } = withAnswerTool(freed(aimed(single), dialect, dropped), dialect, dropped)
  const rule = { characters: dialect.toolNameCharacters, longest: dialect.toolNameLongest }
  const names = new Map<string, string>()
  for (const name of namesIn(request)) {
    if (!Names.isTaken(name, rule)) names.set(name, Names.fit(name, rule))
  }
  const properties = new Map<string, Properties.Renames>()
  const tools = request.tools.map((tool): Tool => {
    const fitted = Schemas.fit(tool.schema, dialect)
    const name = names.get(tool.name) ?? tool.name
    if (fitted.renames !== undefined) properties.set(name, fitted.renames)
    return name === tool.name && fitted.schema === tool.schema
      ? tool
      : { ...tool, name, schema: fitted.schema }
  })
  if (names.size === 0 && properties.size === 0 && answer === undefined) {
    return { request: { ...request, tools }, restore: undefined }
  }
  const given = new Map([...properties].map(([name, renames]) => [name, Properties.reversed(renames)]))
  return {
    request: {
      ...request,
      tools,
      toolChoice: choiceNamed(request.toolChoice, names),
      turns: request.turns.map((turn) => turnNamed(turn, names, given))
    },
    restore: {
      tools: new Map([...names].map(([name, fitted]) => [fitted, name])),
      properties,
      answer
    }
  }
}

/**
 * One tool for each name: clients list the tools of several sources, and servers refuse two of one name (`tools: Tool names must
 * be unique.`). Of different ones the first stays.
 *
 * https://github.com/onyx-dot-app/onyx/issues/9229
 */
const distinct = (tools: ReadonlyArray<Tool>, dropped: Dropped): ReadonlyArray<Tool> => {
  const byName = new Map<string, Tool>()
  for (const tool of tools) {
    const known = byName.get(tool.name)
    if (known === undefined) byName.set(tool.name, tool)
    else if (write(known) !== write(tool)) dropped.field(`tools.${tool.name}`)
  }
  return byName.size === tools.length ? tools : [...byName.values()]
}

const hasNoTools = ({ format, parallel, toolChoice, tools, turns }: Request): boolean =>
  tools.length === 0 &&
  toolChoice === undefined &&
  parallel === undefined &&
  format === undefined &&
  !turns.some(({ role }) => role === "assistant")

/** Removes a choice that names a missing tool; without tools there is no choice. */
const aimed = (request: Request): Request => {
  const { toolChoice, tools } = request
  if (toolChoice === undefined && request.parallel === undefined) return request
  if (tools.length === 0) return { ...request, toolChoice: undefined, parallel: undefined }
  return toolChoice?.mode === "tool" && !tools.some(({ name }) => name === toolChoice.name)
    ? { ...request, toolChoice: undefined }
    : request
}

/** If calls cannot be forced, the model decides. */
const freed = (request: Request, { forcedCalls }: Dialect, dropped: Dropped): Request => {
  const mode = request.toolChoice?.mode
  if (forcedCalls || (mode !== "required" && mode !== "tool")) return request
  dropped.common("toolChoice")
  return { ...request, toolChoice: { mode: "auto" } }
}

const demand = "It has to be called in the end, and nothing else is said."

const withAnswerTool = (
  request: Request,
  { forcedCalls, jsonSchema }: Dialect,
  dropped: Dropped
): { readonly request: Request; readonly answer: string | undefined } => {
  const { format, tools } = request
  if (format === undefined || jsonSchema === "yes") return { request, answer: undefined }
  if (jsonSchema === "no" || (format.schema.type !== undefined && format.schema.type !== "object")) {
    dropped.common("format")
    return { request: { ...request, format: undefined }, answer: undefined }
  }
  const tool: Tool = {
    name: answerTool,
    description:
      forcedCalls && format.description !== undefined
        ? format.description
        : `${format.description ?? "Gives the answer."} ${demand}`,
    schema: format.schema
  }
  if (!forcedCalls) {
    dropped.common("format", "strict")
    const others = request.toolChoice?.mode === "none" ? [] : tools
    return {
      request: { ...request, format: undefined, tools: [...others, tool], toolChoice: { mode: "auto" } },
      answer: answerTool
    }
  }
  const isFree = request.toolChoice === undefined || request.toolChoice.mode === "auto"
  const toolChoice: ToolChoice | undefined =
    tools.length === 0 || request.toolChoice?.mode === "none"
      ? { mode: "tool", name: answerTool }
      : isFree
        ? { mode: "required" }
        : request.toolChoice
  return {
    request: { ...request, format: undefined, tools: [...tools, tool], toolChoice },
    answer: answerTool
  }
}

function* namesIn({ tools, turns }: Request): Iterable<string> {
  for (const { name } of tools) yield name
  for (const turn of turns) {
    if (turn.role !== "assistant") continue
    for (const part of turn.parts) if (part.type === "call") yield part.name
  }
}

const choiceNamed = (
  choice: ToolChoice | undefined,
  names: ReadonlyMap<string, string>
): ToolChoice | undefined =>
  choice?.mode === "tool" ? { ...choice, name: names.get(choice.name) ?? choice.name } : choice

const turnNamed = (
  turn: Turn,
  names: ReadonlyMap<string, string>,
  properties: ReadonlyMap<string, Properties.Renames>
): Turn => {
  if (turn.role !== "assistant" || !turn.parts.some(({ type }) => type === "call")) return turn
  const parts = turn.parts.map((part): Spoken => {
    if (part.type !== "call") return part
    const name = names.get(part.name) ?? part.name
    return { ...part, name, arguments: Properties.inArguments(part.arguments, properties.get(name)) }
  })
  return { role: "assistant", parts }
}
