/**
 * Gives a target back what its own model left in a conversation, and takes out what others left.
 *
 * What a token carries goes to its owner only; a token of somebody else, or one that was changed, goes to nobody.
 */

import * as CallId from "./carry/CallId.ts"
import type { Carry } from "./carry/Carry.ts"
import * as Content from "./carry/Content.ts"
import * as Token from "./carry/Token.ts"
import type { Call, Spoken, Thinking, Turn } from "./common/Common.ts"
import type { Dropped } from "./common/Dropped.ts"
import type { Protocol } from "./protocol/Protocol.ts"

/** What is known of how a server of chats takes thoughts back. */
export interface ThoughtRules {
  /** Not at all, those of turns with calls, or all of them. */
  readonly back: "never" | "calls" | "always"
  /** The member of a message for those of which nobody knows where they were. */
  readonly field: string
}

/** The turns as they are for one target. Without rules what it gave goes back to it as it was. */
export const unpack = (
  turns: ReadonlyArray<Turn>,
  to: Protocol,
  carry: Carry,
  dropped: Dropped,
  rules?: ThoughtRules
): ReadonlyArray<Turn> => {
  const reader = new Reader(to, carry, dropped, rules)
  return turns.map((turn) => reader.read(turn))
}

/** The turns without thoughts that nobody signed, for Anthropic; those of OpenAI's protocol are written without any. */
export const signedOnly = (
  turns: ReadonlyArray<Turn>,
  to: Protocol,
  dropped: Dropped
): ReadonlyArray<Turn> => {
  const isUnsigned = (part: { readonly type: string; readonly signature?: string | undefined }) =>
    part.type === "thinking" && (part.signature ?? "") === ""
  if (to !== "anthropic") return turns
  return turns.map((turn) => {
    if (turn.role !== "assistant" || !turn.parts.some(isUnsigned)) return turn
    dropped.common("thought")
    return { ...turn, parts: turn.parts.filter((part) => !isUnsigned(part)) }
  })
}

/**
 * Families whose servers give thoughts without a signature and take them back. Of an unknown model the same is believed,
 * as the thoughts must have come from such a one.
 */
const neverUnsigned: ReadonlySet<string> = new Set(["gpt", "claude", "gemini", "mistral", "grok", "llama"])

/** Families whose servers refuse the text of thoughts under any name. https://platform.openai.com/docs/api-reference/chat */
const neverText: ReadonlySet<string> = new Set(["gpt"])

/**
 * DeepSeek's models refuse a call without the thoughts before it, while they think; an empty text is taken where there
 * are none, as behind the calls of another model. https://github.com/earendil-works/pi/issues/3636
 */
const wantsThoughts: ReadonlySet<string> = new Set(["deepseek"])

class Reader {
  readonly #to: Protocol
  readonly #carry: Carry
  readonly #dropped: Dropped
  readonly #rules: ThoughtRules | undefined
  /** From the ids that clients know to those of the target. */
  readonly #ids = new Map<string, string>()
  /** The client has given back the thoughts of the turn that is being read. */
  #hasThoughts = false
  /** The turn that is being read has calls. */
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
        this.#hasThoughts = turn.parts.some(({ type }) => type === "thinking" || type === "redacted")
        const parts = turn.parts.flatMap((part) => this.#spoken(part))
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

  /** Does the target take the text of its own thoughts back, in the turn that is being read? */
  get #takesText(): boolean {
    if (this.#rules === undefined) return !neverText.has(this.#carry.family)
    return this.#rules.back === "always" || (this.#rules.back === "calls" && this.#hasCalls)
  }

  /** `thought`: one that nobody signed. */
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
    const call = { ...part, id: own, members: this.#to === "openai" ? members : undefined }
    const signed = this.#hasThoughts ? [] : before.flatMap((each) => this.#thought("", each))
    return thought === undefined ? [...signed, call] : [...signed, ...this.#thought("", thought), call]
  }

  /** The turn with an empty thought where its target wants one and there is none. */
  #completed(parts: ReadonlyArray<Spoken>): ReadonlyArray<Spoken> {
    if (this.#to !== "openai" || !wantsThoughts.has(this.#carry.family) || !this.#takesText) return parts
    const has = parts.some((part) => part.type === "left" && part.members.reasoning_content !== undefined)
    return has ? parts : [{ type: "left", members: { reasoning_content: "" } }, ...parts]
  }
}
