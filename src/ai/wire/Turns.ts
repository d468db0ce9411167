/** Converts a prompt of `effect/ai` to the turns of a conversation in the common form. */
import type * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type { Content, Media, Spoken, Turn } from "../../translate/common/Common.ts"
import * as DataUrl from "../../translate/common/DataUrl.ts"
import { isObject, type JsonObject, object } from "../../translate/common/Json.ts"
import { settle } from "../../translate/fit/MediaTypes.ts"
import { isSigned } from "./Thoughts.ts"

/** A conversation: the system prompts and the turns. */
export interface Turns {
  readonly system: ReadonlyArray<string>
  readonly systemCache?: ReadonlyMap<number, JsonObject> | undefined
  readonly turns: ReadonlyArray<Turn>
}

/**
 * Reads a prompt; fails with a sentence if neither protocol can express it. Content that only another provider can
 * read (tools it ran itself, unsigned reasoning, files it made) is left out.
 */
export const fromPrompt = (prompt: Prompt.Prompt): Result.Result<Turns, string> =>
  Result.gen(function* () {
    const system: Array<string> = []
    const systemCache = new Map<number, JsonObject>()
    const turns: Array<Turn> = []
    const ids = new CallIds()
    for (const message of prompt.content) {
      ids.begins(message.role)
      switch (message.role) {
        case "system":
          if (turns.length === 0) {
            const cache = cacheOf(message.options)
            if (cache !== undefined) systemCache.set(system.length, cache)
            system.push(message.content)
          } else turns.push({ role: "system", texts: [message.content] })
          break
        case "user": {
          const parts: Array<Content> = []
          for (const part of message.content) parts.push(yield* content(part))
          turns.push({ role: "user", parts })
          break
        }
        case "assistant":
          turns.push({ role: "assistant", parts: message.content.flatMap((part) => spoken(part, ids)) })
          break
        case "tool": {
          const parts: Array<Extract<Turn, { role: "user" }>["parts"][number]> = []
          for (const part of message.content) {
            if (part.type !== "tool-result") continue
            const shown: Array<Content> = []
            for (const output of part.modelOutput ?? []) shown.push(yield* content(output))
            if (part.modelOutput === undefined) shown.push({ type: "text", text: asText(part.result) })
            const last = shown.pop()
            if (last !== undefined) shown.push({ ...last, ...cached(part.options) })
            parts.push({ type: "result", id: ids.result(part.id), parts: shown, isError: part.isFailure })
          }
          if (parts.length > 0) turns.push({ role: "user", parts })
        }
      }
    }
    return systemCache.size === 0 ? { system, turns } : { system, systemCache, turns }
  })

/**
 * The ids of tool calls. Some servers reuse an id within a conversation; Anthropic requires unique ids and would
 * assign both results to the later call. A call with an id that is in use gets another one. The results after an answer belong to
 * its calls, in order; a call that got none by then gets none.
 */
class CallIds {
  readonly #used = new Set<string>()
  /** The new ids of the calls that wait for their results, by their own ids. */
  #open = new Map<string, Array<string>>()
  #isAnswer = false

  /** A message of this role begins. */
  begins(role: Prompt.Message["role"]): void {
    if (role === "assistant" && !this.#isAnswer) this.#open = new Map()
    this.#isAnswer = role === "assistant"
  }

  call(id: string): string {
    let unique = id
    for (let count = 2; this.#used.has(unique); count++) unique = `${id}_${count}`
    this.#used.add(unique)
    this.#open.set(id, [...(this.#open.get(id) ?? []), unique])
    return unique
  }

  result(id: string): string {
    return this.#open.get(id)?.shift() ?? id
  }
}

/**
 * The cache control of a prompt, as in Effect's module for Anthropic: `options.anthropic.cacheControl`. It is not
 * sent to servers that cache automatically.
 */
const cacheOf = (options: unknown): JsonObject | undefined => {
  const anthropic = object(object(options).anthropic)
  return isObject(anthropic.cacheControl) ? anthropic.cacheControl : undefined
}

const cached = (options: unknown): { readonly cache?: JsonObject } => {
  const cache = cacheOf(options)
  return cache === undefined ? {} : { cache }
}

const asText = (result: unknown): string =>
  typeof result === "string" ? result : (JSON.stringify(result) ?? "null")

const content = (part: Prompt.TextPart | Prompt.FilePart): Result.Result<Content, string> => {
  const cache = cached(part.options)
  if (part.type === "text") return Result.succeed({ type: "text", text: part.text, ...cache })
  const { data, fileName: name, mediaType } = part
  if (/^image\//i.test(mediaType)) {
    return Result.succeed({ type: "image", media: media(data, mediaType), ...cache })
  }
  const found = media(data, mediaType)
  // The first bytes show the real type, for each target that gets it.
  const settled = settle({ type: "document", media: found, name, ...cache })
  const isReadable =
    settled.type === "image" ||
    (settled.type === "document" &&
      (settled.media.type !== "base64" || settled.media.mediaType === "application/pdf"))
  return isReadable
    ? Result.succeed({ ...settled, ...cache })
    : Result.fail(`files of the type ${mediaType} can be given to no model of this chain`)
}

/** A string is a URL, a data URL, or base64. */
const media = (data: Prompt.FilePart["data"], mediaType: string): Media => {
  if (data instanceof URL) return DataUrl.read(data.href)
  if (typeof data === "string" && /^(https?|data):/i.test(data)) return DataUrl.read(data)
  return {
    type: "base64",
    // `image/*` does not name the format; the first bytes show it.
    mediaType: mediaType.toLowerCase() === "image/*" ? "image/jpeg" : mediaType,
    data: typeof data === "string" ? data : Base64.encode(data)
  }
}

const spoken = (part: Prompt.AssistantMessagePart, ids: CallIds): ReadonlyArray<Spoken> => {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }]
    case "reasoning":
      return thought(part)
    case "tool-call":
      if (part.providerExecuted) return []
      return [
        { type: "call", id: ids.call(part.id), name: part.name, arguments: JSON.stringify(part.params ?? {}) }
      ]
    default:
      return []
  }
}

/** Reasoning without its signature is not accepted back. */
const thought = ({ options, text }: Prompt.ReasoningPart): ReadonlyArray<Spoken> => {
  if (!isSigned(options)) return []
  const { info } = options.anthropic
  return info.type === "redacted_thinking"
    ? [{ type: "redacted", data: info.redactedData }]
    : [{ type: "thinking", text, signature: info.signature }]
}
