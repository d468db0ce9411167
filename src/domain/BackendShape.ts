/** The type of a backend, in a file of its own so that models can refer to it. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Options } from "../policy/Policy.ts"
import type * as Credential from "./Credential.ts"
import type { Strategy } from "./Strategy.ts"

/** A named service with its credentials. */
export interface Backend {
  /** The first part of a model spec and of every bench key. */
  readonly name: string
  readonly credentials: NonEmptyReadonlyArray<Credential.Credential>
  readonly strategy: Strategy
  /** The base URL of credentials that have none of their own. */
  readonly baseUrl?: string | undefined
  /** Policy options for all models of this backend. They override the runtime's. */
  readonly policy?: Options | undefined
}
