/**
 * What was said on one connection: a client goes on from it with `previous_response_id` and tells only what is new.
 *
 * As at OpenAI only the latest response is kept, for as long as its connection lives. The request goes to a provider whole,
 * so that it can fail over like any other. Whoever goes on from something that is not kept is told so, and says it all.
 * https://developers.openai.com/api/docs/guides/websocket-mode
 */
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"

/** How much all connections of a gateway may keep together, in characters of JSON. */
export interface Budget {
  left: number
}

/** The latest response of one connection. */
export class Chain {
  readonly #budget: Budget
  #kept: { readonly id: string; readonly input: ReadonlyArray<unknown>; readonly size: number } | undefined

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** The body of the request as a whole; the same one where it goes on from nothing that is kept. */
  complete(body: JsonObject): JsonObject {
    const { previous_response_id: id, ...rest } = body
    if (id === undefined || id === null) return body
    if (id !== this.#kept?.id) return body
    return { ...rest, input: [...this.#kept.input, ...itemsOf(body.input)] }
  }

  /** Keeps a response and what it answers. */
  keep(body: JsonObject, response: JsonObject): void {
    this.forget()
    const { id } = response
    if (typeof id !== "string" || body.previous_response_id !== undefined) return
    const input = [...itemsOf(body.input), ...itemsOf(response.output)]
    const size = JSON.stringify(input).length
    if (size > this.#budget.left) return
    this.#budget.left -= size
    this.#kept = { id, input, size }
  }

  /** Lets go of what is kept. */
  forget(): void {
    this.#budget.left += this.#kept?.size ?? 0
    this.#kept = undefined
  }
}

/** A text is one message of the user. */
const itemsOf = (input: unknown): ReadonlyArray<unknown> =>
  typeof input === "string"
    ? [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }]
    : Array.isArray(input)
      ? input.filter(isObject)
      : []
