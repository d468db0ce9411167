/**
 * Whole chat completions and the common form.
 *
 * https://platform.openai.com/docs/api-reference/chat/object
 */
import type { Answer, Spoken } from "../Common.ts"
import type { Context } from "../Context.ts"
import { compact, type JsonObject, object, objects, string, text, write } from "../Json.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Words from "./Words.ts"

/** Reads an answer. Of several choices the first is taken. */
export const readAnswer = (body: JsonObject): Answer => {
  const choice = object(objects(body.choices).find((choice) => (choice.index ?? 0) === 0))
  const message = object(choice.message)
  const parts: Array<Spoken> = [...Reasoning.read(message.reasoning_details)]
  const thoughts = parts.some((part) => part.type === "thinking") ? undefined : Reasoning.textOf(message)
  if (thoughts !== undefined) parts.unshift({ type: "thinking", text: thoughts })
  const said = contentOf(message.content)
  if (said !== undefined) parts.push({ type: "text", text: said })
  const refusal = text(message.refusal)
  if (refusal !== undefined) parts.push({ type: "refusal", text: refusal })
  let hasCalls = false
  for (const call of objects(message.tool_calls)) {
    const { name, arguments: args } = object(call.function)
    if (text(name) === undefined) continue
    hasCalls = true
    parts.push({
      type: "call",
      id: string(call.id) ?? "",
      name: string(name) ?? "",
      arguments: typeof args === "string" ? args : write(args)
    })
  }
  return {
    id: text(body.id),
    model: text(body.model),
    parts,
    usage: Words.readUsage(body.usage),
    ...Words.readStop(choice, { calls: hasCalls, refusal: refusal !== undefined }),
    explanation: refusal
  }
}

/** The text of a message: a string, or at some servers a list of parts. */
export const contentOf = (content: unknown): string | undefined =>
  typeof content === "string"
    ? text(content)
    : text(
        objects(content)
          .map((part) => string(part.text) ?? "")
          .join("")
      )

/** Writes an answer. */
export const writeAnswer = (answer: Answer, context: Context): JsonObject => {
  const texts = (type: "text" | "thinking" | "refusal") => {
    const found = answer.parts.flatMap((part) => (part.type === type ? part.text : []))
    return found.length === 0 ? undefined : found.join("")
  }
  const calls = answer.parts.filter((part) => part.type === "call")
  return {
    id: answer.id ?? context.id,
    object: "chat.completion",
    created: context.created,
    model: answer.model ?? context.model,
    choices: [
      {
        index: 0,
        message: compact({
          role: "assistant",
          content: texts("text") ?? null,
          refusal: texts("refusal") ?? answer.explanation ?? null,
          reasoning_content: text(texts("thinking")),
          reasoning_details: Reasoning.write(answer.parts),
          tool_calls:
            calls.length === 0
              ? undefined
              : calls.map((call, index) => ({
                  id: call.id === "" ? callId(context, index) : call.id,
                  type: "function",
                  function: { name: context.toolNames.get(call.name) ?? call.name, arguments: call.arguments }
                }))
        }),
        logprobs: null,
        finish_reason: Words.writeStop(answer.stop)
      }
    ],
    ...(answer.usage === undefined ? {} : { usage: Words.writeUsage(answer.usage) })
  }
}

/** The id of a call that came without one. */
export const callId = (context: Context, index: number): string => `call_${context.id}_${index}`
