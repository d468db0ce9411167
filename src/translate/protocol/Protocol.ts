/** What a protocol has to provide in order to be translated. */
import type { Dialect as TargetDialect } from "../../dialect/index.ts"
import type { Answer, Delta, Failure, Remark, Request } from "../common/Common.ts"
import type { Dropped, Names } from "../common/Dropped.ts"
import type { JsonObject } from "../common/Json.ts"
import type { Context } from "./Context.ts"

/** The protocols targets are asked in: OpenAI's chat completions and Anthropic's messages. */
export type Protocol = "openai" | "anthropic"

/** What callers speak: the same, and OpenAI's responses. */
export type Dialect = Protocol | "responses"

/** One event of an event stream as it came in. */
export interface SseEvent {
  readonly event?: string | undefined
  readonly data?: string | undefined
  /** The data parsed, where somebody has done so. */
  readonly json?: unknown
}

/** One event of an event stream to be sent; the data is one line. */
export interface OutEvent {
  readonly event?: string
  readonly data: string
}

/** Reads the events of one stream in their order. */
export interface StreamReader {
  /** What an event says; nothing for one that is malformed or unknown. */
  readonly read: (event: SseEvent, json: unknown) => ReadonlyArray<Delta | Remark>
  /** The stream is over. */
  readonly end: () => ReadonlyArray<Delta | Remark>
  /** Did the protocol say that the answer is complete? */
  readonly isComplete: boolean
}

/** Writes the events of one stream. */
export interface StreamWriter {
  readonly write: (delta: Delta) => ReadonlyArray<OutEvent>
  /** The last events of a stream that broke off, where they are more than an error. */
  readonly brokenOff?: (why: BrokenOff) => ReadonlyArray<OutEvent>
}

/** Why a stream broke off: a word for programs, and one for people. */
export interface BrokenOff {
  readonly code: string
  readonly message: string
}

/** The half of a protocol that is turned to callers. No function throws, whatever it is given. */
export interface CallerCodec {
  readonly names: Names
  readonly readRequest: (body: JsonObject, dropped: Dropped) => Request
  readonly writeAnswer: (answer: Answer, context: Context) => JsonObject
  readonly writeError: (failure: Failure) => JsonObject
  readonly streamWriter: (context: Context) => StreamWriter
}

/** A protocol, into the common form and out of it. */
export interface Codec extends CallerCodec {
  readonly writeRequest: (request: Request, dropped: Dropped, dialect?: TargetDialect) => JsonObject
  readonly readAnswer: (body: JsonObject, dialect?: TargetDialect) => Answer
  readonly readError: (body: unknown, status: number | undefined) => Failure
  readonly streamReader: (dialect?: TargetDialect) => StreamReader
}
