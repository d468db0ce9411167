/**
 * Reads from answers and events what they say of themselves beside their content: the tokens they took, their model and
 * why they ended. Nothing of what was asked or answered is looked at.
 *
 * https://platform.openai.com/docs/api-reference/chat/object,
 * https://platform.openai.com/docs/api-reference/chat-streaming,
 * https://platform.openai.com/docs/api-reference/responses/object and
 * https://docs.anthropic.com/en/api/messages#response-usage
 */
import { countsOf, type TokenCounts, usageIn } from "../../words/UsageFields.ts"
import { type Answer, type Chunk, isObject, type JsonObject, unparsed } from "./Wire.ts"

/** A number of choices that nobody asks for. */
const maxChoices = 128

/** The end of an answer that is too large to be parsed, in bytes: its usage stands there. */
const maxEnd = 4 * 1024

/** What one answer has said so far. The names are explained in `observe/Usage`. */
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

  /** A whole answer. */
  answer(answer: Answer): void {
    const json = unparsed.has(answer) ? undefined : answer.json
    if (json !== undefined) this.#object(json)
    else this.#end(answer.body)
  }

  /** An event of a stream. One that was not parsed is like those before it, and says nothing new. */
  chunk({ parsed: json }: Chunk): void {
    if (!isObject(json)) return
    // What begins and ends a stream stands one level deeper in some protocols.
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

  /** In JSON a name in quotes is found where it is a key, and nowhere inside of a text, where its quotes are escaped. */
  #end(body: Uint8Array): void {
    const end = Buffer.from(body.buffer, body.byteOffset, body.byteLength).subarray(-maxEnd)
    const at = end.lastIndexOf('"usage"')
    if (at === -1) return
    try {
      const json: unknown = JSON.parse(`{${end.toString("utf8", at)}`)
      if (isObject(json)) this.#object(json)
    } catch {
      // It stood somewhere else than at the end of the answer.
    }
  }
}

/** A response ends with a status; one that is incomplete says why. */
const reasonOf = ({ incomplete_details, status }: JsonObject): unknown => {
  if (isObject(incomplete_details) && typeof incomplete_details.reason === "string") {
    return incomplete_details.reason
  }
  return status === "completed" || status === "incomplete" ? status : undefined
}
