/**
 * Converts whole chat completions to and from the common form.
 *
 * https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts
 */
import { saidIn } from "../../words/Choices.ts"
import type { Answer, Call, Remark, Spoken } from "../common/Common.ts"
import {
  append,
  compact,
  type JsonObject,
  object,
  objects,
  string,
  text,
  unwrapped,
  write
} from "../common/Json.ts"
import * as Sources from "../common/Sources.ts"
import * as Usage from "../common/Usage.ts"
import type { Context } from "../protocol/Context.ts"
import { otherTool } from "./parts/CallPieces.ts"
import {
  callsOf,
  hasContent,
  plainText,
  readSources,
  readSpoken,
  type Words as Said
} from "./parts/MessageContent.ts"
import * as Reasoning from "./parts/Reasoning.ts"
import * as ReturnedFields from "./parts/ReturnedFields.ts"
import * as ThinkTags from "./parts/ThinkTags.ts"
import * as Words from "./Words.ts"
import { writeCalls } from "./WriteCalls.ts"

/**
 * The choices as one, if calls are in others than the first: one answer is requested, so they are its parts. GitHub Copilot
 * splits whole answers of Claude so: https://github.com/karthink/gptel/pull/1284
 */
const joined = (choices: ReadonlyArray<JsonObject>): ReadonlyArray<JsonObject> => {
  const messages = choices.map((choice) => saidIn(choice) ?? {})
  if (!messages.slice(1).some(({ tool_calls }) => objects(tool_calls).length > 0)) return choices
  const parts = messages.flatMap(({ content }) =>
    typeof content === "string" ? (content === "" ? [] : { type: "text", text: content }) : objects(content)
  )
  // One after another: so many arguments would not fit on the stack. The first one takes precedence.
  const message: Record<string, unknown> = {}
  for (const each of messages.toReversed()) Object.assign(message, each)
  message.content = parts
  message.tool_calls = messages.flatMap(({ tool_calls }) => objects(tool_calls))
  const last = choices.find(({ finish_reason }) => !Words.isPlainEnd(finish_reason)) ?? choices[0]
  return [{ ...last, index: 0, message }]
}

/** Reads an answer. Of several choices the first one is used. */
export const readAnswer = (body: JsonObject, own?: ReturnedFields.Own): Answer => {
  const remarks: Array<Remark> = []
  readSources(body, remarks)
  const choices = joined(objects(body.choices))
  const choice = choices.find(({ index }) => (index ?? 0) === 0) ?? choices[0] ?? {}
  if (choices.some((other) => other !== choice && hasContent(saidIn(other) ?? {}))) {
    remarks.push({ type: "dropped", name: "choices" })
  }
  const message = saidIn(choice) ?? {}
  const tags = ThinkTags.make(own?.thinkTags)
  const plain = remarks.length === 0 && tags === undefined ? plainText(message) : undefined
  if (plain !== undefined) {
    return {
      id: text(body.id),
      model: text(body.model),
      parts: [{ type: "text", text: plain }],
      usage: Usage.ofAnswer(body),
      ...Words.readStop(choice, { calls: false, refusal: false })
    }
  }
  const parts: Array<Spoken> = [...Reasoning.read(message.reasoning_details)]
  const thoughts = parts.some((part) => part.type === "thinking") ? undefined : Reasoning.thoughtOf(message)
  if (thoughts !== undefined) parts.unshift({ type: "thinking", ...thoughts })
  const left = ReturnedFields.ofMessage(message, own)
  if (left !== undefined) parts.push({ type: "left", members: left })
  const spoken: Array<Said | Sources.Source | Remark> = []
  const sources: Array<Sources.Source> = []
  readSpoken(message, spoken, own?.messageExtras)
  for (const said of spoken) {
    if (said.type === "dropped" || said.type === "malformed") remarks.push(said)
    else if (tags !== undefined && said.type === "text")
      append(parts, tags.read(said.text).map(ThinkTags.spoken))
    else if (said.type === "source") sources.push(Sources.moved(said, tags?.before ?? 0))
    else parts.push(said)
  }
  append(parts, tags?.end().map(ThinkTags.spoken) ?? [])
  const refusal = text(spoken.map((said) => (said.type === "refusal" ? said.text : "")).join(""))
  const calls = readCalls(message, remarks, own, Words.isCut(choice.finish_reason))
  append(parts, calls)
  return {
    id: text(body.id),
    model: text(body.model),
    parts,
    sources,
    remarks,
    usage: Usage.ofAnswer(body),
    ...Words.readStop(choice, { calls: calls.length > 0, refusal: refusal !== undefined }),
    explanation: refusal
  }
}

const readCalls = (
  message: JsonObject,
  remarks: Array<Remark>,
  own: ReturnedFields.Own | undefined,
  isCut: boolean
): ReadonlyArray<Call> =>
  callsOf(message).flatMap((call): ReadonlyArray<Call> => {
    const called = object(call.function ?? call.custom)
    const name = text(called.name) ?? text(call.name)
    const given = called.arguments ?? called.input
    const args = argumentsOf(given, isCut)
    if (name !== undefined) {
      const members = ReturnedFields.ofCall(call, own)
      const read: Call = { type: "call", id: string(call.id) ?? "", name, arguments: args }
      return [members === undefined ? read : { ...read, members }]
    }
    const other = otherTool(call)
    if (other !== undefined) remarks.push({ type: "dropped", name: `message.tool_calls.${other}` })
    else if (given !== undefined) remarks.push({ type: "malformed", message: "a tool call has no name" })
    return []
  })

/** The arguments of a call; one that was not cut off and has none has the arguments `{}`. */
const argumentsOf = (given: unknown, isCut: boolean): string => {
  if (typeof given !== "string") return write(given ?? {})
  return given.trim() === "" && !isCut ? "{}" : unwrapped(given)
}

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
          annotations: answer.sources?.length ? answer.sources.map(Sources.writtenInside) : undefined,
          reasoning_content: text(texts("thinking")),
          reasoning_details: Reasoning.write(answer.parts),
          ...writeCalls(calls, context)
        }),
        logprobs: null,
        finish_reason: Words.writeStop(answer.stop, context.isLegacy)
      }
    ],
    ...(answer.usage === undefined ? {} : { usage: Words.writeUsage(answer.usage) })
  }
}
