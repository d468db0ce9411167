/** A row of the table of dialects. */
import type { RuleName, Rules } from "./Rules.ts"

/** The protocols of targets. */
export type ProtocolName = "openai" | "anthropic"

/** How a row is recognized. One match is enough. */
export interface Match {
  /** The end of the host of the base URL: `mistral.ai` is also `api.mistral.ai`. */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** A part of the provider's name in the config: `mistral` is also `mistral-eu`. */
  readonly providers?: ReadonlyArray<string> | undefined
  /** A pattern for the model's name in lower case, from its last slash on. */
  readonly models?: RegExp | undefined
}

/** The value of one rule, and where it is documented or was reported. */
export interface Fact<A> {
  readonly is: A
  readonly source: string
}

/** The rules of a row, each with its source. */
export type Facts = { readonly [Name in RuleName]?: Fact<Rules[Name]> | undefined }

/** Rules for only a part of a row, such as some of its models, or its models on their maker's own server. */
export interface Part {
  /** A description for people. */
  readonly title: string
  readonly match: Match
  /** A pattern that the model's name must match as well; absent for all models. */
  readonly only?: RegExp | undefined
  readonly facts: Facts
}

/** A server, or a family of models. */
export interface Row {
  /** The name by which the config can choose the row. */
  readonly name: string
  /** A description for people. */
  readonly title: string
  /** The rules of a server override those of a model family. */
  readonly kind: "server" | "models"
  /** The protocol of its rules; both if absent. */
  readonly protocol?: ProtocolName | undefined
  readonly match: Match
  readonly facts: Facts
  /** Rules that override the row's own if they match; later ones override earlier ones. */
  readonly parts?: ReadonlyArray<Part> | undefined
}
