/**
 * A conversation as one account may see it.
 *
 * The parts of earlier answers carry what their provider needs to recognise them. Some of that belongs to the account
 * (OpenAI's item ids and encrypted reasoning): another account, or another server that speaks the same protocol,
 * refuses the whole request because of it. So it is taken out of the parts that come from somewhere else. Which parts
 * do is written in them by the failover layer; parts of other origin are left alone.
 */
import * as Prompt from "effect/ai/Prompt"
import type * as Schema from "effect/Schema"

/** What belongs to an account, under the name of whatever provider. */
const keys: ReadonlySet<string> = new Set(["itemId", "encryptedContent"])

/** Conversations as one account may see them. */
export class History {
  readonly #account: string
  /** The same message is always given the same copy, so that what others remember of it by identity stays true. */
  readonly #copies = new WeakMap<Prompt.AssistantMessage, Prompt.AssistantMessage>()

  constructor(account: string) {
    this.#account = account
  }

  /** The conversation without what belongs to other accounts; itself when there is nothing of that kind. */
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
