/**
 * Restores what a target's own model left in a conversation, and removes what others left.
 *
 * The content of a token goes only to its owner; a token of another owner, or a modified one, is dropped.
 */

import * as CallId from "./carry/CallId.ts"
import type { Carry } from "./carry/Carry.ts"
import * as Content from "./carry/Content.ts"
import * as Token from "./carry/Token.ts"
import type { Call, Spoken, Thinking, Turn } from "./common/Common.ts"
import type { Dropped } from "./common/Dropped.ts"
import type { Protocol } from "./protocol/Protocol.ts"

/** How a chat server accepts its reasoning back. */
export interface ThoughtRules {
  /** Never, only that of turns with calls, or all of it. */
  readonly back: "never" | "calls" | "always"
  /** The message field for reasoning if its original field is unknown. */
  readonly field: string
}

/** The turns for one target. Without rules, its own reasoning is sent back unchanged. */
export const unpack = (
  turns: ReadonlyArray<Turn>,
  to: Protocol,
  carry: Carry,
  dropped: Dropped,
  rules?: ThoughtRules
): ReadonlyArray<Turn> => {
  if (!turns.some(mayCarry)) return turns
  const reader = new Reader(to, carry, dropped, rules)
  return turns.map((turn) => reader.read(turn))
}

/** Only turns of the model carry data, and results refer to them. */
const mayCarry = (turn: Turn): boolean =>
  turn.role === "assistant" || (turn.role === "user" && turn.parts.some(({ type }) => type === "result"))

const isThought = ({ type }: Spoken): boolean => type === "thinking" || type === "redacted"

const isUnsigned = (part: Spoken): boolean => part.type === "thinking" && (part.signature ?? "") === ""

/** The turns without unsigned reasoning, for Anthropic; requests in OpenAI's protocol contain no reasoning. */
export const signedOnly = (
  turns: ReadonlyArray<Turn>,
  to: Protocol,
  dropped: Dropped
): ReadonlyArray<Turn> => {
  if (to !== "anthropic") return turns
  return turns.map((turn) => {
    if (turn.role !== "assistant" || !turn.parts.some(isUnsigned)) return turn
    dropped.common("thought")
    return { ...turn, parts: turn.parts.filter((part) => !isUnsigned(part)) }
  })
}

/**
 * Families with servers that return unsigned reasoning and accept it back. An unknown model is treated the same, since
 * the reasoning must come from such a server.
 */
const neverUnsigned: ReadonlySet<string> = new Set(["gpt", "claude", "gemini", "mistral", "grok", "llama"])

/**
 * Families with servers that have no field for reasoning text in a chat:
 * https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts
 */
const neverText: ReadonlySet<string> = new Set(["gpt"])

/**
 * DeepSeek's and Kimi's models require the reasoning before a call while they think, also before the calls of another
 * model. A space is accepted as reasoning; some of them do not accept an empty text.
 *
 * - https://github.com/theopenco/llmgateway/pull/2093 (Kimi 2.5 and 2.6)
 * - https://github.com/NousResearch/hermes-agent/pull/17341 (DeepSeek V4 Pro)
 */
const wantsThoughts: ReadonlySet<string> = new Set(["deepseek", "kimi"])

class Reader {
  readonly #to: Protocol
  readonly #carry: Carry
  readonly #dropped: Dropped
  readonly #rules: ThoughtRules | undefined
  /** The target's ids by the ids that clients have. */
  readonly #ids = new Map<string, string>()
  /** The client has sent back the signed reasoning of the current turn. */
  #hasThoughts = false
  /** Signed reasoning that the turn's first call carries; it belongs before the text, too. `undefined` before that call. */
  #first: ReadonlyArray<Spoken> | undefined
  /** The current turn has calls. */
  #hasCalls = false

  constructor(to: Protocol, carry: Carry, dropped: Dropped, rules: ThoughtRules | undefined) {
    this.#rules = rules
    this.#to = to
    this.#carry = carry
    this.#dropped = dropped
  }

  read(turn: Turn): Turn {
    switch (turn.role) {
      case "system":
        return turn
      case "user":
        return {
          role: "user",
          parts: turn.parts.map((part) => {
            if (part.type !== "result") return part
            const { id } = CallId.split(part.id)
            return { ...part, id: this.#ids.get(id) ?? id }
          })
        }
      case "assistant": {
        const hasCalls = turn.parts.some((part) => part.type === "call")
        this.#hasCalls = hasCalls
        this.#hasThoughts = turn.parts.some((part) => isThought(part) && !isUnsigned(part))
        this.#first = undefined
        const spoken = turn.parts.map((part) => (isUnsigned(part) ? undefined : this.#spoken(part)))
        const first = this.#first ?? []
        // Unsigned reasoning beside the signed one is its text once more.
        const unsigned = (part: Spoken) => (first.length > 0 ? [] : this.#spoken(part))
        const parts = [...first, ...turn.parts.flatMap((part, at) => spoken[at] ?? unsigned(part))]
        return { role: "assistant", parts: hasCalls ? this.#completed(parts) : parts }
      }
    }
  }

  #spoken(part: Spoken): ReadonlyArray<Spoken> {
    switch (part.type) {
      case "thinking":
        return this.#thinking(part)
      case "redacted":
        if (Token.isToken(part.data)) return this.#carried("", part.data)
        return this.#isClaude ? [part] : this.#drop()
      case "call":
        return this.#call(part)
      default:
        return [part]
    }
  }

  get #isClaude(): boolean {
    return this.#to === "anthropic" && this.#carry.family === "claude"
  }

  #thinking(part: Thinking): ReadonlyArray<Spoken> {
    const { signature = "", text } = part
    if (Token.isToken(signature)) return this.#carried(text, signature)
    if (signature !== "") return this.#isClaude ? [part] : this.#drop()
    if (text === "") return this.#drop("thought")
    const isTaken = this.#rules === undefined ? !neverUnsigned.has(this.#carry.family) : this.#takesText
    if (this.#to === "anthropic")
      return neverUnsigned.has(this.#carry.family) ? this.#drop("thought") : [part]
    if (!isTaken || (this.#rules?.back !== "always" && !this.#hasCalls)) return this.#drop("thought")
    return [{ type: "left", members: { [this.#rules?.field ?? "reasoning_content"]: text } }]
  }

  /** Whether the target accepts its own reasoning text in the current turn. */
  get #takesText(): boolean {
    if (this.#rules === undefined) return !neverText.has(this.#carry.family)
    return this.#rules.back === "always" || (this.#rules.back === "calls" && this.#hasCalls)
  }

  /** `thought`: unsigned reasoning. */
  #drop(name: "thinking" | "thought" = "thinking"): ReadonlyArray<Spoken> {
    this.#dropped.common(name)
    return []
  }

  #carried(text: string, token: string): ReadonlyArray<Spoken> {
    const content = Token.open(this.#carry.owner, text.trim(), token)
    return content === undefined ? this.#drop() : this.#thought(text, Content.readThought(content))
  }

  #thought(shown: string, thought: Content.CarriedThought): ReadonlyArray<Spoken> {
    const { field, members, redacted, signature, text = shown } = thought
    if (this.#to === "anthropic") {
      if (redacted !== undefined) return [{ type: "redacted", data: redacted }]
      return signature === undefined ? this.#drop() : [{ type: "thinking", text, signature }]
    }
    const isInDetails = members?.reasoning_details !== undefined
    const isPlain = field !== undefined && text !== "" && !isInDetails && this.#takesText
    const own = isPlain ? { [field]: text } : undefined
    return own === undefined && members === undefined
      ? this.#drop()
      : [{ type: "left", members: { ...own, ...members } }]
  }

  #call(part: Call): ReadonlyArray<Spoken> {
    const { id, token = this.#carry.memory?.get(CallId.split(part.id).id) } = CallId.split(part.id)
    const content = token === undefined ? undefined : Token.open(this.#carry.owner, id, token)
    if (content === undefined) return [id === part.id ? part : { ...part, id }]
    const { before = [], id: own = id, members, thought } = Content.readCall(content)
    this.#ids.set(id, own)
    const call = {
      ...part,
      id: own,
      isOwnId: own !== id,
      members
    }
    const signed = this.#hasThoughts ? [] : before.flatMap((each) => this.#thought("", each))
    const said = thought === undefined ? [call] : [...this.#thought("", thought), call]
    if (this.#first !== undefined) return [...signed, ...said]
    this.#first = signed
    return said
  }

  /** The turn with blank reasoning, if the target requires some and there is none. */
  #completed(parts: ReadonlyArray<Spoken>): ReadonlyArray<Spoken> {
    if (this.#to !== "openai" || !wantsThoughts.has(this.#carry.family) || !this.#takesText) return parts
    const field = this.#rules?.field ?? "reasoning_content"
    const has = parts.some(
      (part) =>
        part.type === "left" &&
        (part.members[field] !== undefined || part.members.reasoning_details !== undefined)
    )
    return has ? parts : [{ type: "left", members: { [field]: " " } }, ...parts]
  }
}
