/**
 * Random conversations and answers.
 *
 * A schema describes them. They are written in one protocol, and of several equivalent forms in the one that a translation
 * writes, so that they have to come back unchanged.
 */
import * as Schema from "effect/Schema"
import type * as Translate from "../../../src/translate/index.ts"

const small = Schema.isMaxLength(3)
const Texts = Schema.Array(Schema.String).check(small)
const Json = Schema.Record(Schema.String, Schema.Json)
const Share = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

const Part = Schema.Union([
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literals(["url", "data"]), path: Schema.Int })
])

const Call = Schema.Struct({ tool: Schema.Literals(["weather", "time"]), input: Json, result: Schema.String })

/** A question, its answer, and the calls of the answer. */
const Round = Schema.Struct({
  asks: Schema.Boolean,
  parts: Schema.Array(Part).check(small),
  says: Schema.Boolean,
  text: Schema.String,
  calls: Schema.Array(Call).check(small)
})

/** The parts of a request. */
export const Conversation = Schema.Struct({
  system: Texts,
  rounds: Schema.Array(Round).check(small),
  question: Schema.Array(Part).check(small),
  stream: Schema.Boolean,
  maxTokens: Count,
  temperature: Schema.NullOr(Share),
  topP: Schema.NullOr(Share),
  stop: Texts,
  user: Schema.NullOr(Schema.Int),
  tier: Schema.NullOr(Schema.Literals(["auto", "standard"])),
  tools: Schema.Literals(["none", "some", "strict"]),
  choice: Schema.NullOr(Schema.Literals(["auto", "none", "required", "weather"])),
  parallel: Schema.NullOr(Schema.Boolean),
  hasFormat: Schema.Boolean
})

/** The parts of an answer. The lists of numbers are the places where it is cut into pieces. */
export const Answer = Schema.Struct({
  thoughts: Schema.Array(Schema.String).check(Schema.isMaxLength(2)),
  text: Schema.String,
  calls: Schema.Array(Schema.Struct({ tool: Schema.Literals(["weather", "time"]), input: Json })).check(
    small
  ),
  length: Schema.Boolean,
  cuts: Schema.Array(Share).check(Schema.isMaxLength(5)),
  byTurns: Schema.Boolean,
  input: Count,
  cacheRead: Count,
  cacheWrite: Count,
  output: Count,
  thinking: Count
})

type Conversation = typeof Conversation.Type
type Answer = typeof Answer.Type

/** No text is empty or ends in blanks, since one of the two protocols cannot express that. */
const full = (text: string) => `(${text})`

const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false
}

const without = (members: Translate.JsonObject): Translate.JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null))

/** JSON after it was parsed and written again, with keys in the language's order. */
const settled = (value: unknown): Translate.JsonObject => JSON.parse(JSON.stringify(value))

/** The conversation as a chat-completions request. */
export const asChat = (of: Conversation): Translate.JsonObject => {
  const parts = (given: Conversation["question"]) => {
    const content = given.map((part) =>
      part.type === "text"
        ? { type: "text", text: full(part.text) }
        : {
            type: "image_url",
            image_url: {
              url:
                part.type === "url"
                  ? `https://example.org/${part.path}.png`
                  : `data:image/png;base64,${btoa(`${part.path}`)}`
            }
          }
    )
    if (content.length === 0) return "hi"
    // Text parts alone become one text, as the translation writes it for servers that accept no list.
    const texts = content.flatMap((part) => ("text" in part ? part.text : []))
    return texts.length === content.length ? texts.join("\n\n") : content
  }
  let calls = 0
  const messages: Array<object> = of.system.map((text) => ({ role: "system", content: full(text) }))
  let lastRole = ""
  const add = (message: { readonly role: string; readonly [key: string]: unknown }) => {
    messages.push(message)
    lastRole = message.role
  }
  for (const round of of.rounds) {
    if (round.asks || lastRole === "" || lastRole === "assistant")
      add({ role: "user", content: parts(round.parts) })
    const ids = round.calls.map(() => `call_${calls++}`)
    const says = round.says || round.calls.length === 0
    add({
      role: "assistant",
      content: says ? full(round.text) : null,
      ...(ids.length === 0
        ? {}
        : {
            tool_calls: round.calls.map((call, at) => ({
              id: ids[at],
              type: "function",
              function: { name: call.tool, arguments: JSON.stringify(settled(call.input)) }
            }))
          })
    })
    round.calls.forEach((call, at) => {
      add({ role: "tool", tool_call_id: ids[at], content: full(call.result) })
    })
  }
  add({ role: "user", content: parts(of.question) })
  const hasTools = of.tools !== "none" || calls > 0
  const strict = of.tools === "strict" ? { strict: true } : {}
  return without({
    model: "gpt-4.1",
    messages,
    max_completion_tokens: of.maxTokens,
    temperature: of.temperature === null ? null : of.temperature / 100,
    top_p: of.topP === null ? null : of.topP / 100,
    stop: of.stop.length === 0 ? null : of.stop.length === 1 ? full(of.stop[0]!) : of.stop.map(full),
    user: of.user === null ? null : `u${of.user}`,
    service_tier: of.tier === "standard" ? "default" : of.tier,
    tools: hasTools
      ? ["weather", "time"].map((name) => ({
          type: "function",
          function: { name, description: `The ${name}`, parameters: schema, ...strict }
        }))
      : null,
    // Claude has this flag in its tool choice, so it implies one, and it means nothing where no calls may be made.
    tool_choice: hasTools
      ? of.choice === "weather"
        ? { type: "function", function: { name: "weather" } }
        : (of.choice ?? (of.parallel === null ? null : "auto"))
      : null,
    parallel_tool_calls: hasTools && of.choice !== "none" ? of.parallel : null,
    response_format: of.hasFormat
      ? { type: "json_schema", json_schema: { name: "response", schema, strict: true } }
      : null,
    stream: of.stream ? true : null,
    stream_options: of.stream ? { include_usage: true } : null
  })
}

const usageOf = (of: Answer) => ({
  prompt_tokens: of.input + of.cacheRead + of.cacheWrite,
  completion_tokens: of.output,
  total_tokens: of.input + of.cacheRead + of.cacheWrite + of.output,
  prompt_tokens_details: { cached_tokens: of.cacheRead, cache_write_tokens: of.cacheWrite },
  completion_tokens_details: { reasoning_tokens: of.thinking }
})

const details = (thoughts: ReadonlyArray<string>) =>
  thoughts.map((text, index) => ({
    type: "reasoning.text",
    text: full(text),
    signature: `sig${index}`,
    format: "anthropic-claude-v1",
    index
  }))

/** The answer as a chat completion. */
export const asCompletion = (of: Answer): Translate.JsonObject => ({
  id: "answer",
  object: "chat.completion",
  created: 1700000000,
  model: "gpt-4.1",
  choices: [
    {
      index: 0,
      message: without({
        role: "assistant",
        content: full(of.text),
        reasoning_content: of.thoughts.length === 0 ? null : of.thoughts.map(full).join(""),
        reasoning_details: of.thoughts.length === 0 ? null : details(of.thoughts),
        tool_calls:
          of.calls.length === 0
            ? null
            : of.calls.map(({ tool, input }, at) => ({
                id: `call_${at}`,
                type: "function",
                function: { name: tool, arguments: JSON.stringify(settled(input)) }
              }))
      }),
      logprobs: null,
      finish_reason: of.length ? "length" : of.calls.length > 0 ? "tool_calls" : "stop"
    }
  ],
  usage: usageOf(of)
})

/** The answer as a message. */
export const asMessage = (of: Answer): Translate.JsonObject => ({
  id: "answer",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [
    ...of.thoughts.map((text, at) => ({ type: "thinking", thinking: full(text), signature: `sig${at}` })),
    { type: "text", text: full(of.text) },
    ...of.calls.map(({ tool, input }, at) => ({
      type: "tool_use",
      id: `call_${at}`,
      name: tool,
      input: settled(input)
    }))
  ],
  stop_reason: of.length ? "max_tokens" : of.calls.length > 0 ? "tool_use" : "end_turn",
  stop_sequence: null,
  usage: {
    input_tokens: of.input,
    cache_creation_input_tokens: of.cacheWrite,
    cache_read_input_tokens: of.cacheRead,
    output_tokens: of.output,
    output_tokens_details: { thinking_tokens: of.thinking }
  }
})

/** A text in pieces, cut at some hundredths of its length. A piece may be empty. */
const pieces = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const at = [
    0,
    ...cuts.map((cut) => Math.floor((cut * text.length) / 100)).sort((a, b) => a - b),
    text.length
  ]
  return at.slice(1).map((end, index) => text.slice(at[index], end))
}

/** The answer as the chunks of a chat stream, with the pieces of its calls in order or interleaved. */
export const asChunks = (of: Answer): ReadonlyArray<Translate.SseEvent> => {
  const { choices, usage, ...head } = asCompletion(of)
  const [choice] = choices as [{ readonly finish_reason: string }]
  const deltas: Array<object> = [{ role: "assistant", content: "" }]
  for (const thought of of.thoughts) {
    for (const piece of pieces(full(thought), of.cuts)) deltas.push({ reasoning_content: piece })
  }
  for (const piece of pieces(full(of.text), of.cuts)) deltas.push({ content: piece })
  const calls = of.calls.map(({ tool, input }, index) => [
    { index, id: `call_${index}`, type: "function", function: { name: tool, arguments: "" } },
    ...pieces(JSON.stringify(settled(input)), of.cuts).map((piece) => ({
      index,
      function: { arguments: piece }
    }))
  ])
  if (of.byTurns) {
    for (let turn = 0; turn <= of.cuts.length + 1; turn++) {
      const tool_calls = calls.flatMap((call) => call[turn] ?? [])
      if (tool_calls.length > 0) deltas.push({ tool_calls })
    }
  } else for (const call of calls.flat()) deltas.push({ tool_calls: [call] })
  const chunk = (members: object) => ({
    data: JSON.stringify({ ...head, object: "chat.completion.chunk", ...members })
  })
  return [
    ...deltas.map((delta) => chunk({ choices: [{ index: 0, delta, finish_reason: null }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: choice.finish_reason }] }),
    chunk({ choices: [], usage }),
    { data: "[DONE]" }
  ]
}

/** The answer as the events of a streamed message. */
export const asMessageEvents = (of: Answer): ReadonlyArray<Translate.SseEvent> => {
  const { content, usage, stop_reason, stop_sequence, ...head } = asMessage(of)
  const started = usage as Translate.JsonObject
  const events: Array<Translate.JsonObject> = [
    {
      type: "message_start",
      message: { ...head, content: [], stop_reason: null, usage: { ...started, output_tokens: 1 } }
    },
    { type: "ping" }
  ]
  ;(content as ReadonlyArray<Translate.JsonObject>).forEach((block, index) => {
    const delta = (delta: object) => events.push({ type: "content_block_delta", index, delta })
    const start = (content_block: object) =>
      events.push({ type: "content_block_start", index, content_block })
    if (block.type === "thinking") {
      start({ type: "thinking", thinking: "" })
      for (const thinking of pieces(String(block.thinking), of.cuts))
        delta({ type: "thinking_delta", thinking })
      delta({ type: "signature_delta", signature: block.signature })
    } else if (block.type === "text") {
      start({ type: "text", text: "" })
      for (const text of pieces(String(block.text), of.cuts)) delta({ type: "text_delta", text })
    } else {
      start({ ...block, input: {} })
      const json = JSON.stringify(block.input)
      for (const partial_json of json === "{}" ? [""] : pieces(json, of.cuts)) {
        delta({ type: "input_json_delta", partial_json })
      }
    }
    events.push({ type: "content_block_stop", index })
  })
  events.push(
    { type: "message_delta", delta: { stop_reason, stop_sequence }, usage: { output_tokens: of.output } },
    { type: "message_stop" }
  )
  return events.map((json) => ({ event: String(json.type), data: JSON.stringify(json) }))
}
