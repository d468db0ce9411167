/**
 * The ids by which the bench distinguishes callers. An id is 32 bits of SHA-256 over a fixed label, the secret of the
 * target's credential and the caller's key. The key cannot be derived from it, so it may be saved and shared. Replicas with
 * the same secret compute the same id.
 */
import * as Context from "effect/Context"
import * as Redacted from "effect/Redacted"
import type { Credential } from "../domain/Credential.ts"
import type { Target } from "../domain/Target.ts"
import { sha256 } from "../util/Sha256.ts"
import { Affinity, type AffinityKey } from "./Affinity.ts"
import { Caller, type CallerKey } from "./Caller.ts"
import * as RequestHash from "./RequestHash.ts"

/** What identifies the caller of a request. */
export interface Asking {
  /** The caller's key; `undefined` for the one in the context. */
  readonly caller: CallerKey | undefined
  /** The affinity key; `undefined` for the one in the context. */
  readonly affinity: AffinityKey | undefined
  readonly request: unknown
}

/** The caller of one request, read on first use. */
export class CallerId {
  /** Whether the application named the caller. If not, the conversation or the request stands for the caller. */
  readonly isNamed: boolean
  readonly #key: string | undefined
  #credential: Credential | undefined
  #id: string | undefined

  constructor({ affinity, caller, request }: Partial<Asking>, context: Context.Context<never>) {
    const named = textOf(caller) ?? Context.get(context, Caller)
    this.isNamed = named !== undefined
    this.#key = named === undefined ? keyOf(affinity, request, context) : `caller\0${named}`
  }

  /** The id at a target; `undefined` if nothing identifies the caller. */
  at({ credential }: Target): string | undefined {
    if (this.#key === undefined) return undefined
    if (this.#credential !== credential) {
      const { apiKey, name } = credential
      const secret = apiKey === undefined ? "" : Redacted.value(apiKey)
      this.#credential = credential
      this.#id = sha256(`effect-failover caller 1\0${name}\0${secret}\0${this.#key}`).slice(0, 8)
    }
    return this.#id
  }
}

const keyOf = (
  affinity: AffinityKey | undefined,
  request: unknown,
  context: Context.Context<never>
): string | undefined => {
  const conversation = textOf(affinity) ?? Context.get(context, Affinity)
  if (conversation !== undefined) return `conversation\0${conversation}`
  const hash = RequestHash.of(request)
  return hash === undefined ? undefined : `request\0${hash}`
}

const textOf = (key: CallerKey | undefined): string | undefined => (typeof key === "function" ? key() : key)
