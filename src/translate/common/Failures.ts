/** Errors: what is common to all protocols. */
import { anthropicWords, isContextCode, saysContext } from "../../words/ContextErrors.ts"
import { contextNumbers } from "../../words/ContextNumbers.ts"
import type { Failure, FailureKind } from "./Common.ts"

/** https://platform.claude.com/docs/en/api/errors and https://developers.openai.com/docs/guides/error-codes */
const statuses: ReadonlyMap<number, FailureKind> = new Map<number, FailureKind>([
  [401, "authentication"],
  [402, "billing"],
  [403, "permission"],
  [404, "notFound"],
  [408, "timeout"],
  [413, "tooLarge"],
  [429, "rateLimit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"]
])

/** The kind of a status; `undefined` without an error status. */
export const ofStatus = (status: number | undefined): FailureKind | undefined =>
  status === undefined || status < 400
    ? undefined
    : (statuses.get(status) ?? (status < 500 ? "invalid" : "server"))

/** The kinds that a server may use for a prompt that is too long. */
const vague: ReadonlySet<FailureKind> = new Set<FailureKind>(["invalid", "tooLarge", "server"])

/** Recognizes a prompt that is too long, by any known sentence or code. */
export const withContext = (failure: Failure, ...codes: ReadonlyArray<string | undefined>): Failure => {
  const { kind, message } = failure
  const isContext =
    kind === "contextExceeded" ||
    (vague.has(kind) &&
      (codes.some((code) => code !== undefined && isContextCode(code)) || saysContext(message)))
  return isContext ? { ...failure, kind: "contextExceeded", tokens: contextNumbers(message) } : failure
}

/** The message for Anthropic's clients, which look for this text; the server's own message follows. */
export const contextMessage = (message: string, tokens = contextNumbers(message)): string =>
  /prompt is too long|exceed context limit/i.test(message)
    ? message
    : `${anthropicWords(tokens ?? {})} (${message})`
