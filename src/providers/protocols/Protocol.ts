/** What an HTTP provider has to say about its wire protocol; everything else is shared. */

import type { Phase } from "../../domain/Phase.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import type { Forms } from "../forms/Forms.ts"
import type { Style } from "../wire/BaseUrl.ts"
import type { JsonObject } from "../wire/Wire.ts"

/** What an event means: a phase, or that it reports a failure. */
export type Meaning = Phase | "failed"

/** Reads the events of one stream in their order: its name and its parsed data (`undefined` in a ping). */
export type Meanings = (event: string | undefined, json: unknown) => Meaning

/** One operation: a row of a protocol's table. */
export interface Operation {
  /** Its path under the API's version: `chat/completions`. */
  readonly path: string
  /** Where it is asked without a body; else it is a POST. */
  readonly method?: "GET" | undefined
  /** Whether some servers answer with a bare list; it is taken as the `data` of an object. */
  readonly isList?: boolean | undefined
  /**
   * Whether not all models and servers know it that know the protocol's main operations. Where one says that it does
   * not, the request was wrong and not the model, which would rest for nothing otherwise.
   */
  readonly isOptional?: boolean | undefined
  /**
   * Does a whole answer (with a good status) hold what was asked for with a body? A cheap look, at the structure only. With
   * `mayBeEmpty` an answer without content is one.
   */
  readonly isUsable: (answer: JsonObject, body: JsonObject, mayBeEmpty?: boolean) => boolean
  /** Its answers as events and back; absent where there are no streams. */
  readonly forms?: Forms | undefined
  /** A reader for the events of one stream; absent where there are no streams. */
  readonly meanings?: ((body: JsonObject, mayBeEmpty?: boolean) => Meanings) | undefined
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
  /** Headers that are sent unless the caller gives others. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers of the caller that are passed on. */
  readonly passed: ReadonlySet<string>
  /**
   * The members of a body to set, or to remove (`undefined`), so that the output is not limited, or no more than the
   * failure allows; `undefined` when there is nothing to change.
   */
  readonly withoutTokenCap: (
    body: JsonObject,
    failure: BadRequest
  ) => Readonly<Record<string, number | undefined>> | undefined
  /** Keys whose values are the text of an event, and keys whose values mean nothing; see `Shape`. */
  readonly texts: ReadonlyArray<string>
  readonly padding: ReadonlyArray<string>
}
