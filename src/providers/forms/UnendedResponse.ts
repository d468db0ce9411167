/**
 * A response whose events end in `[DONE]`, without the `response.completed` that holds it. It is made of the items that
 * came, so that clients get the event they wait for: Codex reports `stream closed before response.completed`.
 */
import { sizeOf } from "../bytes/WriteJson.ts"
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"

/** The most characters that are kept, about. A longer response without its end is truncated. */
const most = 16 * 1024 * 1024

/** The parts of one response that have arrived. */
export class UnendedResponse {
  #begun: JsonObject | undefined
  readonly #items = new Map<unknown, JsonObject>()
  /** The items that have begun and are not finished. */
  readonly #open = new Set<unknown>()
  #hasItems = false
  /** The text of a server that sends nothing but deltas. */
  #text = ""
  #size = 0
  #isLost = false

  /** Whether all events have to be added: the server reports no items, so the text is in the deltas only. */
  get needsDeltas(): boolean {
    return !this.#hasItems
  }

  /** Takes the next event. */
  add({ delta, item, output_index, response, type }: JsonObject): void {
    if (isObject(response)) this.#begun ??= response
    if (type === "response.output_item.added" && isObject(item)) {
      this.#hasItems = true
      this.#open.add(output_index ?? item.id)
    } else if (type === "response.output_item.done" && isObject(item)) {
      this.#hasItems = true
      this.#open.delete(output_index ?? item.id)
      this.#keep(item, output_index ?? item.id ?? this.#items.size)
    } else if (!this.#hasItems && isFull(delta)) {
      if (type === "response.output_text.delta" && typeof delta === "string" && this.#text.length < most)
        this.#text += delta
      else this.#isLost = true
    }
  }

  #keep(item: JsonObject, place: unknown): void {
    this.#size += sizeOf(item)
    if (this.#size <= most) {
      this.#items.set(place, item)
      return
    }
    this.#isLost = true
    this.#items.clear()
  }

  /** The response; `undefined` if it is truncated: an item is unfinished, or cannot be made of its pieces. */
  end(): JsonObject | undefined {
    if (this.#open.size > 0 || this.#isLost) return undefined
    const output = this.#hasItems
      ? [...this.#items.values()]
      : this.#text === ""
        ? []
        : [messageOf(this.#text)]
    return { id: "resp_0", object: "response", ...this.#begun, status: "completed", output }
  }

  /** The events that were missing, as text; `undefined` if the response is truncated. */
  lastEvents(): string | undefined {
    const response = this.end()
    if (response === undefined) return undefined
    const items = this.#hasItems ? [] : (response.output as ReadonlyArray<JsonObject>)
    const events = [
      ...items.map((item, output_index) => ({ type: "response.output_item.done", output_index, item })),
      { type: "response.completed", response }
    ]
    return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")
  }
}

const messageOf = (text: string): JsonObject => ({
  id: "msg_0",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text, annotations: [] }]
})
