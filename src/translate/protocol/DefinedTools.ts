/**
 * The tools that a request in the form of responses defines: in `tools`, in items of its input (`additional_tools`, as Codex
 * sends them for its newer models), and those that searches have found.
 *
 * https://github.com/SaladDay/cc-switch-cli/issues/466
 */
import { type JsonObject, objects, string } from "../common/Json.ts"
import * as ToolSearch from "./ToolSearch.ts"

/** The type of the items. */
export const item = "additional_tools"

/** The namespace of tools without one: OpenAI's models call them by their bare names. */
export const bare = "functions"

/** All definitions. A later one in the input replaces one of the same type and name. */
export const inRequest = ({ input, tools }: JsonObject): ReadonlyArray<JsonObject> => {
  const defined = [...objects(tools), ...ToolSearch.found(input)].flatMap(opened)
  const places = new Map<string, number>()
  for (const given of objects(input)) {
    if (given.type !== item) continue
    if (places.size === 0) for (const [at, tool] of defined.entries()) places.set(keyOf(tool), at)
    for (const tool of objects(given.tools).flatMap(opened)) {
      const key = keyOf(tool)
      const at = places.get(key) ?? defined.length
      defined[at] = tool
      places.set(key, at)
    }
  }
  return defined
}

const keyOf = ({ name, type }: JsonObject): string => `${string(type) ?? ""} ${string(name) ?? ""}`

/** The tools inside the namespace of tools without one. */
const opened = (tool: JsonObject): ReadonlyArray<JsonObject> =>
  tool.type === "namespace" && tool.name === bare ? objects(tool.tools) : [tool]
