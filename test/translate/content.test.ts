/**
 * No content is lost: every character of text, thoughts and arguments that goes into a translation comes out of it, or the
 * answer is reported as malformed. Streams are cut and reordered as real servers do it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Translate from "../../src/translate/index.ts"
import { context, dataOf, translateStream } from "../support/translate/support.ts"

const dialects = ["openai", "anthropic", "responses"] as const
/** A caller of each protocol that requests everything. */
const curious = { stream_options: { include_usage: true }, thinking: { type: "adaptive" }, model: "m" }

/** The content, by kind. */
interface Said {
  readonly text: string
  readonly thoughts: string
  /** Name and arguments, as one text each. */
  readonly calls: ReadonlyArray<string>
}

const callOf = (name: unknown, args: unknown): string => {
  const text = typeof args === "string" ? args : JSON.stringify(args ?? {})
  return `${String(name)} ${JSON.stringify(JSON.parse(text === "" ? "{}" : text))}`
}

// biome-ignore lint/suspicious/noExplicitAny: the shapes of three protocols are looked into, and a wrong look fails
type Loose = any

/** The content of a whole answer, in any protocol. */
const saidIn = (dialect: Translate.Dialect, body: Loose): Said => {
  let [text, thoughts] = ["", ""]
  const calls: Array<string> = []
  if (dialect === "openai") {
    const { message } = body.choices[0]
    text += (message.content ?? "") + (message.refusal ?? "")
    thoughts += message.reasoning_content ?? ""
    for (const call of message.tool_calls ?? [])
      calls.push(callOf(call.function.name, call.function.arguments))
  } else if (dialect === "anthropic") {
    for (const block of body.content) {
      text += block.text ?? ""
      thoughts += block.thinking ?? ""
      if (block.type === "tool_use") calls.push(callOf(block.name, block.input))
    }
  } else {
    for (const item of body.output) {
      for (const part of item.content ?? []) text += part.text ?? part.refusal ?? ""
      for (const part of item.summary ?? []) thoughts += part.text
      if (item.type === "function_call") calls.push(callOf(item.name, item.arguments))
    }
  }
  return { text, thoughts, calls }
}

/** The content of the events of a stream, in any protocol. */
const heardIn = (dialect: Translate.Dialect, events: ReadonlyArray<Translate.OutEvent>): Said => {
  let [text, thoughts] = ["", ""]
  const names = new Map<unknown, string>()
  const args = new Map<unknown, string>()
  const argue = (key: unknown, json: string) => args.set(key, (args.get(key) ?? "") + json)
  for (const event of dataOf(events) as ReadonlyArray<Loose>) {
    if (dialect === "openai") {
      const delta = event.choices?.[0]?.delta ?? {}
      text += (delta.content ?? "") + (delta.refusal ?? "")
      thoughts += delta.reasoning_content ?? ""
      for (const call of delta.tool_calls ?? []) {
        if (call.function.name !== undefined) names.set(call.index, call.function.name)
        argue(call.index, call.function.arguments)
      }
    } else if (dialect === "anthropic") {
      if (event.content_block?.type === "tool_use") names.set(event.index, event.content_block.name)
      text += event.delta?.text ?? ""
      thoughts += event.delta?.thinking ?? ""
      if (event.delta?.partial_json !== undefined) argue(event.index, event.delta.partial_json)
    } else {
      if (event.item?.type === "function_call") names.set(event.output_index, event.item.name)
      if (event.type === "response.output_text.delta" || event.type === "response.refusal.delta")
        text += event.delta
      if (event.type === "response.reasoning_summary_text.delta") thoughts += event.delta
      if (event.type === "response.function_call_arguments.delta") argue(event.output_index, event.delta)
    }
  }
  const calls = [...names].map(([key, name]) => callOf(name, args.get(key) ?? ""))
  return { text, thoughts, calls }
}

const Piece = Schema.Struct({
  kind: Schema.Literals(["text", "thinking", "call", "refusal"]),
  text: Schema.String,
  input: Schema.Record(Schema.String, Schema.Json),
  cut: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })),
  /** How the server sends a call. */
  manner: Schema.Literals([
    "plain",
    "other ids",
    "no index",
    "same index",
    "name in pieces",
    "name again",
    "name last",
    "an object",
    "a placeholder",
    "index counted on",
    "older"
  ]),
  thoughts: Schema.Literals(["reasoning_content", "reasoning", "reasoning_text", "thinking", "part"])
})
const Pieces = Schema.Array(Piece).check(Schema.isMaxLength(6))
type Piece = typeof Piece.Type

const halves = (text: string, cut: number) => {
  const at = Math.floor((text.length * cut) / 100)
  return [text.slice(0, at), text.slice(at)] as const
}
const argumentsOf = ({ input }: Piece) => JSON.stringify({ a: 1, ...JSON.parse(JSON.stringify(input)) })

/** The content of the pieces. */
const meant = (pieces: ReadonlyArray<Piece>): Said => ({
  text: pieces.flatMap(({ kind, text }) => (kind === "text" || kind === "refusal" ? text : [])).join(""),
  thoughts: pieces.flatMap(({ kind, text }) => (kind === "thinking" ? text : [])).join(""),
  calls: pieces.flatMap((piece, at) =>
    piece.kind === "call" ? callOf(`tool_${at}`, argumentsOf(piece)) : []
  )
})

/** The deltas in which a chat server sends a call; `number` is the call's. */
const callDeltas = (piece: Piece, at: number, number: number): ReadonlyArray<object> => {
  const args = argumentsOf(piece)
  const [a, b] = halves(args, piece.cut)
  const [id, name] = [`id_${at}`, `tool_${at}`]
  const of = (
    index: number | undefined,
    id: string | undefined,
    name: string | undefined,
    args?: unknown
  ) => ({
    tool_calls: [{ index, id, type: "function", function: { name, arguments: args } }]
  })
  switch (piece.manner) {
    case "plain":
      return [
        of(number, id, name, ""),
        of(number, undefined, undefined, a),
        of(number, undefined, undefined, b)
      ]
    case "other ids":
      return [
        of(number, id, name, ""),
        of(number, `${id}x`, undefined, a),
        of(number, `${id}y`, undefined, b)
      ]
    case "no index":
      return [of(undefined, id, name, a), of(undefined, undefined, undefined, b)]
    case "same index":
      return [of(0, id, name, a), of(0, undefined, undefined, b)]
    case "name in pieces":
      return [
        of(number, id, "tool", ""),
        of(number, id, `_${at}`, ""),
        of(number, id, undefined, a),
        of(number, id, undefined, b)
      ]
    case "name again":
      return [of(number, id, name, a), of(number, id, name, b)]
    case "name last":
      return [of(number, id, undefined, a), of(number, id, undefined, b), of(number, id, name)]
    case "an object":
      return [of(number, id, name, JSON.parse(args))]
    case "a placeholder":
      return [of(number, id, name, "{}"), of(number, id, undefined, a), of(number, id, undefined, b)]
    case "index counted on":
      return [
        of(number, id, name, ""),
        of(number + 50, undefined, undefined, a),
        of(number + 51, undefined, undefined, b)
      ]
    case "older":
      return [
        { function_call: { name, arguments: "" } },
        { function_call: { arguments: a } },
        { function_call: { arguments: b } }
      ]
  }
}

/** A stream of a chat server; its finish reason comes before one of the deltas, or after all. */
const asChunks = (pieces: ReadonlyArray<Piece>, early: boolean): ReadonlyArray<Translate.SseEvent> => {
  let number = 0
  const deltas = pieces.flatMap((piece, at) => {
    if (piece.kind === "call") return callDeltas(piece, at, number++)
    const [a, b] = halves(piece.text, piece.cut)
    const tell = (text: string) => {
      if (piece.kind === "refusal") return { refusal: text }
      if (piece.kind === "text") return { content: text }
      return piece.thoughts === "part"
        ? { content: [{ type: "thinking", thinking: text }] }
        : { [piece.thoughts]: text }
    }
    return [tell(a), tell(b)]
  })
  const chunk = (delta: object, finish_reason: string | null) => ({
    data: JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }] })
  })
  const finishAt = early ? Math.floor(deltas.length / 2) : deltas.length
  return [
    ...deltas.slice(0, finishAt).map((delta) => chunk(delta, null)),
    chunk({}, "stop"),
    ...deltas.slice(finishAt).map((delta) => chunk(delta, null)),
    { data: "[DONE]" }
  ]
}

/** A stream as a server of messages sends it. */
const asEvents = (pieces: ReadonlyArray<Piece>, early: boolean): ReadonlyArray<Translate.SseEvent> => {
  const end = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } }
  const blocks = pieces.flatMap((piece, index): ReadonlyArray<object> => {
    const [a, b] = halves(piece.kind === "call" ? argumentsOf(piece) : piece.text, piece.cut)
    const start = (content_block: object) => ({ type: "content_block_start", index, content_block })
    const delta = (delta: object, at: number | undefined = index) => ({
      type: "content_block_delta",
      index: at,
      delta
    })
    const stop = { type: "content_block_stop", index }
    if (piece.kind === "call") {
      const lost = piece.manner === "no index" ? -1 : index
      const tool = { type: "tool_use", id: `id_${index}`, name: `tool_${index}` }
      if (piece.manner === "an object") return [start({ ...tool, input: JSON.parse(a + b) }), stop]
      const args = [a, b].map((partial_json) => delta({ type: "input_json_delta", partial_json }, lost))
      return [start({ ...tool, input: {} }), ...args, stop]
    }
    return piece.kind === "thinking"
      ? [start({ type: "thinking", thinking: a }), delta({ type: "thinking_delta", thinking: b }), stop]
      : [start({ type: "text", text: a }), delta({ type: "text_delta", text: b }), stop]
  })
  const events = [
    { type: "message_start", message: { id: "m", usage: { input_tokens: 1 } } },
    ...(early ? [end, ...blocks] : [...blocks, end]),
    { type: "message_stop" }
  ]
  return events.map((json) => ({ event: (json as { type: string }).type, data: JSON.stringify(json) }))
}

const isSame = (heard: Said, said: Said, what: string) => {
  assert.strictEqual(heard.text, said.text, what)
  assert.strictEqual(heard.thoughts, said.thoughts, what)
  assert.deepStrictEqual([...heard.calls].sort(), [...said.calls].sort(), what)
}

describe("what goes into a translation", () => {
  for (const from of ["openai", "anthropic"] as const) {
    for (const to of dialects) {
      it.prop(
        `comes out of it, or the stream is malformed: a stream from ${from} to ${to}`,
        [Pieces, Schema.Boolean],
        ([pieces, early]) => {
          const given = context({ ...curious, ...(to === "responses" && { input: "hi" }) })
          const events = from === "openai" ? asChunks(pieces, early) : asEvents(pieces, early)
          const translator = Translate.makeStreamTranslator(from, to, given)
          for (const event of events) translator.event(event)
          if (translator.malformed !== undefined) return
          const told = translateStream(from, to, events, given)
          // A stream that its protocol has completed does not fail any more, but is reported as broken.
          if (told.at(-1)?.event === "error" || told.at(-1)?.data.startsWith('{"error"') === true) return
          isSame(heardIn(to, told), meant(pieces), JSON.stringify(events))
        },
        { arbitrary: { runs: 200 } }
      )

      it.prop(
        `comes out of it: a whole answer from ${from} to ${to}`,
        [Pieces],
        ([pieces]) => {
          const given = context({ ...curious, ...(to === "responses" && { input: "hi" }) })
          const of = (kind: Piece["kind"]) =>
            pieces.flatMap((piece) => (piece.kind === kind ? piece.text : [])).join("")
          const calls = pieces.flatMap((piece, at) =>
            piece.kind === "call"
              ? [{ id: `id_${at}`, name: `tool_${at}`, args: argumentsOf(piece), piece }]
              : []
          )
          const body =
            from === "openai"
              ? {
                  choices: [
                    {
                      finish_reason: "stop",
                      message: {
                        content: of("text"),
                        refusal: of("refusal"),
                        [pieces[0]?.thoughts === "part"
                          ? "reasoning_content"
                          : (pieces[0]?.thoughts ?? "reasoning")]: of("thinking"),
                        tool_calls: calls.map(({ args, id, name, piece }) => ({
                          id,
                          function: {
                            name,
                            arguments: piece.manner === "an object" ? JSON.parse(args) : args
                          }
                        }))
                      }
                    }
                  ]
                }
              : {
                  stop_reason: "end_turn",
                  content: [
                    { type: "thinking", thinking: of("thinking") },
                    { type: "text", text: of("text") },
                    { type: "text", text: of("refusal") },
                    ...calls.map(({ args, id, name }) => ({
                      type: "tool_use",
                      id,
                      name,
                      input: JSON.parse(args)
                    }))
                  ]
                }
          const said = { ...meant(pieces), text: of("text") + of("refusal") }
          isSame(saidIn(to, Translate.translateWhole(from, to, body, given).body), said, JSON.stringify(body))
        },
        { arbitrary: { runs: 100 } }
      )
    }
  }
})
