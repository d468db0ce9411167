/**
 * Carries a model's data through a conversation, to a client and back to that model.
 *
 * A client of another protocol returns only what its own protocol has: the id of a call, the signature of
 * reasoning, the encrypted content of a reasoning item. The data is carried there, so that it survives a restart and
 * reaches every replica. Data that does not fit is kept in memory, if there is one.
 */
import * as Memo from "../../util/Memo.ts"
import { familyOf } from "./Family.ts"
import * as Token from "./Token.ts"

/** Stores what no client can carry, by the id of a call. */
export interface Memory {
  readonly put: (id: string, kept: string) => void
  readonly get: (id: string) => string | undefined
}

/** Carries data for one target and one caller. */
export interface Carry {
  readonly owner: Token.Owner
  /** The family of the target's model. */
  readonly family: string
  readonly memory?: Memory | undefined
}

/** Carries data for the models of one provider. */
export interface Carrier {
  /** For one model; the memory belongs to the caller. */
  readonly of: (model: string, memory?: Memory) => Carry
}

/** Makes the carrier of a provider. `secrets` are shared by all replicas; the first one signs, all are accepted. */
export const make = (provider: string, secrets: ReadonlyArray<string>): Carrier => {
  const familyOfModel = Memo.byName(familyOf)
  const ownerOf = Memo.byName((family) => Token.owner(`${provider}\n${family}`, secrets))
  return {
    of: (model, memory) => {
      const family = familyOfModel(model)
      return { owner: ownerOf(family), family, memory }
    }
  }
}
