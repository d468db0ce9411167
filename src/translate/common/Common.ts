/**
 * The common form: what every protocol of language models can express, independent of any of them.
 *
 * A protocol is translated to it and from it, never directly to another protocol, so a third protocol costs two more
 * translations instead of four.
 */
import type { ContextNumbers } from "../../words/ContextNumbers.ts"
import type { JsonObject } from "./Json.ts"
import type { Source } from "./Sources.ts"

/** The source of an image or a document. */
export type Media =
  | { readonly type: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly type: "url"; readonly url: string }

/** Text. */
export interface Text {
  readonly type: "text"
  readonly text: string
  /** The cache control of the prompt up to here, in Anthropic's format. */
  readonly cache?: JsonObject | undefined
  /** True if it was a turn of its own and does not continue the text before it. */
  readonly isApart?: boolean | undefined
}

/** An image. */
export interface Image {
  readonly type: "image"
  readonly media: Media
  readonly cache?: JsonObject | undefined
}

/** A document for the model: a PDF, or plain text. */
export interface Document {
  readonly type: "document"
  readonly media: Media | Text
  readonly name?: string | undefined
  readonly cache?: JsonObject | undefined
}

/** Audio for the model. */
export interface Audio {
  readonly type: "audio"
  readonly data: string
  /** `wav`, `mp3`. */
  readonly format: string
  readonly cache?: JsonObject | undefined
}

/** The model's reasoning. Without a signature it cannot be sent back to a server that signs. */
export interface Thinking {
  readonly type: "thinking"
  readonly text: string
  readonly signature?: string | undefined
  /** The message field in which its server sent it. */
  readonly field?: string | undefined
}

/** Reasoning that only the provider can read. */
export interface Redacted {
  readonly type: "redacted"
  readonly data: string
}

/** The text with which the model declines. */
export interface Refusal {
  readonly type: "refusal"
  readonly text: string
}

/** A tool call. The arguments are JSON text as the model wrote it; `id` is empty if there was none. */
export interface Call {
  readonly type: "call"
  readonly id: string
  /** True if the target itself made the id: it accepts it, however long it is. */
  readonly isOwnId?: boolean | undefined
  readonly name: string
  readonly arguments: string
  /** Fields that its server added to it and requires back. */
  readonly members?: JsonObject | undefined
  /** Anthropic's `cache_control`. */
  readonly cache?: JsonObject | undefined
}

/** Message fields that a server requires back; they mean nothing to others. */
export interface Left {
  readonly type: "left"
  readonly members: JsonObject
}

/** A tool result. */
export interface Result {
  readonly type: "result"
  readonly id: string
  readonly parts: ReadonlyArray<Content>
  readonly isError: boolean
}

/** Content from the user or a tool. */
export type Content = Text | Image | Document | Audio

/** Content from the model. */
export type Spoken = Text | Thinking | Redacted | Refusal | Call | Left

/** Adds the next turn of the model to one that is being joined. */
export const join = (before: Array<Spoken>, after: ReadonlyArray<Spoken>): void => {
  const isApart = before.length > 0
  for (const [at, part] of after.entries()) {
    before.push(isApart && at === 0 && part.type === "text" ? { ...part, isApart } : part)
  }
}

/** One message of the conversation. */
export type Turn =
  | {
      readonly role: "system"
      readonly texts: ReadonlyArray<string>
      /** True if the caller used the role `developer`. */
      readonly isDevelopers?: boolean | undefined
    }
  | { readonly role: "user"; readonly parts: ReadonlyArray<Content | Result> }
  | { readonly role: "assistant"; readonly parts: ReadonlyArray<Spoken> }

/** A tool that the model may call. */
export interface Tool {
  readonly name: string
  readonly description?: string | undefined
  readonly schema: JsonObject
  readonly cache?: JsonObject | undefined
  readonly strict?: boolean | undefined
}

/** Whether the model calls tools, and which. */
export type ToolChoice =
  | { readonly mode: "auto" | "none" | "required" }
  | { readonly mode: "tool"; readonly name: string }

/** The JSON schema that the answer must satisfy. */
export interface Format {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly schema: JsonObject
  readonly strict?: boolean | undefined
}

/** The reasoning efforts, from low to high. */
export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const

/** A reasoning effort. */
export type Effort = (typeof efforts)[number]

/** The simple settings of a request. */
export interface Settings {
  maxTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  stop?: ReadonlyArray<string>
  effort?: Effort
  /** The end user, as an opaque id. */
  user?: string
  /** The cache control of the whole prompt, in Anthropic's format. */
  cache?: JsonObject
  /** Requests with the same key have the same beginning. */
  cacheKey?: string
  /** `standard`: never on a faster, more expensive tier. */
  tier?: "auto" | "standard"
}

/** A request. */
export interface Request {
  readonly model: string
  readonly stream: boolean
  /** System prompts before the first message. */
  readonly system: ReadonlyArray<string>
  /** Cache control by the index of a system prompt, for the prompt up to there. */
  readonly systemCache?: ReadonlyMap<number, JsonObject> | undefined
  /** The indices of system prompts with the role `developer`. */
  readonly developers?: ReadonlySet<number> | undefined
  readonly turns: ReadonlyArray<Turn>
  readonly tools: ReadonlyArray<Tool>
  readonly toolChoice?: ToolChoice | undefined
  /** Whether the model may call several tools at once. */
  readonly parallel?: boolean | undefined
  readonly format?: Format | undefined
  /** True if the answer has to be a JSON object, whatever its schema. */
  readonly isJson?: boolean | undefined
  readonly settings: Readonly<Settings>
}

/** Why the model stopped. */
export type Stop = "end" | "stopSequence" | "length" | "calls" | "refusal" | "pause" | "window"

/**
 * Token counts. Those read from and written to a cache are included in the input, those of reasoning in the output.
 */
export interface Usage {
  readonly input: number
  readonly cacheRead?: number | undefined
  readonly cacheWrite?: number | undefined
  readonly output: number
  readonly thinking?: number | undefined
}

/** How an answer ended. */
export interface Ending {
  readonly stop: Stop
  readonly stopSequence?: string | undefined
  /** Why the model declined, for people. */
  readonly explanation?: string | undefined
}

/** A whole answer. */
export interface Answer extends Ending {
  readonly id?: string | undefined
  readonly model?: string | undefined
  readonly parts: ReadonlyArray<Spoken>
  readonly usage?: Usage | undefined
  /** The pages that it cites. */
  readonly sources?: ReadonlyArray<Source> | undefined
  /** Content that could not be translated. */
  readonly remarks?: ReadonlyArray<Remark> | undefined
}

/** One step of a streamed answer. Calls are numbered from 0 in the order of their start. */
export type Delta =
  | { readonly type: "start"; readonly id?: string | undefined; readonly model?: string | undefined }
  | { readonly type: "text" | "refusal"; readonly text: string }
  | { readonly type: "thinking"; readonly text: string; readonly field?: string | undefined }
  | { readonly type: "signature"; readonly signature: string }
  | { readonly type: "redacted"; readonly data: string }
  | {
      readonly type: "call"
      readonly call: number
      readonly id: string
      readonly name: string
      readonly members?: JsonObject | undefined
    }
  /** Fields of a call that arrived after its start. */
  | { readonly type: "hangs"; readonly call: number; readonly members: JsonObject }
  | Left
  | { readonly type: "arguments"; readonly call: number; readonly json: string }
  | Source
  | { readonly type: "usage"; readonly usage: Usage }
  | ({ readonly type: "stop" } & Ending)
  | { readonly type: "end" }
  | { readonly type: "error"; readonly error: Failure }

/**
 * A remark of a reader: content that is malformed, or that has no counterpart in the common form. It is named by its
 * path in the target's protocol: `delta.images`.
 */
export type Remark =
  | { readonly type: "malformed"; readonly message: string }
  | { readonly type: "dropped"; readonly name: string }

/** The kind of an error. */
export type FailureKind =
  | "invalid"
  | "contextExceeded"
  | "authentication"
  | "billing"
  | "permission"
  | "notFound"
  | "tooLarge"
  | "rateLimit"
  | "server"
  | "overloaded"
  | "timeout"

/** An error, independent of any protocol. */
export interface Failure {
  readonly kind: FailureKind
  readonly message: string
  /** The field of the request that it is about. */
  readonly param?: string | undefined
  /** For a prompt that is too long: the window and the prompt, in tokens. */
  readonly tokens?: ContextNumbers | undefined
}
