/**
 * Gives each call of an answer an id of its own.
 *
 * Some servers give parallel calls the same id; clients then cannot tell their results apart, and other servers
 * refuse the conversation.
 *
 * - https://github.com/HKUDS/nanobot/pull/3943 (DeepSeek, GLM)
 * - https://github.com/HKUDS/nanobot/issues/4473 (Kimi, in Anthropic's protocol)
 */

/** The ids of one answer. */
export class DistinctIds {
  readonly #given = new Set<string>()

  /** The item, with another id if an earlier one has the same. An empty id is replaced by the writers. */
  of<Item extends { readonly id: string }>(item: Item): Item {
    const { id } = item
    if (id === "") return item
    let own = id
    for (let count = 1; this.#given.has(own); count++) own = `${id}_${count}`
    this.#given.add(own)
    return own === id ? item : { ...item, id: own }
  }
}
