/** From a prompt of `effect/ai` to the turns of a conversation in the common form. */
import type * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type { Content, Media, Spoken, Turn } from "../../translate/Common.ts"
import * as DataUrl from "../../translate/DataUrl.ts"
import { isSigned } from "./Thoughts.ts"

/** What a conversation is made of: the system prompts before it, and its turns. */
export interface Turns {
  readonly system: ReadonlyArray<string>
  readonly turns: ReadonlyArray<Turn>
}

/**
 * Reads a prompt; fails with a sentence about what neither protocol can say. What only another provider could read
 * (tools it ran itself, thoughts without a signature, files it made) is left out.
 */
export const fromPrompt = (prompt: Prompt.Prompt): Result.Result<Turns, string> =>
  Result.gen(function* () {
    const system: Array<string> = []
    const turns: Array<Turn> = []
    for (const message of prompt.content) {
      switch (message.role) {
        case "system":
          if (turns.length === 0) system.push(message.content)
          else turns.push({ role: "system", texts: [message.content] })
          break
        case "user": {
          const parts: Array<Content> = []
          for (const part of message.content) parts.push(yield* content(part))
          turns.push({ role: "user", parts })
          break
        }
        case "assistant":
          turns.push({ role: "assistant", parts: message.content.flatMap(spoken) })
          break
        case "tool": {
          const parts: Array<Extract<Turn, { role: "user" }>["parts"][number]> = []
          for (const part of message.content) {
            if (part.type !== "tool-result") continue
            const shown: Array<Content> = []
            for (const output of part.modelOutput ?? []) shown.push(yield* content(output))
            if (part.modelOutput === undefined) shown.push({ type: "text", text: asText(part.result) })
            parts.push({ type: "result", id: part.id, parts: shown, isError: part.isFailure })
          }
          if (parts.length > 0) turns.push({ role: "user", parts })
        }
      }
    }
    return { system, turns }
  })

const asText = (result: unknown): string =>
  typeof result === "string" ? result : (JSON.stringify(result) ?? "null")

const content = (part: Prompt.TextPart | Prompt.FilePart): Result.Result<Content, string> => {
  if (part.type === "text") return Result.succeed({ type: "text", text: part.text })
  const { data, fileName: name, mediaType } = part
  if (mediaType.startsWith("image/")) return Result.succeed({ type: "image", media: media(data, mediaType) })
  if (mediaType === "application/pdf") {
    return Result.succeed({ type: "document", media: media(data, mediaType), name })
  }
  if (!mediaType.startsWith("text/")) {
    return Result.fail(`files of the type ${mediaType} can be given to no model of this chain`)
  }
  const found = media(data, mediaType)
  if (found.type === "url") return Result.succeed({ type: "document", media: found, name })
  const text = Buffer.from(found.data, "base64").toString("utf8")
  return Result.succeed({ type: "document", media: { type: "text", text }, name })
}

/** A string is a URL, a data URL, or base64. */
const media = (data: Prompt.FilePart["data"], mediaType: string): Media => {
  if (data instanceof URL) return DataUrl.read(data.href)
  if (typeof data === "string" && /^(https?|data):/i.test(data)) return DataUrl.read(data)
  return {
    type: "base64",
    // `image/*` says that it is an image and nothing else; the models look for themselves.
    mediaType: mediaType === "image/*" ? "image/jpeg" : mediaType,
    data: typeof data === "string" ? data : Base64.encode(data)
  }
}

const spoken = (part: Prompt.AssistantMessagePart): ReadonlyArray<Spoken> => {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }]
    case "reasoning":
      return thought(part)
    case "tool-call":
      if (part.providerExecuted) return []
      return [{ type: "call", id: part.id, name: part.name, arguments: JSON.stringify(part.params ?? {}) }]
    default:
      return []
  }
}

/** Nobody takes back a thought without its signature. */
const thought = ({ options, text }: Prompt.ReasoningPart): ReadonlyArray<Spoken> => {
  if (!isSigned(options)) return []
  const { info } = options.anthropic
  return info.type === "redacted_thinking"
    ? [{ type: "redacted", data: info.redactedData }]
    : [{ type: "thinking", text, signature: info.signature }]
}
