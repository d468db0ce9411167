/**
 * Names in answers to Claude Code the model that it requested, not the provider's model behind that name.
 *
 * Claude Code 2.1 compares the two, and leaves the signed thoughts of an answer that names another model out of its next
 * request. So no model behind a name of the gateway would ever get its thoughts again (observed with 2.1.197, 2026-11-30).
 */
import * as Effect from "effect/Effect"
import * as JsonText from "../../providers/bytes/JsonText.ts"
import type { HttpProvider } from "../../providers/HttpProvider.ts"
import { type Answer, Chunk, isObject, type Request, unparsed } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"

/** The provider for callers of messages. Answers to other clients than Claude Code are not touched. */
export const make = <P extends HttpProvider>(provider: P): P => ({
  ...provider,
  complete: (request, target) => {
    const answered = provider.complete(request, target)
    const asked = askedBy(request)
    return asked === undefined ? answered : Effect.map(answered, (answer) => renamed(answer, asked))
  },
  stream: (request, target) => {
    const stream = provider.stream(request, target)
    const asked = askedBy(request)
    return asked === undefined
      ? stream
      : Flow.toStream((context) => renaming(Pump.begin(stream, context), asked))
  }
})

/**
 * The model that Claude Code requested; `undefined` for other clients, and if Anthropic's own fallbacks may choose another
 * model: then the client has to know which one.
 */
const askedBy = ({ body, headers, operation }: Request): string | undefined =>
  operation === "messages" &&
  headers?.["x-claude-code-session-id"] !== undefined &&
  body.fallbacks === undefined &&
  typeof body.model === "string"
    ? body.model
    : undefined

const renamed = (answer: Answer, model: string): Answer => {
  if (answer.json?.model === model) return answer
  const text = Buffer.from(answer.body).toString()
  const named: Answer = {
    status: answer.status,
    headers: answer.headers,
    body: Buffer.from(JsonText.set(text, "model", JSON.stringify(model))),
    get json() {
      return answer.json && { ...answer.json, model }
    }
  }
  const reading = unparsed.get(answer)
  if (reading !== undefined) unparsed.set(named, reading)
  return named
}

/** The flow with another model in its first event, `message_start`. */
const renaming = <E>(flow: Flow.Flow<Chunk, E>, model: string): Flow.Flow<Chunk, E> => {
  let isStarted = false
  const rename = (chunk: Chunk): Chunk => {
    if (isStarted) return chunk
    const text = Buffer.from(chunk.bytes).toString()
    const line = /^data:.*"message_start".*$/m.exec(text)?.[0]
    if (line === undefined) return chunk
    isStarted = true
    const named = started(line, model)
    if (named === line) return chunk
    const made = new Chunk(Buffer.from(text.replace(line, () => named)), chunk.phase, undefined, undefined)
    made.head = chunk.head
    return made
  }
  return {
    take: () => {
      const chunks = flow.take()
      if (chunks === undefined || isStarted) return chunks
      const [first, ...others] = chunks
      return [rename(first), ...others.map(rename)]
    },
    ended: () => flow.ended(),
    onReady: (reader) => flow.onReady(reader),
    cancel: () => flow.cancel(),
    released: (f) => Flow.released(flow, f),
    ...(flow.gather !== undefined && { gather: () => flow.gather?.() })
  }
}

/** The line of the event with the model; the same one if it has that model, or cannot be read. */
const started = (line: string, model: string): string => {
  try {
    const json: unknown = JSON.parse(line.slice("data:".length))
    return isObject(json) && isObject(json.message) && json.message.model !== model
      ? `data: ${JSON.stringify({ ...json, message: { ...json.message, model } })}`
      : line
  } catch {
    return line
  }
}
