/**
 * A conversation as one account may see it.
 *
 * The parts of earlier answers carry data for their provider. Some of it belongs to an account (OpenAI's item ids and
 * encrypted reasoning): another account, or another server with the same protocol, refuses the whole request because
 * of it. So it is removed from parts of other accounts. The failover layer marks the parts with their account; parts
 * of unknown origin are unchanged.
 */
import * as Prompt from "effect/ai/Prompt"
import type * as Schema from "effect/Schema"

/** The data that belongs to an account, under any provider's name. */
const keys: ReadonlySet<string> = new Set(["itemId", "encryptedContent"])

/** Conversations as one account may see them. */
export class History {
  readonly #account: string
  /** The same message always gets the same copy, so that data stored elsewhere by identity stays valid. */
  readonly #copies = new WeakMap<Prompt.AssistantMessage, Prompt.AssistantMessage>()

  constructor(account: string) {
    this.#account = account
  }

  /** The conversation without data of other accounts; the same object if there is none. */
  own(prompt: Prompt.Prompt): Prompt.Prompt {
    let messages: Array<Prompt.Message> | undefined
    for (let i = 0; i < prompt.content.length; i++) {
      const message = prompt.content[i]!
      if (message.role !== "assistant" || !message.content.some((part) => this.#isForeign(part))) continue
      messages ??= [...prompt.content]
      messages[i] = this.#copy(message)
    }
    return messages === undefined ? prompt : Prompt.fromMessages(messages)
  }

  #isForeign({ options }: Prompt.AssistantMessagePart): boolean {
    const from = options.failover
    return isRecord(from) && typeof from.account === "string" && from.account !== this.#account
  }

  #copy(message: Prompt.AssistantMessage): Prompt.AssistantMessage {
    const known = this.#copies.get(message)
    if (known !== undefined) return known
    const content = message.content.map((part) =>
      this.#isForeign(part) ? { ...part, options: portable(part.options) } : part
    )
    const copy = Prompt.assistantMessage({ content, options: message.options })
    this.#copies.set(message, copy)
    return copy
  }
}

const portable = (options: Prompt.ProviderOptions): Prompt.ProviderOptions =>
  Object.fromEntries(
    Object.entries(options).map(([provider, own]) => [
      provider,
      isRecord(own) ? Object.fromEntries(Object.entries(own).filter(([key]) => !keys.has(key))) : own
    ])
  )

const isRecord = (u: Schema.Json | undefined): u is { readonly [key: string]: Schema.Json } =>
  typeof u === "object" && u !== null && !Array.isArray(u)
