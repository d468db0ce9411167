/** Answers of a scripted server as chat completions. */
import type { JsonObject } from "./Check.ts"
import type { ScriptedAnswer, Strictness } from "./Strictness.ts"

/** The end of the operation's path. */
export const path = "/chat/completions"

/** The answer to give, and the server. */
export interface Answer {
  readonly model: string
  /** How many turns the model has already had. */
  readonly turn: number
  readonly said: ScriptedAnswer
  readonly strictness: Strictness
}

/** The id of a call: its number replaces `{n}`. */
export const callId = ({ callId: pattern }: Strictness, turn: number, index: number): string =>
  pattern.replace("{n}", `${turn}${index}`)

const head = ({ model, turn }: Answer, object: string) => ({
  id: `chat-${turn}`,
  object,
  created: 1_790_000_000,
  model
})

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }

const callsOf = ({ said, strictness, turn }: Answer): ReadonlyArray<JsonObject> =>
  (said.calls ?? []).map((call, index) => ({
    id: callId(strictness, turn, index),
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
    ...strictness.onCalls
  }))

const thoughtsOf = ({ said, strictness }: Answer): JsonObject =>
  said.thoughts === undefined || strictness.thoughts === undefined
    ? {}
    : { [strictness.thoughts]: said.thoughts }

const reasonOf = ({ said }: Answer): string => ((said.calls ?? []).length > 0 ? "tool_calls" : "stop")

/** The answer as one JSON object. */
export const whole = (answer: Answer): JsonObject => {
  const calls = callsOf(answer)
  const message = {
    role: "assistant",
    content: answer.said.text ?? null,
    ...thoughtsOf(answer),
    ...(calls.length > 0 && { tool_calls: calls })
  }
  return {
    ...head(answer, "chat.completion"),
    choices: [{ index: 0, message, finish_reason: reasonOf(answer) }],
    usage
  }
}

/** The answer as an event stream. */
export const streamed = (answer: Answer): string => {
  const chunk = (delta: JsonObject, finish_reason: string | null = null): JsonObject => ({
    ...head(answer, "chat.completion.chunk"),
    choices: [{ index: 0, delta, finish_reason }]
  })
  const calls = callsOf(answer).map((call, index) => chunk({ tool_calls: [{ index, ...call }] }))
  const events = [
    chunk({ role: "assistant", content: "" }),
    ...(Object.keys(thoughtsOf(answer)).length > 0 ? [chunk(thoughtsOf(answer))] : []),
    ...(answer.said.text === undefined ? [] : [chunk({ content: answer.said.text })]),
    ...calls,
    chunk({}, reasonOf(answer)),
    { ...head(answer, "chat.completion.chunk"), choices: [], usage }
  ]
  return `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`
}
