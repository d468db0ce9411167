/**
 * Tools that Anthropic defines and the client runs: Claude knows them without a schema. Other models get functions of the
 * same names, so calls and results need no translation.
 */
import type { Tool } from "../common/Common.ts"
import { type JsonObject, number, string } from "../common/Json.ts"

interface Row {
  readonly type: RegExp
  readonly source: string
  readonly description: (tool: JsonObject) => string
  readonly schema: JsonObject
}

const texts = { type: "string" }
const lines = { type: "array", items: { type: "integer" } }

const object = (properties: JsonObject, required: ReadonlyArray<string> = []): JsonObject => ({
  type: "object",
  properties,
  required
})

const commands = (...names: ReadonlyArray<string>): JsonObject => ({ type: "string", enum: names })

const edits = {
  path: texts,
  file_text: { ...texts, description: "For create: the whole file." },
  old_str: { ...texts, description: "For str_replace: a text that occurs once in the file." },
  new_str: { ...texts, description: "For str_replace: the text in its place." },
  insert_line: {
    type: "integer",
    description: "For insert: the line after which it is inserted; 0 is the beginning."
  },
  insert_text: { ...texts, description: "For insert: the text." },
  view_range: { ...lines, description: "For view: the first and the last line; -1 is the end of the file." }
}

const rows: ReadonlyArray<Row> = [
  {
    type: /^bash_\d+$/,
    source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/bash-tool",
    description: () => "Runs a command in a bash session that lasts for the whole conversation.",
    schema: object({ command: texts, restart: { type: "boolean", description: "Restarts the session." } })
  },
  {
    type: /^text_editor_(?:2024\d+|20250124)$/,
    source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/text-editor-tool",
    description: () => "Shows, creates and edits text files.",
    schema: object(
      {
        command: commands("view", "create", "str_replace", "insert", "undo_edit"),
        ...edits,
        insert_text: undefined,
        new_str: { ...texts, description: "For str_replace and insert: the new text." }
      },
      ["command", "path"]
    )
  },
  {
    type: /^text_editor_\d+$/,
    source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/text-editor-tool",
    description: () => "Shows, creates and edits text files.",
    schema: object({ command: commands("view", "create", "str_replace", "insert"), ...edits }, [
      "command",
      "path"
    ])
  },
  {
    type: /^memory_\d+$/,
    source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/memory-tool",
    description: () =>
      "Stores and reads notes that outlast the conversation, as files in /memories. Look there before you begin.",
    schema: object(
      {
        command: commands("view", "create", "str_replace", "insert", "delete", "rename"),
        ...edits,
        old_path: { ...texts, description: "For rename." },
        new_path: { ...texts, description: "For rename." }
      },
      ["command"]
    )
  },
  {
    type: /^computer_\d+$/,
    source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/computer-use-tool",
    description: ({ display_height_px, display_width_px }) =>
      `Uses the mouse and the keyboard of a screen of ${number(display_width_px) ?? "?"} x ${number(display_height_px) ?? "?"} pixels, and takes screenshots.`,
    schema: object(
      {
        action: commands(
          "screenshot",
          "left_click",
          "right_click",
          "middle_click",
          "double_click",
          "triple_click",
          "mouse_move",
          "left_click_drag",
          "left_mouse_down",
          "left_mouse_up",
          "scroll",
          "type",
          "key",
          "hold_key",
          "wait",
          "cursor_position"
        ),
        coordinate: { ...lines, description: "The pixel [x, y]." },
        start_coordinate: { ...lines, description: "For left_click_drag: where it begins." },
        text: { ...texts, description: "The text to type, or the keys to press." },
        scroll_direction: commands("up", "down", "left", "right"),
        scroll_amount: { type: "integer" },
        duration: { type: "number", description: "Seconds." }
      },
      ["action"]
    )
  }
]

/** The function that replaces such a tool; `undefined` for one that Anthropic runs. */
export const functionOf = (tool: JsonObject, name: string): Tool | undefined => {
  const type = string(tool.type) ?? ""
  const row = rows.find((each) => each.type.test(type))
  return row && { name, description: row.description(tool), schema: row.schema }
}
