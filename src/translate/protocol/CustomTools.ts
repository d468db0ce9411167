/**
 * Tools that take one text (`custom`), in chats and in responses. Other protocols have no such tools, so each becomes
 * a function with one field.
 *
 * https://developers.openai.com/api/docs/guides/function-calling#custom-tools
 */
import type { Tool } from "../common/Common.ts"
import { isObject, type JsonObject, object, objects, parse, string, text, write } from "../common/Json.ts"

/** The one field. */
const field = "input"

/**
 * The function that replaces a custom tool; `name` is its name there. A grammar for the text can only be requested in
 * words. It is in the format itself, or in a member of it, as in chats.
 */
export const toolOf = (definition: JsonObject, name: string): Tool => {
  const format = object(definition.format)
  const { definition: rules, syntax } = isObject(format.grammar) ? format.grammar : format
  const grammar = text(rules)
  const said = [
    text(definition.description),
    grammar === undefined
      ? undefined
      : `The ${field} has to match this ${string(syntax) ?? ""} grammar:\n${grammar}`
  ].filter((part) => part !== undefined)
  const description = "The whole input of the tool, as plain text."
  return {
    name,
    description: said.length === 0 ? undefined : said.join("\n\n"),
    schema: {
      type: "object",
      properties: { [field]: { type: "string", description } },
      required: [field],
      additionalProperties: false
    }
  }
}

/** The arguments of the function for the text of a call. */
export const argumentsOf = (input: unknown): string => write({ [field]: string(input) ?? "" })

/** The text in the arguments; if the model ignored the schema, the arguments themselves. */
export const inputOf = (args: string): string => {
  const parsed = parse(args)
  if (typeof parsed === "string") return parsed
  if (!isObject(parsed)) return args
  const values = Object.values(parsed)
  if (typeof parsed[field] === "string" && values.length === 1) return parsed[field]
  return values.length === 1 && typeof values[0] === "string" ? values[0] : values.length === 0 ? "" : args
}

/** The names of the custom tools in a chat request. */
export const namesIn = (tools: unknown): ReadonlySet<string> => {
  let names: Set<string> | undefined
  for (const tool of objects(tools)) {
    const isCustom = tool.type === "custom" && tool.input_schema === undefined
    const name = isCustom ? text((isObject(tool.custom) ? tool.custom : tool).name) : undefined
    if (name !== undefined) (names ??= new Set()).add(name)
  }
  return names ?? none
}

const none: ReadonlySet<string> = new Set()
