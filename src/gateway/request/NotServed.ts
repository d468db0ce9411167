/**
 * Operations that not all servers of a protocol have: `responses/compact`, and the counts of tokens.
 *
 * A target without the operation is skipped. If no target has it, the answer is 404, at which no client tries again.
 */
import { classOf, type Failure } from "../../failure/Failure.ts"
import type { RunError } from "../../failure/RunError.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import * as Refusal from "../http/Refusal.ts"

const code = "operation_not_served"

/** Operations that the gateway cannot replace. A count of tokens can be estimated. */
const irreplaceable: ReadonlySet<string> = new Set(["responses/compact"])

/** The refusal for a model whose targets have no such operation at all. */
export const byModel = (model: string, operation: string): Refusal.Refusal =>
  Refusal.make(
    404,
    code,
    `no target of ${JSON.stringify(model)} serves responses itself, so none serves ${operation}`,
    {
      param: "model"
    }
  )

/** True for `byModel`. */
export const isByModel = (refusal: Refusal.Refusal | Refusal.PassedOn): boolean =>
  refusal._tag === "Refusal" && refusal.code === code

/** The refusal for an operation that none of the called targets has; `undefined` for every other error. */
export const of = (error: RunError, { operation }: Request): Refusal.Refusal | undefined => {
  if (!irreplaceable.has(operation)) return undefined
  const failures = failuresOf(error)
  if (failures.length === 0 || !failures.every(isUnknown)) return undefined
  const targets = [...new Set(failures.map(({ target }) => target))].join(", ")
  return Refusal.make(404, code, `${operation} is served by none of the targets: ${targets}`, {
    param: "model"
  })
}

/** True if the last target does not have the operation. */
export const isLast = (error: RunError): boolean => {
  const failure = failuresOf(error).at(-1)
  return failure !== undefined && isUnknown(failure)
}

const failuresOf = (error: RunError): ReadonlyArray<Failure> => {
  switch (error._tag) {
    case "ChainExhausted":
      return error.attempts.map(({ failure }) => failure)
    case "BadRequest":
    case "ContextExceeded":
      return [error]
    default:
      return []
  }
}

/** Relays answer 500 to operations that they have not implemented. */
const isUnknown = (failure: Failure): boolean => {
  const { cause } = failure
  if (!isProviderResponse(cause)) return false
  return [404, 405, 501].includes(cause.status) || (cause.status >= 500 && classOf(failure) === "Unsupported")
}
