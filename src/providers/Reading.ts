/**
 * Reads from answers and events what they say of themselves beside their content: the tokens they took, their model and
 * why they ended. Nothing of what was asked or answered is looked at.
 *
 * https://platform.openai.com/docs/api-reference/chat/object,
 * https://platform.openai.com/docs/api-reference/chat-streaming,
 * https://platform.openai.com/docs/api-reference/responses/object and
 * https://docs.anthropic.com/en/api/messages#response-usage
 */
import { type Answer, type Chunk, isObject, type JsonObject } from "./Wire.ts"

/** A number of choices that nobody asks for. */
const maxChoices = 128

/** The end of an answer that is too large to be parsed, in bytes: its usage stands there. */
const maxEnd = 4 * 1024

/** What one answer has said so far. The names are explained in `observe/Usage`. */
export class Reading {
  model: string | undefined
  readonly finishReasons: Array<string | undefined> = []
  outputTokens: number | undefined
  cacheReadTokens: number | undefined
  cacheWriteTokens: number | undefined
  reasoningTokens: number | undefined
  #input: number | undefined
  /** Anthropic's input tokens are those that no cache had to do with. */
  #cachesApart = false

  get inputTokens(): number | undefined {
    if (this.#input === undefined || !this.#cachesApart) return this.#input
    return this.#input + (this.cacheReadTokens ?? 0) + (this.cacheWriteTokens ?? 0)
  }

  /** A whole answer. */
  answer({ body, json }: Answer): void {
    if (json !== undefined) this.#object(json)
    else this.#end(body)
  }

  /** An event of a stream. One that was not parsed is like those before it, and says nothing new. */
  chunk({ json }: Chunk): void {
    if (!isObject(json)) return
    // What begins and ends a stream stands one level deeper in some protocols.
    const inner = json.response ?? json.message
    this.#object(isObject(inner) ? inner : json)
    if (isObject(json.delta)) this.#reason(0, json.delta.stop_reason)
  }

  #object(json: JsonObject): void {
    const { choices, model, usage } = json
    if (typeof model === "string") this.model = model
    if (Array.isArray(choices)) {
      for (const choice of choices) if (isObject(choice)) this.#reason(choice.index, choice.finish_reason)
    } else {
      this.#reason(0, json.stop_reason ?? reasonOf(json))
    }
    if (isObject(usage)) this.#usage(usage)
  }

  #reason(index: unknown, reason: unknown): void {
    if (typeof reason !== "string" || reason === "") return
    const place = typeof index === "number" ? index : 0
    if (Number.isInteger(place) && place >= 0 && place < maxChoices) this.finishReasons[place] = reason
  }

  #usage(usage: JsonObject): void {
    const input = objectOf(usage.input_tokens_details ?? usage.prompt_tokens_details)
    const output = objectOf(usage.output_tokens_details ?? usage.completion_tokens_details)
    this.#input = count(usage.input_tokens ?? usage.prompt_tokens) ?? this.#input
    this.outputTokens = count(usage.output_tokens ?? usage.completion_tokens) ?? this.outputTokens
    this.reasoningTokens = count(output.reasoning_tokens) ?? this.reasoningTokens
    const [read, written] = [count(usage.cache_read_input_tokens), count(usage.cache_creation_input_tokens)]
    this.#cachesApart ||= read !== undefined || written !== undefined
    this.cacheReadTokens = read ?? count(input.cached_tokens) ?? this.cacheReadTokens
    this.cacheWriteTokens = written ?? count(input.cache_write_tokens) ?? this.cacheWriteTokens
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

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
