/** What the tests of the translation share: streams as text, and the answers that the official clients make of them. */
import { MessageStream } from "@anthropic-ai/sdk/lib/MessageStream"
import { ChatCompletionStream } from "openai/lib/ChatCompletionStream"
import * as SseEvent from "../../../src/providers/bytes/SseEvent.ts"
import * as Translate from "../../../src/translate/index.ts"

/** The context of a minimal request. */
export const context = (
  request: Translate.JsonObject = {},
  options: Partial<Translate.ContextOptions> = {}
): Translate.Context => Translate.makeContext(request, { id: "req_1", created: 1700000000, ...options })

/** The events of a stream as a gateway reads them. */
export const eventsOf = (stream: string): ReadonlyArray<Translate.SseEvent> =>
  stream
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => SseEvent.read(new TextEncoder().encode(`${event}\n\n`)))

/** A whole stream in another protocol. */
export const translateStream = (
  from: Translate.Protocol,
  to: Translate.Dialect,
  events: ReadonlyArray<Translate.SseEvent>,
  given: Translate.Context
): ReadonlyArray<Translate.OutEvent> => {
  const translator = Translate.makeStreamTranslator(from, to, given)
  return [...events.flatMap((event) => translator.event(event)), ...translator.end()]
}

/** The data of events, parsed. */
export const dataOf = (events: ReadonlyArray<Translate.OutEvent>): ReadonlyArray<unknown> =>
  events.map(({ data }) => (data === "[DONE]" ? data : JSON.parse(data)))

const lines = (items: ReadonlyArray<unknown>) =>
  new Response(items.map((item) => `${JSON.stringify(item)}\n`).join("")).body!

/** The whole answer that the official client of a protocol makes of a stream. */
export const addUp = async (
  protocol: Translate.Protocol,
  events: ReadonlyArray<Translate.OutEvent>
): Promise<Translate.JsonObject> => {
  const items = dataOf(events).filter((item) => item !== "[DONE]")
  const answer =
    protocol === "openai"
      ? await ChatCompletionStream.fromReadableStream(lines(items)).finalChatCompletion()
      : await MessageStream.fromReadableStream(lines(items)).finalMessage()
  return JSON.parse(JSON.stringify(answer))
}
