/**
 * Reads the chunks of a streamed chat completion.
 *
 * https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
 */

import { hasDelta, saidIn } from "../../words/Choices.ts"
import { errorIn } from "../../words/ErrorPaths.ts"
import { thoughtBlockNames, thoughtTextNames } from "../../words/Thoughts.ts"
import type { Delta, Remark } from "../common/Common.ts"
import { append, isObject, type JsonObject, objects, text } from "../common/Json.ts"
import * as Sources from "../common/Sources.ts"
import * as Usage from "../common/Usage.ts"
import { readError } from "../protocol/Errors.ts"
import type { SseEvent, StreamReader } from "../protocol/Protocol.ts"
import { CallPieces } from "./parts/CallPieces.ts"
import {
  callsOf,
  hasContent,
  plainText,
  readSources,
  readSpoken,
  type Words
} from "./parts/MessageContent.ts"
import * as Reasoning from "./parts/Reasoning.ts"
import * as ReturnedFields from "./parts/ReturnedFields.ts"
import * as ThinkTags from "./parts/ThinkTags.ts"
import * as Stop from "./Words.ts"

/**
 * The message of another choice, with calls of its own: one answer is requested, so they are parts of it. Their indices are
 * moved, since each choice counts from 0. https://github.com/karthink/gptel/pull/1284
 */
const apart = (message: JsonObject, choice: unknown): JsonObject => {
  const from = (typeof choice === "number" ? choice : 1) * farApart
  const tool_calls = objects(message.tool_calls).map((call) =>
    typeof call.index === "number" ? { ...call, index: call.index + from } : call
  )
  return { ...message, tool_calls }
}

/** More calls than a choice has. */
const farApart = 10_000

/**
 * A reader for one stream. Of several choices it reads the first one that arrives. Content after the finish reason
 * counts until the stream ends: some servers send the reason with the first of several calls.
 */
export class OpenAiStreamReader implements StreamReader {
  #isStarted = false
  #hasDeltas = false
  #hasText = false
  /** Whether the deltas themselves have text. */
  #isInDeltas = false
  #hasThoughts = false
  #isEnded = false
  /** The choice with the finish reason. */
  #last: JsonObject | undefined
  #refusal = ""
  /** The pages that were cited. */
  #cited: Set<string> | undefined
  #index: unknown
  #counts: Usage.TokenCounts | undefined
  readonly #own: ReturnedFields.Own | undefined
  readonly #calls: CallPieces
  /** Separates reasoning in tags; `undefined` if the server sends none. */
  readonly #tags: ThinkTags.ThinkTags | undefined

  constructor(own?: ReturnedFields.Own) {
    this.#own = own
    this.#calls = new CallPieces(own)
    this.#tags = ThinkTags.make(own?.thinkTags)
  }

  get isComplete(): boolean {
    return this.#last !== undefined || this.#isEnded
  }

  read(event: SseEvent, json: unknown): ReadonlyArray<Delta | Remark> {
    if (this.#isEnded) return []
    if (!isObject(json)) return event.data?.trim().startsWith("[DONE]") === true ? this.#end() : []
    if (errorIn({ error: json.error }) !== undefined || event.event === "error") {
      this.#isEnded = true
      return [...this.#held(), { type: "error", error: readError(json, undefined) }]
    }
    const deltas: Array<Delta | Remark> = []
    if (!this.#isStarted) {
      this.#isStarted = true
      deltas.push({ type: "start", id: text(json.id), model: text(json.model) })
    }
    const said: Array<Delta | Remark> = this.#tags === undefined ? deltas : []
    for (const choice of objects(json.choices)) this.#readChoice(choice, said)
    if (this.#tags !== undefined) for (const delta of said) append(deltas, this.#untagged(delta, this.#tags))
    readSources(json, deltas)
    const counts = Usage.read(json, this.#counts)
    if (counts !== undefined) {
      this.#counts = counts
      deltas.push({ type: "usage", usage: Usage.toUsage(counts) })
    }
    return deltas
  }

  /** The end of the stream: returns the missing deltas, if its protocol marked the answer as complete. */
  end(): ReadonlyArray<Delta | Remark> {
    return this.#last !== undefined && !this.#isEnded ? this.#end() : []
  }

  #end(): ReadonlyArray<Delta | Remark> {
    this.#isEnded = true
    const calls: Array<Delta | Remark> = []
    this.#calls.end(calls, Stop.isCut(this.#last?.finish_reason))
    const has = { calls: this.#calls.count > 0, refusal: this.#refusal !== "" }
    const explanation = has.refusal ? this.#refusal : undefined
    const stop = Stop.readStop(this.#last ?? {}, has)
    return [...this.#held(), ...calls, { type: "stop", ...stop, explanation }, { type: "end" }]
  }

  /** What may have been the beginning of a tag, and was none. */
  #held(): ReadonlyArray<Delta> {
    return this.#tags?.end().map(ThinkTags.spoken) ?? []
  }

  #untagged(delta: Delta | Remark, tags: ThinkTags.ThinkTags): ReadonlyArray<Delta | Remark> {
    if (delta.type === "text") return tags.read(delta.text).map(ThinkTags.spoken)
    if (delta.type === "source") return [Sources.moved(delta, tags.before)]
    return delta.type === "call" || delta.type === "refusal" ? [...this.#held(), delta] : [delta]
  }

  #readChoice(choice: JsonObject, deltas: Array<Delta | Remark>): void {
    const index = choice.index ?? 0
    this.#index ??= index
    const said = saidIn(choice, this.#isInDeltas) ?? {}
    this.#isInDeltas ||= hasDelta(choice)
    const isWhole = said === choice.message
    const message = isWhole ? this.#whole(said) : said
    this.#hasDeltas ||= !isWhole && hasContent(said)
    if (index === this.#index) this.#readMessage(message, deltas)
    else if (callsOf(message).length > 0) this.#readMessage(apart(message, index), deltas)
    else if (hasContent(message)) {
      deltas.push({ type: "dropped", name: "choices" })
      return
    }
    if (text(choice.finish_reason) === undefined) return
    // Of several reasons the first specific one counts.
    if (this.#last === undefined || Stop.isPlainEnd(this.#last.finish_reason)) this.#last = choice
  }

  /** A whole message. Some servers end with one: then it is what its deltas did not say. */
  #whole(message: JsonObject): JsonObject {
    if (!this.#hasDeltas) return message
    const rest: Record<string, unknown> = { ...message }
    if (this.#hasText) rest.content = null
    if (this.#hasThoughts) for (const name of [...thoughtTextNames, ...thoughtBlockNames]) delete rest[name]
    if (this.#calls.count > 0) rest.tool_calls = rest.function_call = null
    if (this.#refusal !== "") rest.refusal = null
    return rest
  }

  #readMessage(message: JsonObject, deltas: Array<Delta | Remark>): void {
    const plain = plainText(message)
    if (plain !== undefined) {
      this.#calls.begin(deltas)
      this.#hasText = true
      deltas.push({ type: "text", text: plain })
      return
    }
    const said = this.#said(message)
    const pieces = callsOf(message)
    // Other content means that a waiting call is complete.
    if (said.length > 0 && pieces.length === 0) this.#calls.begin(deltas)
    append(deltas, said)
    for (const piece of pieces) this.#calls.read(piece, deltas)
  }

  /** Some servers name all pages so far with each chunk, or once more in a whole message at the end. */
  #isNew({ from, to, url }: Sources.Source): boolean {
    const key = `${from} ${to} ${url}`
    this.#cited ??= new Set()
    if (this.#cited.has(key)) return false
    this.#cited.add(key)
    return true
  }

  #said(message: JsonObject): ReadonlyArray<Delta | Remark> {
    const deltas: Array<Delta | Remark> = []
    const left = ReturnedFields.ofMessage(message, this.#own)
    if (left !== undefined) deltas.push({ type: "left", members: left })
    const thoughts = Reasoning.thoughtOf(message)
    if (thoughts !== undefined) {
      this.#hasThoughts = true
      deltas.push({ type: "thinking", ...thoughts })
    }
    for (const thought of Reasoning.read(message.reasoning_details)) {
      if (thought.type === "redacted") deltas.push(thought)
      else deltas.push({ type: "signature", signature: thought.signature ?? "" })
    }
    const spoken: Array<Words | Sources.Source | Remark> = []
    readSpoken(message, spoken, this.#own?.messageExtras)
    for (const words of spoken) {
      if (words.type === "refusal") this.#refusal += words.text
      else if (words.type === "text") this.#hasText = true
      else if (words.type === "thinking") this.#hasThoughts = true
    }
    append(
      deltas,
      spoken.filter((said) => said.type !== "source" || this.#isNew(said))
    )
    return deltas
  }
}
