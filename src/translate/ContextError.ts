/** The error of a prompt that is too long, in any protocol. */
import { openaiCode } from "../words/ContextErrors.ts"
import { contextNumbers, numbers } from "../words/ContextNumbers.ts"
import { isObject, type JsonObject } from "./common/Json.ts"
import type { Dialect, Protocol } from "./protocol/Protocol.ts"
import { callers } from "./Translate.ts"

/** The facts of an error besides its body. */
export interface ContextError {
  readonly message: string
  /** The window and the prompt, in tokens. */
  readonly limit?: number | undefined
  readonly actual?: number | undefined
}

/** The error of a prompt that is too long, with the text that clients of the protocol look for. */
export const contextError = (to: Dialect, { actual, limit, message }: ContextError): JsonObject => {
  const known = limit === undefined && actual === undefined ? contextNumbers(message) : numbers(limit, actual)
  return callers[to].writeError({ kind: "contextExceeded", message, param: undefined, tokens: known })
}

/**
 * Whether the body of an error has the text or code by which clients of its protocol recognize a prompt that is too
 * long.
 */
export const saysContextExceeded = (protocol: Protocol, body: unknown): boolean => {
  const error = isObject(body) && isObject(body.error) ? body.error : {}
  return protocol === "openai"
    ? error.code === openaiCode
    : /prompt is too long|exceed context limit/i.test(String(error.message ?? ""))
}
