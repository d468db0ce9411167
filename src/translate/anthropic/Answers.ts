/**
 * Whole messages and the common form.
 *
 * https://docs.anthropic.com/en/api/messages#response-id
 */
import type { Answer, Spoken } from "../Common.ts"
import type { Context } from "../Context.ts"
import { type JsonObject, objects, string, text, write } from "../Json.ts"
import * as Words from "./Words.ts"
import { input } from "./WriteMessages.ts"

/** One row a type of block; the tools Anthropic runs itself, and what they gave, are no part of the common form. */
const blocks: ReadonlyMap<unknown, (block: JsonObject) => Spoken> = new Map<
  unknown,
  (block: JsonObject) => Spoken
>([
  ["text", (block) => ({ type: "text", text: string(block.text) ?? "" })],
  [
    "thinking",
    (block) => ({ type: "thinking", text: string(block.thinking) ?? "", signature: text(block.signature) })
  ],
  ["redacted_thinking", (block) => ({ type: "redacted", data: string(block.data) ?? "" })],
  [
    "tool_use",
    (block) => ({
      type: "call",
      id: string(block.id) ?? "",
      name: string(block.name) ?? "",
      arguments: write(block.input ?? {})
    })
  ]
])

/** Reads an answer. */
export const readAnswer = (body: JsonObject): Answer => ({
  id: text(body.id),
  model: text(body.model),
  parts: objects(body.content).flatMap((block) => blocks.get(block.type)?.(block) ?? []),
  usage: Words.readUsage(body.usage),
  ...Words.readEnding(body)
})

/** Writes an answer. Thoughts are part of it only where the caller asked for them. */
export const writeAnswer = (answer: Answer, context: Context): JsonObject => {
  const content: Array<JsonObject> = []
  let calls = 0
  for (const part of answer.parts) {
    switch (part.type) {
      case "text":
      case "refusal":
        if (part.text !== "") content.push({ type: "text", text: part.text })
        break
      case "thinking":
        if (context.thinking) content.push(thinkingBlock(part.text, part.signature))
        break
      case "redacted":
        if (context.thinking) content.push({ type: "redacted_thinking", data: part.data })
        break
      case "call":
        content.push(callBlock(part.id, calls++, part.name, context, input(part)))
    }
  }
  return {
    ...head(answer.id ?? context.id, answer.model ?? context.model),
    content,
    ...Words.writeEnding(answer),
    usage: Words.writeUsage(answer.usage)
  }
}

/** The fields a message begins with. */
export const head = (id: string, model: string): JsonObject => ({
  id,
  type: "message",
  role: "assistant",
  model
})

/** A thought; without a signature it is one of a model that gives none. */
export const thinkingBlock = (thinking: string, signature = ""): JsonObject => ({
  type: "thinking",
  thinking,
  signature
})

/** A call; one that came without an id is given one. */
export const callBlock = (
  id: string,
  index: number,
  name: string,
  context: Context,
  input: JsonObject
): JsonObject => ({
  type: "tool_use",
  id: id === "" ? `toolu_${context.id.replaceAll(/[^a-zA-Z0-9_-]/g, "_")}_${index}` : id,
  name: context.toolNames.get(name) ?? name,
  input
})
