/** Packs the data that a model leaves in an answer into what its client returns. */

import * as CallId from "./carry/CallId.ts"
import type { Carry } from "./carry/Carry.ts"
import * as Content from "./carry/Content.ts"
import { joinDetails, merge } from "./carry/Members.ts"
import * as Token from "./carry/Token.ts"
import type { Delta } from "./common/Common.ts"
import type { Context } from "./protocol/Context.ts"
import type { Dialect, Protocol } from "./protocol/Protocol.ts"

/** The longest token beside reasoning, in characters. */
export const longestToken = 1_048_576

/** Packs one answer, delta by delta. The client sees no change except in ids and signatures. */
export class Packer {
  readonly #carry: Carry
  readonly #from: Protocol
  readonly #to: Dialect
  readonly #thoughts: Context["thoughts"]
  readonly #context: Context
  /** Whether a call may get more fields after its start. */
  readonly #waits: boolean
  /** A longer id of the target would be shortened on its way back, unless it is carried. */
  readonly #longestId: number
  /** Reasoning that has not been attached to anything yet. */
  #text = ""
  #field: string | undefined
  /** Message fields that have not been attached to anything yet. */
  #members: Record<string, unknown> | undefined
  /** Signed reasoning since the last call: chat clients may return nothing but the call. */
  #signedBefore: Array<Content.CarriedThought> = []
  /** The ids that the client gets, by call. */
  readonly #ids = new Map<number, string>()
  /** A call that may get more fields, and its arguments. */
  #held: (Delta & { readonly type: "call" }) | undefined
  #arguments: Array<Delta> = []

  constructor(carry: Carry, from: Protocol, to: Dialect, context: Context) {
    this.#carry = carry
    this.#from = from
    this.#to = to
    this.#thoughts = to === "anthropic" ? context.thoughts : "shown"
    this.#waits = carry.family === "gemini" || (context.dialect?.callExtras.length ?? 0) > 0
    this.#longestId = context.dialect?.callIdLongest ?? Number.POSITIVE_INFINITY
    this.#context = context
  }

  /** True for a delta that is passed on unchanged; checked first, because nearly all of them are. */
  isPlain(delta: Delta): boolean {
    switch (delta.type) {
      case "text":
      case "refusal":
        return this.#held === undefined && this.#text === "" && this.#members === undefined
      case "arguments":
        return this.#held === undefined
      case "start":
      case "source":
      case "usage":
        return true
      default:
        return false
    }
  }

  pack(delta: Delta): ReadonlyArray<Delta> {
    switch (delta.type) {
      case "left":
        merge((this.#members ??= {}), delta.members)
        return []
      case "thinking":
        this.#text += delta.text
        this.#field = delta.field ?? this.#field
        return this.#thoughts === "shown" ? [...this.#release(), delta] : []
      case "signature":
        return this.#signed(delta.signature)
      case "redacted":
        return this.#redacted(delta.data)
      case "call":
        return this.#call(delta)
      case "arguments":
        if (this.#held?.call !== delta.call) return [delta]
        this.#arguments.push(delta)
        return []
      case "hangs":
        return this.#hang(delta.call, delta.members)
      case "text":
      case "refusal":
      case "stop":
      case "end":
        return [...this.#release(), ...this.#settle(), delta]
      case "start":
      case "source":
      case "usage":
        return [delta]
      case "error":
        return [...this.#release(), delta]
    }
  }

  /** Attaches reasoning in the client's protocol; if that is not possible, it waits for a call. */
  #settle(): ReadonlyArray<Delta> {
    if (this.#thoughts === "none") return []
    const text = this.#text
    const isShown = this.#thoughts === "shown"
    const thought = this.#thought(!isShown)
    if (thought === undefined) return []
    if (this.#from === "anthropic") return this.#signed("")
    const token = Token.seal(this.#carry.owner, isShown ? text.trim() : "", Content.writeThought(thought))
    if (token.length > longestToken) return []
    this.#forget()
    return text === "" ? [{ type: "redacted", data: token }] : [{ type: "signature", signature: token }]
  }

  /** The reasoning so far, if any. */
  #thought(isWithText: boolean): Content.CarriedThought | undefined {
    if (this.#text === "" && this.#members === undefined) return undefined
    const members = this.#members === undefined ? undefined : joinDetails(this.#members)
    return { field: this.#field, text: isWithText ? this.#text : undefined, members }
  }

  #forget(): void {
    this.#text = ""
    this.#members = undefined
  }

  /** Claude's signatures identify their owner; every other signature is carried. */
  #signed(signature: string): ReadonlyArray<Delta> {
    if (this.#from === "openai") return []
    const text = this.#text
    this.#forget()
    if (this.#to === "openai" && signature !== "") this.#signedBefore.push({ text, signature })
    if (this.#thoughts === "none") return []
    if (this.#carry.family === "claude") return signature === "" ? [] : [{ type: "signature", signature }]
    const isShown = this.#thoughts === "shown"
    const thought = Content.writeThought({ signature, text: isShown ? undefined : text })
    return [
      { type: "signature", signature: Token.seal(this.#carry.owner, isShown ? text.trim() : "", thought) }
    ]
  }

  #redacted(data: string): ReadonlyArray<Delta> {
    if (this.#from === "openai") return []
    if (this.#to === "openai") this.#signedBefore.push({ redacted: data })
    if (this.#carry.family === "claude") return [{ type: "redacted", data }]
    const thought = Content.writeThought({ redacted: data })
    return [{ type: "redacted", data: Token.seal(this.#carry.owner, "", thought) }]
  }

  #call(delta: Delta & { readonly type: "call" }): ReadonlyArray<Delta> {
    const before = [...this.#release(), ...this.#settle()]
    // Waiting loses nothing: the calls of such servers arrive in one piece.
    if (delta.members !== undefined || !this.#waits) return [...before, this.#packed(delta)]
    this.#held = delta
    return before
  }

  #hang(call: number, members: Record<string, unknown>): ReadonlyArray<Delta> {
    if (this.#held?.call === call) {
      const merged = { ...this.#held.members }
      merge(merged, members)
      this.#held = { ...this.#held, members: merged }
    } else this.#keep(this.#ids.get(call), { members })
    return []
  }

  #release(): ReadonlyArray<Delta> {
    const held = this.#held
    if (held === undefined) return []
    this.#held = undefined
    return [this.#packed(held), ...this.#arguments.splice(0)]
  }

  #packed(delta: Delta & { readonly type: "call" }): Delta {
    const { call, members } = delta
    const isLegal =
      delta.id.length <= this.#longestId &&
      (this.#to !== "anthropic" || delta.id === "" || CallId.isLegal(delta.id))
    const id = isLegal ? delta.id : CallId.toLegal(delta.id)
    const thought = this.#thought(true)
    this.#forget()
    const signed = this.#signedBefore.splice(0)
    const own = {
      id: isLegal ? undefined : delta.id,
      members,
      before: signed.length === 0 ? undefined : signed
    }
    const isPlain = isLegal && members === undefined && signed.length === 0
    this.#ids.set(call, id)
    if (isPlain && thought === undefined) return delta
    const shown = id === "" ? `call_${CallId.toLegal(this.#context.id)}_${call}` : id
    const all = this.#joined(shown, { ...own, thought })
    if (all !== undefined) return this.#named(delta, all)
    if (isPlain) {
      this.#keep(shown, { thought })
      return this.#named(delta, shown)
    }
    const some = thought === undefined ? undefined : this.#joined(shown, own)
    this.#keep(shown, some === undefined ? { ...own, thought } : { thought })
    return this.#named(delta, some ?? shown)
  }

  #named(delta: Delta & { readonly type: "call" }, id: string): Delta {
    this.#ids.set(delta.call, CallId.split(id).id)
    return { ...delta, id, members: undefined }
  }

  #joined(id: string, content: Content.CarriedCall): string | undefined {
    const joined = CallId.join(id, Token.seal(this.#carry.owner, id, Content.writeCall(content)))
    return joined.length <= CallId.longest ? joined : undefined
  }

  #keep(id: string | undefined, content: Content.CarriedCall): void {
    if (id === undefined || id === "") return
    this.#carry.memory?.put(id, Token.seal(this.#carry.owner, id, Content.writeCall(content)))
  }
}
