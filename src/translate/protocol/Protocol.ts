/** The interface of a protocol for translation. */
import type { Dialect as TargetDialect } from "../../dialect/index.ts"
import type { Answer, Delta, Failure, Remark, Request } from "../common/Common.ts"
import type { Dropped, Names } from "../common/Dropped.ts"
import type { JsonObject } from "../common/Json.ts"
import type { Context } from "./Context.ts"

/** The protocols of targets: OpenAI's chat completions and Anthropic's messages. */
export type Protocol = "openai" | "anthropic"

/** The protocols of callers: the same, and OpenAI's responses. */
export type Dialect = Protocol | "responses"

/** One received event of an event stream. */
export interface SseEvent {
  readonly event?: string | undefined
  readonly data?: string | undefined
  /** The parsed data, if it was parsed before. */
  readonly json?: unknown
}

/** One event to send; the data is one line. */
export interface OutEvent {
  readonly event?: string
  readonly data: string
}

/** Reads the events of one stream in order. */
export interface StreamReader {
  /** The content of an event; nothing for a malformed or unknown one. */
  readonly read: (event: SseEvent, json: unknown) => ReadonlyArray<Delta | Remark>
  /** Ends the stream. */
  readonly end: () => ReadonlyArray<Delta | Remark>
  /** Whether the protocol marked the answer as complete. */
  readonly isComplete: boolean
}

/** Writes the events of one stream. */
export interface StreamWriter {
  readonly write: (delta: Delta) => ReadonlyArray<OutEvent>
  /** The last events of a stream that broke off, if they are more than an error. */
  readonly brokenOff?: (why: BrokenOff) => ReadonlyArray<OutEvent>
}

/** Why a stream broke off: a code for programs and a message for people. */
export interface BrokenOff {
  readonly code: string
  readonly message: string
}

/** The half of a protocol for callers. No function throws, whatever its input. */
export interface CallerCodec {
  readonly names: Names
  readonly readRequest: (body: JsonObject, dropped: Dropped) => Request
  readonly writeAnswer: (answer: Answer, context: Context) => JsonObject
  readonly writeError: (failure: Failure) => JsonObject
  readonly streamWriter: (context: Context) => StreamWriter
}

/** A protocol, to and from the common form. */
export interface Codec extends CallerCodec {
  readonly writeRequest: (request: Request, dropped: Dropped, dialect?: TargetDialect) => JsonObject
  readonly readAnswer: (body: JsonObject, dialect?: TargetDialect) => Answer
  readonly readError: (body: unknown, status: number | undefined) => Failure
  readonly streamReader: (dialect?: TargetDialect) => StreamReader
}
