/**
 * The latest response of a WebSocket connection, which a client continues with `previous_response_id`,
 * sending only new input.
 *
 * As at OpenAI, only the latest response is kept, as long as its connection is open. Providers get the whole
 * conversation, so the request can fail over like any other. A client that continues an unknown response gets
 * an error and sends everything again. https://developers.openai.com/api/docs/guides/websocket-mode
 */
import * as WriteJson from "../../providers/bytes/WriteJson.ts"
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"

/** The memory that all connections of a gateway may still use, in characters of JSON, roughly. */
export interface Budget {
  left: number
}

/** The latest response of one connection. */
export class LatestResponse {
  readonly #budget: Budget
  #kept: { readonly id: string; readonly input: ReadonlyArray<unknown>; readonly size: number } | undefined

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** The body with the whole conversation; the same object if it continues nothing that is kept. */
  complete(body: JsonObject): JsonObject {
    const { previous_response_id: id, ...rest } = body
    if (id === undefined || id === null) return body
    if (id !== this.#kept?.id) return body
    return { ...rest, input: [...this.#kept.input, ...itemsOf(body.input)] }
  }

  /** Keeps a response with the input it answers. */
  keep(body: JsonObject, response: JsonObject): void {
    this.forget()
    const { id } = response
    if (typeof id !== "string" || body.previous_response_id !== undefined) return
    const input = [...itemsOf(body.input), ...itemsOf(response.output)]
    const size = WriteJson.sizeOf(input)
    if (size > this.#budget.left) return
    this.#budget.left -= size
    this.#kept = { id, input, size }
  }

  /** Removes what is kept. */
  forget(): void {
    this.#budget.left += this.#kept?.size ?? 0
    this.#kept = undefined
  }
}

/** A string is one user message. */
const itemsOf = (input: unknown): ReadonlyArray<unknown> =>
  typeof input === "string"
    ? [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }]
    : Array.isArray(input)
      ? input.filter(isObject)
      : []
