/**
 * The common form: what every protocol of language models can say, in words that belong to none of them.
 *
 * A protocol is translated into it and out of it, never directly into another protocol, so a third one costs two more
 * translations and not four.
 */
import type { ContextNumbers } from "../../words/ContextNumbers.ts"
import type { JsonObject } from "./Json.ts"

/** Where an image or a document is found. */
export type Media =
  | { readonly type: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly type: "url"; readonly url: string }

/** Text. */
export interface Text {
  readonly type: "text"
  readonly text: string
  /** Where the prompt up to here is to be kept in a cache: how, in Anthropic's words. */
  readonly cache?: JsonObject | undefined
  /** It was said in a turn of its own, and does not go on with the text before it. */
  readonly isApart?: boolean | undefined
}

/** An image. */
export interface Image {
  readonly type: "image"
  readonly media: Media
  readonly cache?: JsonObject | undefined
}

/** A document the model is to read: a PDF, or plain text. */
export interface Document {
  readonly type: "document"
  readonly media: Media | Text
  readonly name?: string | undefined
  readonly cache?: JsonObject | undefined
}

/** Sound the model is to hear. */
export interface Audio {
  readonly type: "audio"
  readonly data: string
  /** `wav`, `mp3`. */
  readonly format: string
  readonly cache?: JsonObject | undefined
}

/** What the model thought before it spoke. Without a signature nobody takes it back. */
export interface Thinking {
  readonly type: "thinking"
  readonly text: string
  readonly signature?: string | undefined
  /** The member of a message in which its server had it. */
  readonly field?: string | undefined
}

/** Thoughts that only the provider can read. */
export interface Redacted {
  readonly type: "redacted"
  readonly data: string
}

/** Words with which the model declines. */
export interface Refusal {
  readonly type: "refusal"
  readonly text: string
}

/** The call of a tool. The arguments are a JSON text as the model wrote it; `id` is empty where there was none. */
export interface Call {
  readonly type: "call"
  readonly id: string
  readonly name: string
  readonly arguments: string
  /** What its server hung on it and wants to see again. */
  readonly members?: JsonObject | undefined
}

/** What a server left in a message and wants to see again there: members of the message, which say nothing to others. */
export interface Left {
  readonly type: "left"
  readonly members: JsonObject
}

/** What a tool gave. */
export interface Result {
  readonly type: "result"
  readonly id: string
  readonly parts: ReadonlyArray<Content>
  readonly isError: boolean
}

/** What a person or a tool shows the model. */
export type Content = Text | Image | Document | Audio

/** What the model says. */
export type Spoken = Text | Thinking | Redacted | Refusal | Call | Left

/** What the model says, and then what it says in a turn of its own, as one. */
export const together = (
  before: ReadonlyArray<Spoken>,
  after: ReadonlyArray<Spoken>
): ReadonlyArray<Spoken> => {
  const [first, ...rest] = after
  return first?.type === "text" && before.length > 0
    ? [...before, { ...first, isApart: true }, ...rest]
    : [...before, ...after]
}

/** One message of the conversation. */
export type Turn =
  | {
      readonly role: "system"
      readonly texts: ReadonlyArray<string>
      /** The caller called it the developer's. */
      readonly isDevelopers?: boolean | undefined
    }
  | { readonly role: "user"; readonly parts: ReadonlyArray<Content | Result> }
  | { readonly role: "assistant"; readonly parts: ReadonlyArray<Spoken> }

/** A tool the model may call. */
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

/** The JSON schema the answer must keep to. */
export interface Format {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly schema: JsonObject
  readonly strict?: boolean | undefined
}

/** How much the model shall think, from little to much. */
export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const

/** How much the model shall think. */
export type Effort = (typeof efforts)[number]

/** The plain settings of a request. */
export interface Settings {
  maxTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  stop?: ReadonlyArray<string>
  effort?: Effort
  /** Who the request is for, as an opaque name. */
  user?: string
  /** `standard`: never on a faster, dearer tier. */
  tier?: "auto" | "standard"
}

/** A request. */
export interface Request {
  readonly model: string
  readonly stream: boolean
  /** System prompts before the first message. */
  readonly system: ReadonlyArray<string>
  /** By the place of a system prompt: that the prompt up to there is to be kept in a cache. */
  readonly systemCache?: ReadonlyMap<number, JsonObject> | undefined
  /** The places of those system prompts that the caller called the developer's. */
  readonly developers?: ReadonlySet<number> | undefined
  readonly turns: ReadonlyArray<Turn>
  readonly tools: ReadonlyArray<Tool>
  readonly toolChoice?: ToolChoice | undefined
  /** May the model call several tools at once? */
  readonly parallel?: boolean | undefined
  readonly format?: Format | undefined
  readonly settings: Readonly<Settings>
}

/** Why the model stopped. */
export type Stop = "end" | "stopSequence" | "length" | "calls" | "refusal" | "pause" | "window"

/** Tokens; those read from and written to a cache are part of the input, those of thinking part of the output. */
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
  /** Why the model declined, in words for people. */
  readonly explanation?: string | undefined
}

/** A whole answer. */
export interface Answer extends Ending {
  readonly id?: string | undefined
  readonly model?: string | undefined
  readonly parts: ReadonlyArray<Spoken>
  readonly usage?: Usage | undefined
  /** What found no place in it. */
  readonly remarks?: ReadonlyArray<Remark> | undefined
}

/** One step of a streamed answer. Calls are numbered from 0 in the order in which they began. */
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
  /** What hangs on a call and came after its beginning. */
  | { readonly type: "hangs"; readonly call: number; readonly members: JsonObject }
  | Left
  | { readonly type: "arguments"; readonly call: number; readonly json: string }
  | { readonly type: "usage"; readonly usage: Usage }
  | ({ readonly type: "stop" } & Ending)
  | { readonly type: "end" }
  | { readonly type: "error"; readonly error: Failure }

/**
 * What a reader has to say besides: that something can be read by nobody, or that it has no words in the common form. It
 * is named as a path in the words of the target: `delta.images`.
 */
export type Remark =
  | { readonly type: "malformed"; readonly message: string }
  | { readonly type: "dropped"; readonly name: string }

/** What kind of error it is. */
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

/** An error in the words of no protocol. */
export interface Failure {
  readonly kind: FailureKind
  readonly message: string
  /** The field of the request it is about. */
  readonly param?: string | undefined
  /** Of a prompt that is too long: the window and the prompt, in tokens. */
  readonly tokens?: ContextNumbers | undefined
}
