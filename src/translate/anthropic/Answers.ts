/**
 * Converts whole messages to and from the common form.
 *
 * https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts
 */
import type { Answer, Remark, Spoken } from "../common/Common.ts"
import { type JsonObject, text } from "../common/Json.ts"
import type { Source } from "../common/Sources.ts"
import * as Usage from "../common/Usage.ts"
import type { Context } from "../protocol/Context.ts"
import { readBlocks } from "./Blocks.ts"
import * as Words from "./Words.ts"
import { input } from "./WriteMessages.ts"

/** Reads an answer. */
export const readAnswer = (body: JsonObject): Answer => {
  const parts: Array<Spoken> = []
  const sources: Array<Source> = []
  const remarks: Array<Remark> = []
  for (const said of readBlocks(body.content)) {
    if (said.type === "dropped" || said.type === "malformed") remarks.push(said)
    else if (said.type === "source") sources.push(said)
    else parts.push(said)
  }
  return {
    id: text(body.id),
    model: text(body.model),
    parts,
    sources,
    remarks,
    usage: Usage.ofAnswer(body),
    ...Words.readEnding(
      body,
      parts.some(({ type }) => type === "call")
    )
  }
}

/** Writes an answer. Reasoning is included only if the caller requested it. */
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

/** The first fields of a message. */
export const head = (id: string, model: string): JsonObject => ({
  id,
  type: "message",
  role: "assistant",
  model
})

/** A block of reasoning; without a signature it comes from a model that gives none. */
export const thinkingBlock = (thinking: string, signature = ""): JsonObject => ({
  type: "thinking",
  thinking,
  signature
})

/** A call; one without an id gets one. */
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
