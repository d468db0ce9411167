/** The parts of an HTTP provider that depend on its wire protocol; everything else is shared. */

import type { Phase } from "../../domain/Phase.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import type * as Turns from "../../util/Turns.ts"
import type { Forms } from "../forms/Forms.ts"
import type { Style } from "../wire/BaseUrl.ts"
import type { JsonObject } from "../wire/Wire.ts"

/** The meaning of an event: a phase, or a failure. */
export type Meaning = Phase | "failed"

/** Reads the events of one stream in order: the event's name and its parsed data (`undefined` in a ping). */
export interface Meanings {
  (event: string | undefined, json: unknown): Meaning
  /**
   * The last events of a stream that ends in `[DONE]` instead of its protocol's own end, as text; `undefined` if it is
   * truncated. Absent if `[DONE]` is the end, or if `lastEvent` takes its place.
   */
  readonly atDone?: (() => string | undefined) | undefined
  /** Whether every event has to be read, also one that differs from the last one in nothing but its text. */
  readonly readsAll?: (() => boolean) | undefined
}

/** One operation of a protocol. */
export interface Operation {
  /** Its path below the API version: `chat/completions`. */
  readonly path: string
  /** `GET` sends no body. Default: POST. */
  readonly method?: "GET" | undefined
  /** Whether some servers answer with a bare list; the list is taken as the `data` of an object. */
  readonly isList?: boolean | undefined
  /**
   * Whether some servers and models lack this operation though they have the protocol's main ones. Then "not found"
   * means that the request was wrong, not that the model is missing, so it does not bench the target.
   */
  readonly isOptional?: boolean | undefined
  /**
   * Whether a whole answer (with a good status) holds what `body` requested. A cheap check of the structure only.
   * With `mayBeEmpty` an answer without content counts.
   */
  readonly isUsable: (answer: JsonObject, body: JsonObject, mayBeEmpty?: boolean) => boolean
  /** The answer as it was requested, if it can be made of one that is not usable; `undefined` if it cannot. */
  readonly mend?: ((answer: JsonObject, body: JsonObject) => Turns.Steps<JsonObject | undefined>) | undefined
  /** Whether an answer that is too large to be parsed begins as it was requested. Default: yes. */
  readonly beginsUsable?: ((begin: Uint8Array, body: JsonObject) => boolean) | undefined
  /** Converts its answers to events and back; absent if the operation has no streams. */
  readonly forms?: Forms | undefined
  /** Makes a reader for the events of one stream; absent if the operation has no streams. */
  readonly meanings?: ((body: JsonObject, mayBeEmpty?: boolean) => Meanings) | undefined
  /**
   * The last event of its streams, if clients insist on it. A complete stream gets it if the server left it out, or
   * wrote `[DONE]`.
   */
  readonly lastEvent?: string | undefined
}

/** A wire protocol. */
export interface Protocol<Name extends string = string> {
  readonly name: "openai" | "anthropic"
  /** The vendor's own base URL. */
  readonly baseUrl: string
  readonly baseUrlStyle: Style
  readonly operations: Readonly<Record<Name, Operation>>
  /** The headers that carry a key. */
  readonly authorize: (key: string) => Readonly<Record<string, string>>
  /** Default headers; the caller may override them. */
  readonly headers: Readonly<Record<string, string>>
  /** The caller's headers that are forwarded. */
  readonly passed: ReadonlySet<string>
  /**
   * The members of a body to set or remove (`undefined`) so that the output is not limited, or no more than the
   * failure allows; `undefined` if there is nothing to change.
   */
  readonly withoutOutputLimit: (
    body: JsonObject,
    failure: BadRequest
  ) => Readonly<Record<string, number | undefined>> | undefined
  /** The keys of an event's text, and the keys of padding; see `EventShape`. */
  readonly texts: ReadonlyArray<string>
  readonly padding: ReadonlyArray<string>
}
