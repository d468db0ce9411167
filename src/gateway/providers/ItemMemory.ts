/**
 * Keeps the items of translated responses, for clients that refer to them by id instead of sending them
 * again.
 *
 * Items are kept unless the request has `store: false`. They are visible to the same token only, live in this
 * process only, and the oldest are removed first. OpenAI keeps its own for 30 days:
 * https://platform.openai.com/docs/guides/conversation-state
 */
import { hash } from "node:crypto"
import * as Context from "effect/Context"
import * as WriteJson from "../../providers/bytes/WriteJson.ts"
import { isObject, type JsonObject, type Request } from "../../providers/wire/Wire.ts"
import { itemsOf, withItems } from "../../translate/index.ts"
import * as Tokens from "../server/Tokens.ts"

/** Longer items, in characters, are not kept: one would remove everything else. */
const longestItem = 4_000_000

/** The most items, and the most characters of all of them. */
const mostItems = 10_000
const mostCharacters = 16_000_000

/** Items by caller and id. */
export class Items {
  readonly #items = new Map<string, string>()
  #characters = 0

  /** Keeps the items of a response, unless the request has `store: false`. */
  keep({ body, headers }: Request, response: JsonObject): void {
    if (body.store === false) return
    const caller = callerOf(headers)
    for (const [id, item] of itemsOf(response)) {
      // Writing an item only to find it too long would take as long as any other large text.
      if (WriteJson.sizeOf(item) > longestItem) this.#drop(`${caller} ${id}`)
      else this.#put(`${caller} ${id}`, JSON.stringify(item))
    }
  }

  /** The request with its item references resolved; the same object if none is kept. */
  recall(request: Request): Request {
    const { body, headers } = request
    if (!Array.isArray(body.input) || !body.input.some(isReference)) return request
    const caller = callerOf(headers)
    const recalled = withItems(body, (id) => {
      const item = this.#items.get(`${caller} ${id}`)
      return item === undefined ? undefined : JSON.parse(item)
    })
    return recalled === body ? request : { ...request, body: recalled, text: undefined }
  }

  /** Keeps the data that a model left with a tool call, if the client cannot carry it. */
  keepForCall({ headers }: Request, call: string, kept: string): void {
    this.#put(`${callerOf(headers)} call ${call}`, kept)
  }

  /** The data kept for a tool call. */
  keptForCall({ headers }: Request, call: string): string | undefined {
    return this.#items.size === 0 ? undefined : this.#items.get(`${callerOf(headers)} call ${call}`)
  }

  #put(key: string, item: string): void {
    this.#drop(key)
    if (item.length > longestItem) return
    this.#items.set(key, item)
    this.#characters += key.length + item.length
    for (const oldest of this.#items.keys()) {
      if (this.#items.size <= mostItems && this.#characters <= mostCharacters) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    this.#items.delete(key)
    this.#characters -= key.length + item.length
  }
}

const isReference = (item: unknown): boolean => isObject(item) && item.type === "item_reference"

/** The key of a caller: a hash, so that no token is kept. */
const callerOf = (headers: Request["headers"] = {}): string =>
  hash("sha256", Tokens.allOf(headers), "base64url")

/** The items of this process. A reload keeps them. */
export const ItemMemory: Context.Reference<Items> = Context.Reference("effect-failover/gateway/ItemMemory", {
  defaultValue: () => new Items()
})
