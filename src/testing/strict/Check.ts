/**
 * The checks of strict servers on a request.
 *
 * A check is data: its name and its parameters. It finds the first violation in a request, and returns the values for
 * the placeholders of the server's error message.
 */

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** A check. Patterns are regular expressions. */
export type Check =
  /** A system message that is not the first message. */
  | { readonly is: "systemFirst" }
  /** A role that is not in the list. */
  | { readonly is: "roles"; readonly known: ReadonlyArray<string> }
  /** A tool call, or a result, with an id that does not match. */
  | { readonly is: "callIds"; readonly pattern: string }
  /** A message of one role directly after one of another. */
  | { readonly is: "follows"; readonly role: string; readonly after: string }
  /** Calls without their results directly after them, and results without their call. */
  | { readonly is: "results" }
  /** A tool result without the name of the tool. */
  | { readonly is: "resultNames" }
  /** An assistant message with calls (or any) that lacks a field. */
  | { readonly is: "lacks"; readonly field: string; readonly where: "calls" | "answers" }
  /** A call that lacks a field. */
  | { readonly is: "callLacks"; readonly field: string }
  /** A message that has a field. */
  | { readonly is: "messageHas"; readonly field: string }
  /** A field of the request, at this path. */
  | { readonly is: "has"; readonly path: string }
  /** A content part of this type. */
  | { readonly is: "part"; readonly type: string }
  /** A tool with a name that does not match. */
  | { readonly is: "toolNames"; readonly pattern: string }
  /** A tool choice that forces a call. */
  | { readonly is: "forcedCall" }
  /** A tool's schema with `anyOf`, `oneOf` or `allOf` at its top. */
  | { readonly is: "schemaTop" }
  /** A tool's schema with an array without `items`. */
  | { readonly is: "schemaItems" }
  /** A tool's schema with a keyword. */
  | { readonly is: "schemaKeyword"; readonly keyword: string }
  /** A tool's property with a name that does not match. */
  | { readonly is: "propertyNames"; readonly pattern: string }
  /** A tool choice that names a missing tool, or is given without tools. */
  | { readonly is: "toolChoice" }
  /** Reasoning with a signature that is not this server's own. */
  | { readonly is: "signatures"; readonly pattern: string }

/** The values for the placeholders of a message: `{index}`, `{value}`. */
export interface Finding {
  readonly index: number
  readonly value: string
}

const isObject = (u: unknown): u is JsonObject => typeof u === "object" && u !== null && !Array.isArray(u)
const objects = (u: unknown): ReadonlyArray<JsonObject> => (Array.isArray(u) ? u.filter(isObject) : [])
const text = (u: unknown): string => (typeof u === "string" ? u : "")
const object = (u: unknown): JsonObject => (isObject(u) ? u : {})

/** A call of either protocol. */
const callsOf = (message: JsonObject): ReadonlyArray<JsonObject> =>
  message.role !== "assistant"
    ? []
    : [...objects(message.tool_calls), ...objects(message.content).filter(({ type }) => type === "tool_use")]

/** The ids of the results in a message of either protocol. */
const resultsOf = (message: JsonObject): ReadonlyArray<string> =>
  message.role === "tool"
    ? [text(message.tool_call_id)]
    : objects(message.content).flatMap((part) => (part.type === "tool_result" ? text(part.tool_use_id) : []))

const toolsOf = (
  request: JsonObject
): ReadonlyArray<{ readonly name: string; readonly schema: JsonObject }> =>
  objects(request.tools).map((tool) => {
    const definition = isObject(tool.function) ? tool.function : tool
    return { name: text(definition.name), schema: object(definition.parameters ?? definition.input_schema) }
  })

/** Every schema in a schema, starting with itself. */
function* schemasIn(schema: unknown): Iterable<JsonObject> {
  if (Array.isArray(schema)) for (const each of schema) yield* schemasIn(each)
  else if (isObject(schema)) {
    yield schema
    for (const value of Object.values(schema)) yield* schemasIn(value)
  }
}

const none = undefined

/** The first violation in a request. */
export const find = (check: Check, request: JsonObject): Finding | undefined => {
  const messages = objects(request.messages)
  const inMessages = (value: (message: JsonObject, index: number) => string | undefined) => {
    for (const [index, message] of messages.entries()) {
      const found = value(message, index)
      if (found !== undefined) return { index, value: found }
    }
    return none
  }
  const inTools = (value: (tool: ReturnType<typeof toolsOf>[number]) => string | undefined) => {
    for (const [index, tool] of toolsOf(request).entries()) {
      const found = value(tool)
      if (found !== undefined) return { index, value: found }
    }
    return none
  }
  switch (check.is) {
    case "systemFirst":
      return inMessages(({ role }, index) => (role === "system" && index > 0 ? "system" : none))
    case "roles":
      return inMessages(({ role }) => (check.known.includes(text(role)) ? none : text(role)))
    case "callIds": {
      const pattern = new RegExp(check.pattern)
      return inMessages((message) =>
        [...callsOf(message).map(({ id }) => text(id)), ...resultsOf(message)].find((id) => !pattern.test(id))
      )
    }
    case "follows":
      return inMessages(({ role }, index) =>
        role === check.role && messages[index - 1]?.role === check.after ? check.role : none
      )
    case "results":
      return unpaired(messages)
    case "resultNames":
      return inMessages(({ name, role }) => (role === "tool" && typeof name !== "string" ? "name" : none))
    case "lacks":
      return inMessages((message) =>
        message.role === "assistant" &&
        (check.where === "answers" || callsOf(message).length > 0) &&
        typeof message[check.field] !== "string"
          ? check.field
          : none
      )
    case "callLacks":
      return inMessages((message) => {
        const call = callsOf(message).find((each) => each[check.field] === undefined)
        return call === undefined ? none : text(object(call.function).name)
      })
    case "messageHas":
      return inMessages((message) => (message[check.field] === undefined ? none : text(message.role)))
    case "has": {
      const value = check.path
        .split(".")
        .reduce<unknown>(
          (node, key) =>
            Array.isArray(node)
              ? node.map((each) => object(each)[key]).find((each) => each !== undefined)
              : object(node)[key],
          request
        )
      return value === undefined
        ? none
        : { index: 0, value: typeof value === "string" ? value : JSON.stringify(value) }
    }
    case "part":
      return inMessages(({ content }) =>
        objects(content).some(({ type }) => type === check.type) ? check.type : none
      )
    case "toolNames":
      return inTools(({ name }) => (new RegExp(check.pattern).test(name) ? none : name))
    case "schemaTop":
      return inTools(({ name, schema }) =>
        "anyOf" in schema || "oneOf" in schema || "allOf" in schema ? name : none
      )
    case "schemaItems":
      return inTools(({ name, schema }) =>
        [...schemasIn(schema)].some((each) => each.type === "array" && each.items === undefined) ? name : none
      )
    case "schemaKeyword":
      return inTools(({ name, schema }) =>
        [...schemasIn(schema)].some((each) => each[check.keyword] !== undefined) ? name : none
      )
    case "propertyNames":
      return inTools(({ schema }) =>
        Object.keys(object(schema.properties)).find((name) => !new RegExp(check.pattern).test(name))
      )
    case "toolChoice": {
      const choice = request.tool_choice
      if (choice === undefined) return none
      const named = text(object(choice).name) || text(object(object(choice).function).name)
      const tools = toolsOf(request)
      if (tools.length === 0) return { index: 0, value: "tools" }
      return named === "" || tools.some(({ name }) => name === named) ? none : { index: 0, value: named }
    }
    case "forcedCall": {
      const choice = object(request.tool_choice).type ?? request.tool_choice
      const forces = ["required", "function", "any", "tool"].includes(text(choice))
      return forces ? { index: 0, value: text(choice) } : none
    }
    case "signatures":
      return inMessages(({ content }) =>
        objects(content).some(
          (part) => part.type === "thinking" && !new RegExp(check.pattern).test(text(part.signature))
        )
          ? "thinking"
          : none
      )
  }
}

/** The first call without a result directly after it, or the first result without its call. */
const unpaired = (messages: ReadonlyArray<JsonObject>): Finding | undefined => {
  let open = new Set<string>()
  for (const [index, message] of messages.entries()) {
    const results = resultsOf(message)
    for (const id of results) if (!open.delete(id)) return { index, value: id }
    if (results.length === 0 && open.size > 0) return { index, value: [...open].join(", ") }
    const calls = callsOf(message)
    if (calls.length > 0) open = new Set(calls.map(({ id }) => text(id)))
  }
  return open.size > 0 ? { index: messages.length, value: [...open].join(", ") } : undefined
}
