/**
 * Reads the metadata of answers and events: token counts, model and finish reason. It reads neither prompts nor
 * content.
 *
 * https://platform.openai.com/docs/api-reference/chat/object,
 * https://platform.openai.com/docs/api-reference/chat-streaming,
 * https://platform.openai.com/docs/api-reference/responses/object and
 * https://docs.anthropic.com/en/api/messages#response-usage
 */
import { countsOf, type TokenCounts, usageIn } from "../../words/UsageFields.ts"
import { type Answer, type Chunk, isObject, type JsonObject, unparsed } from "./Wire.ts"

/** Choices above this index are ignored. */
const maxChoices = 128

/** The part at the end of an unparsed answer that is searched for its usage, in bytes. */
const maxEnd = 4 * 1024

/** The metadata of one answer so far. `observe/Usage` explains the names. */
export class AnswerReader {
  model: string | undefined
  readonly finishReasons: Array<string | undefined> = []
  #counts: TokenCounts = {}

  get inputTokens(): number | undefined {
    return this.#counts.input
  }

  get outputTokens(): number | undefined {
    return this.#counts.output
  }

  get cacheReadTokens(): number | undefined {
    return this.#counts.cacheRead
  }

  get cacheWriteTokens(): number | undefined {
    return this.#counts.cacheWrite
  }

  get reasoningTokens(): number | undefined {
    return this.#counts.thinking
  }

  /** Reads a whole answer. */
  answer(answer: Answer): void {
    const json = unparsed.has(answer) ? undefined : answer.json
    if (json !== undefined) this.#object(json)
    else this.#end(answer.body)
  }

  /**
   * Reads an event of a stream. An event that was not parsed equals an earlier one in everything but its text, so it
   * adds nothing.
   */
  chunk({ parsed: json }: Chunk): void {
    if (!isObject(json)) return
    // The first and last events of a stream nest this one level deeper in some protocols.
    const inner = json.response ?? json.message
    this.#object(isObject(inner) ? inner : json)
    if (isObject(json.delta)) this.#reason(0, json.delta.stop_reason)
  }

  #object(json: JsonObject): void {
    const { choices, model } = json
    if (typeof model === "string") this.model = model
    if (Array.isArray(choices)) {
      for (const choice of choices) if (isObject(choice)) this.#reason(choice.index, choice.finish_reason)
    } else {
      this.#reason(0, json.stop_reason ?? reasonOf(json))
    }
    const usage = usageIn(json)
    if (usage !== undefined) this.#counts = countsOf(usage, this.#counts)
  }

  #reason(index: unknown, reason: unknown): void {
    if (typeof reason !== "string" || reason === "") return
    const place = typeof index === "number" ? index : 0
    if (Number.isInteger(place) && place >= 0 && place < maxChoices) this.finishReasons[place] = reason
  }

  /** In JSON a quoted name followed by a colon is always a key: quotes inside a string are escaped. */
  #end(body: Uint8Array): void {
    const end = Buffer.from(body.buffer, body.byteOffset, body.byteLength).subarray(-maxEnd)
    const at = end.lastIndexOf('"usage"')
    if (at === -1) return
    try {
      const json: unknown = JSON.parse(`{${end.toString("utf8", at)}`)
      if (isObject(json)) this.#object(json)
    } catch {
      // The match was not at the end of the answer.
    }
  }
}

/** The status of a response, or the reason why it is incomplete. */
const reasonOf = ({ incomplete_details, status }: JsonObject): unknown => {
  if (isObject(incomplete_details) && typeof incomplete_details.reason === "string") {
    return incomplete_details.reason
  }
  return status === "completed" || status === "incomplete" ? status : undefined
}
