/** A row of the table of dialects. */
import type { RuleName, Rules } from "./Rules.ts"

/** The protocols of targets. */
export type ProtocolName = "openai" | "anthropic"

/** How a row is recognised. One of these is enough. */
export interface Match {
  /** The end of the host of the base URL: `mistral.ai` is also `api.mistral.ai`. */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** A part of the provider's name in the config: `mistral` is also `mistral-eu`. */
  readonly providers?: ReadonlyArray<string> | undefined
  /** A pattern for the model's name in small letters, without what stands before its last slash. */
  readonly models?: RegExp | undefined
}

/** The value of one rule, and where it is documented or was reported. */
export interface Fact<A> {
  readonly is: A
  readonly source: string
}

/** The rules of a row, each with its source. */
export type Facts = { readonly [Name in RuleName]?: Fact<Rules[Name]> | undefined }

/** Rules that hold for a part of a row only, such as some of its models, or its models on their maker's own server. */
export interface Part {
  /** What it is, for people. */
  readonly title: string
  readonly match: Match
  readonly facts: Facts
}

/** A server, or a family of models. */
export interface Row {
  /** The name by which the config can choose it. */
  readonly name: string
  /** What it is, for people. */
  readonly title: string
  /** A family of models is laid under the server that serves it. */
  readonly kind: "server" | "models"
  /** The protocol its rules are about; both where there is none. */
  readonly protocol?: ProtocolName | undefined
  readonly match: Match
  readonly facts: Facts
  /** Laid over its rules where they match too; the later ones over the earlier. */
  readonly parts?: ReadonlyArray<Part> | undefined
}
