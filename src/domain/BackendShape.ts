/** The shape of a backend, apart from what is built on it, so that models can refer to it. */
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
  /** Where credentials without a base URL of their own stand. */
  readonly baseUrl?: string | undefined
  /** Laid over the runtime's policy for all models of this backend. */
  readonly policy?: Options | undefined
}
