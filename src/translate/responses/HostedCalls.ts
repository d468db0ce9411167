/**
 * Reads the calls of tools that OpenAI runs by itself. What such a tool returned is part of the conversation, so
 * another model is shown it as the result of an ordinary call.
 *
 * https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_input_item_param.py
 */
import type { Call } from "../common/Common.ts"
import { isObject, type JsonObject, list, objects, string, text, write } from "../common/Json.ts"

/** A call, its result, or both. */
export interface Hosted {
  readonly call?: Call | undefined
  /** A text, or parts of a message. */
  readonly shown?: { readonly id: string; readonly output: unknown; readonly isError: boolean } | undefined
}

type Read = (item: JsonObject, id: string) => Hosted | undefined

const called = (id: string, name: string, args: unknown): Call => ({
  type: "call",
  id,
  name,
  arguments: typeof args === "string" ? args : write(args)
})

/** One row for each type of item. `undefined`: it has no content, and its name is enough. */
const rows: ReadonlyMap<string, Read> = new Map<string, Read>([
  [
    "mcp_call",
    ({ arguments: args, error, name, output }, id) => ({
      call: called(id, text(name) ?? "mcp_call", args ?? {}),
      shown: {
        id,
        output: isGiven(error) ? textOf(error) : textOf(output ?? ""),
        isError: isGiven(error)
      }
    })
  ],
  [
    "code_interpreter_call",
    ({ code, outputs }, id) => ({
      call: called(id, "code_interpreter", { code: code ?? "" }),
      shown: { id, output: objects(outputs).map(partOf), isError: false }
    })
  ],
  [
    "file_search_call",
    ({ queries, results }, id) =>
      list(results).length === 0
        ? undefined
        : {
            call: called(id, "file_search", { queries }),
            shown: { id, output: write(results), isError: false }
          }
  ],
  [
    "image_generation_call",
    ({ result, revised_prompt }, id) =>
      text(result) === undefined
        ? undefined
        : {
            call: called(id, "image_generation", isGiven(revised_prompt) ? { prompt: revised_prompt } : {}),
            shown: {
              id,
              output: [{ type: "input_image", image_url: `data:image/png;base64,${string(result)}` }],
              isError: false
            }
          }
  ],
  [
    "computer_call",
    ({ action, actions, call_id }, id) => ({
      call: called(string(call_id) ?? id, "computer", { action: action ?? actions })
    })
  ],
  [
    "computer_call_output",
    ({ call_id, output }, id) => ({
      shown: {
        id: string(call_id) ?? id,
        output: [{ ...(isObject(output) ? output : {}), type: "input_image" }],
        isError: false
      }
    })
  ]
])

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const textOf = (value: unknown): string => (typeof value === "string" ? value : write(value))

/** What a program printed, or an image that it drew. */
const partOf = (output: JsonObject): JsonObject =>
  output.type === "image"
    ? { type: "input_image", image_url: output.url }
    : { type: "input_text", text: string(output.logs) ?? write(output) }

/** The call or the result in an item; `undefined` for an item of another type. */
export const readHosted = (item: JsonObject): Hosted | undefined =>
  rows.get(string(item.type) ?? "")?.(item, string(item.id) ?? "")
