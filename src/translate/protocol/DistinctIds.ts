/**
 * Gives each call of a conversation an id of its own.
 *
 * Some servers give parallel calls the same id, or begin to count again with each answer; clients then cannot tell their
 * results apart, and other servers refuse the conversation.
 *
 * - https://github.com/HKUDS/nanobot/pull/3943 (DeepSeek, GLM)
 * - https://github.com/HKUDS/nanobot/issues/4473 (Kimi, in Anthropic's protocol)
 */
import * as CallId from "../carry/CallId.ts"
import { type JsonObject, objects, string } from "../common/Json.ts"

/** How much of an id stays before a number. Clients get at least 40 characters of any id, so they always see the number. */
const longestStem = 32

/** The ids of the calls of one answer. */
export class DistinctIds {
  readonly #body: JsonObject
  #given: Set<string> | undefined
  /** The last number behind each stem: the next call begins there, so many equal ids take linear time. */
  readonly #counts = new Map<string, number>()

  /** `body` is the caller's request: the ids of its conversation are taken. */
  constructor(body: JsonObject) {
    this.#body = body
  }

  /** The item, with another id if an earlier one has the same. An empty id is replaced by the writers. */
  of<Item extends { readonly id: string }>(item: Item): Item {
    const { id } = item
    if (id === "") return item
    const given = (this.#given ??= new Set(idsIn(this.#body)))
    let own = id
    const stem = id.slice(0, longestStem)
    let count = this.#counts.get(stem) ?? 0
    while (given.has(shown(own))) own = `${stem}_${++count}`
    this.#counts.set(stem, count)
    given.add(shown(own))
    return own === id ? item : { ...item, id: own }
  }
}

/** The ids of the calls in a request of any protocol, as the target gave them. */
function* idsIn(body: JsonObject): Iterable<string> {
  for (const { content, tool_calls } of objects(body.messages)) {
    for (const { id, type } of objects(content)) if (type === "tool_use") yield bare(id)
    for (const { id } of objects(tool_calls)) yield bare(id)
  }
  for (const { call_id, type } of objects(body.input)) {
    if (typeof type === "string" && type.endsWith("_call")) yield bare(call_id)
  }
}

/** The id as clients get it. */
const shown = (id: string): string => (CallId.isLegal(id) ? id : CallId.toLegal(id))

const bare = (id: unknown): string => shown(CallId.split(string(id) ?? "").id)
