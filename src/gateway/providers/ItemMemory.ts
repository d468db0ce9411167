/**
 * What translated responses said, for the clients that name it by its id later instead of saying it again.
 *
 * It is kept unless the request says `store: false`, for the caller's own token only, in this process only, and the
 * oldest goes first when there is too much of it. OpenAI keeps its own for 30 days:
 * https://platform.openai.com/docs/guides/conversation-state
 */
import { hash } from "node:crypto"
import * as Context from "effect/Context"
import { isObject, type JsonObject, type Request } from "../../providers/wire/Wire.ts"
import { itemsOf, withItems } from "../../translate/index.ts"

/** What is longer is not kept: it would push out everything else. */
const longestItem = 4_000_000

/** How much is kept: items, and characters of them. */
const mostItems = 10_000
const mostCharacters = 16_000_000

/** Items by caller and id. */
export class Items {
  readonly #items = new Map<string, string>()
  #characters = 0

  /** Keeps the items of a response, unless the request said otherwise. */
  keep({ body, headers }: Request, response: JsonObject): void {
    if (body.store === false) return
    const caller = callerOf(headers)
    for (const [id, item] of itemsOf(response)) this.#put(`${caller} ${id}`, JSON.stringify(item))
  }

  /** The request with the items it refers to; the very same one when it refers to none that is kept. */
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

  /** Keeps what a model left with a call and its client could not carry. */
  note({ headers }: Request, call: string, kept: string): void {
    this.#put(`${callerOf(headers)} call ${call}`, kept)
  }

  /** What was kept of a call. */
  noted({ headers }: Request, call: string): string | undefined {
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

/**
 * Tokens are not kept, only what tells them apart. Both places of a token count: either may be the one that opened, and the
 * other one a dummy that many clients share.
 */
const callerOf = ({ authorization = "", ...headers }: Request["headers"] = {}): string =>
  hash("sha256", JSON.stringify([authorization, headers["x-api-key"] ?? ""]), "base64url")

/** The items of this process. They outlive a change of the config. */
export const ItemMemory: Context.Reference<Items> = Context.Reference("effect-failover/gateway/ItemMemory", {
  defaultValue: () => new Items()
})
