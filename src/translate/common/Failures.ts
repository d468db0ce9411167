/** What is the same about errors in every protocol. */
import { anthropicWords, isContextCode, saysContext } from "../../words/ContextErrors.ts"
import { contextNumbers } from "../../words/ContextNumbers.ts"
import type { Failure, FailureKind } from "./Common.ts"
import { isObject, text, write } from "./Json.ts"

/** https://docs.anthropic.com/en/api/errors and https://platform.openai.com/docs/guides/error-codes */
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

/** What a status means; `undefined` when there is none or it is a good one. */
export const ofStatus = (status: number | undefined): FailureKind | undefined =>
  status === undefined || status < 400
    ? undefined
    : (statuses.get(status) ?? (status < 500 ? "invalid" : "server"))

/** Longer messages are cut: a provider's page of HTML is nobody's message. */
const longest = 2000

/** What an error says, wherever it says it. */
export const messageOf = (body: unknown): string => {
  const said = isObject(body)
    ? (text(body.message) ?? text(body.detail) ?? text(body.error) ?? write(body))
    : (text(body) ?? "The provider gave no reason.")
  return said.slice(0, longest)
}

/** The kinds that a server may mean a prompt that is too long by. */
const vague: ReadonlySet<FailureKind> = new Set<FailureKind>(["invalid", "tooLarge", "server"])

/** Reads what an error says of the prompt: that it is too long, whichever words and codes it says it in. */
export const withContext = (failure: Failure, ...codes: ReadonlyArray<string | undefined>): Failure => {
  const { kind, message } = failure
  const isContext =
    kind === "contextExceeded" ||
    (vague.has(kind) &&
      (codes.some((code) => code !== undefined && isContextCode(code)) || saysContext(message)))
  return isContext ? { ...failure, kind: "contextExceeded", tokens: contextNumbers(message) } : failure
}

/** The message for Anthropic's clients, which look for these words; the words of the server follow them. */
export const contextMessage = (message: string, tokens = contextNumbers(message)): string =>
  /prompt is too long|exceed context limit/i.test(message)
    ? message
    : `${anthropicWords(tokens ?? {})} (${message})`
