/**
 * Reads the sentences of an error.
 *
 * Sentences count only after the machine fields, and only the provider's own: quoted names, links, quoted source
 * lines and advice ("add 10 credits to unlock …") are removed first.
 */
import { toSimplified } from "../../words/SimplifiedChinese.ts"
import { isChinese, type Row } from "../sentences/Row.ts"
import {
  connectionSentences,
  faultSentences,
  sentences,
  sentencesWithoutChinese,
  serverSentences
} from "../sentences/Sentences.ts"
import { fetched } from "../sentences/Servers.ts"
import { withoutQuoted } from "./Quoted.ts"
import type { Verdict } from "./Verdict.ts"

/** The most of one message that is read. Error messages are shorter; a longer text quotes something. */
const maxText = 8 * 1024

/** Where the provider's own text ends and a quotation begins. */
const quotesBegin = [
  "traceback (most recent call last)",
  "\n    at ",
  "stack trace:",
  "stacktrace:",
  "\nstack:"
]

/** Quoted names that are the provider's own: parameters, not model or tool names. */
const parameterName =
  /^((max|min|num|input|output|prompt|message|messages|context|body|contents?|stream|tokens?|reasoning|thought|n_ctx)(_?[a-z]+){0,4}|(response_format|tool_choice|encoding_format|service_tier|modalities|verbosity)(\.[a-z]+)?|--[a-z][\w-]{2,40})$/

/** Words before a quoted phrase which show that the phrase is input. */
const namesInput =
  /\b(function|tool|tools|description|name|named|called|value|field|property|schema|string|got|type|role|argument|arguments|id|header|file|line|text|input|output|prompt|completion|query|user|for|in)[ :=(]{0,3}$/

const maskQuotes = (text: string): string =>
  text.replace(
    /(^|[\s([{=:,/])(["'`“])([^"'`“”\n]{1,200})(["'`”])(?=$|[\s)\]},.:;?!/])/g,
    (whole, before: string, _open: string, inner: string, _close: string, at: number) => {
      const word = inner.trim()
      if (parameterName.test(word)) return `${before}${word}`
      if (!/\s/.test(word)) return `${before}…`
      return namesInput.test(text.slice(Math.max(0, at - 24), at + before.length)) ? `${before}…` : whole
    }
  )

/**
 * Sentences that advise the reader what to do next. They mention limits, bills and prompts although nothing is wrong
 * with those.
 */
const advice: ReadonlyArray<RegExp> = [
  // https://ai.google.dev/gemini-api/docs/rate-limits, https://platform.openai.com/account/rate-limits
  /^(for|to) (more information|more details|details|learn more|learn|monitor|increase|request|view|check|get|see)\b/,
  /^(please )?(see|visit|refer|learn more|read|go to|head to|check out|contact|email|review)\b/,
  // https://console.groq.com/settings/billing
  /^(need|want) more\b/,
  /^upgrade (to|your)\b/,
  // https://openrouter.ai/docs/api/reference/limits
  /^(please )?add (your own key|[\d,]+ credits)\b/,
  // https://platform.openai.com/docs/guides/rate-limits
  /^you (can|may|could) (increase|raise|request|upgrade|also|retry|try|view|check)\b/,
  /^(if you|should you|in case you|you might|you may want)\b/,
  // https://docs.anthropic.com/en/api/rate-limits
  /^(please )?(reduce|shorten|lower|decrease) (the|your) (prompt|input|request|message)( length| size)? or the maximum tokens\b/,
  // https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter
  /^(please )?(modify|adjust|change|rephrase) your (prompt|input|request)\b/
]

/**
 * The text as the patterns need it: lower case, Simplified Chinese, straight quotes, single spaces, without links,
 * quoted names and advice, and with `·` for a dot inside a word: `gpt-4.1` does not end a sentence.
 *
 * @example
 * import { prepare } from "./Texts.ts"
 *
 * prepare("The model `rate-limit-429` does not exist. See https://example.com/limits")
 * // => "the model … does not exist"
 */
export const prepare = (text: string): string => {
  let lower = toSimplified(text.slice(0, maxText).toLowerCase()).replace(/[’‘]/g, "'")
  for (const mark of quotesBegin) {
    const at = lower.indexOf(mark)
    if (at >= 0) lower = lower.slice(0, at)
  }
  const plain = maskQuotes(withoutQuoted(lower.replace(/\bhttps?:\/\/\S{0,2000}/g, " ")))
    .replace(/(?<=\w)\.(?=\w)/g, "·")
    .replace(/\s+/g, " ")
  const parts = plain
    .split(/(?<=[^\d][.!?])\s|(?<=\d[.!?])\s|[。！？;]|\. /)
    .map((part) => part.trim().replace(/[.!]+$/, ""))
    .filter((part) => part !== "")
  const kept = parts.filter((part) => !advice.some((pattern) => pattern.test(part)))
  return (kept.length > 0 ? kept : parts).join(". ")
}

const firstMatch = (
  prepared: string,
  rows: ReadonlyArray<Row>,
  status: number | undefined
): Verdict | undefined => {
  for (const row of rows) {
    const match = row.when.exec(prepared)
    if (match !== null && (status === undefined || row.unless?.(status) !== true))
      return {
        as: row.as,
        evidence: `text "${match[0]
          .trim()
          .slice(0, 80)
          .replace(/(?<=\w)·(?=\w)/g, ".")}"`
      }
  }
  return undefined
}

/** The verdict of the first row that matches a prepared text with its status; `undefined` if none does. */
export const fromText = (prepared: string, status?: number): Verdict | undefined =>
  prepared === ""
    ? undefined
    : firstMatch(prepared, isChinese(prepared) ? sentences : sentencesWithoutChinese, status)

/** The verdict of a prepared text about the server, for responses with a status that decides nothing. */
export const fromServerText = (prepared: string): Verdict | undefined =>
  prepared === "" ? undefined : firstMatch(prepared, serverSentences, undefined)

/** The verdict of a prepared text that is a gateway's own fault, for a status that blames the request. */
export const fromFaultText = (prepared: string): Verdict | undefined =>
  prepared === ""
    ? undefined
    : (firstMatch(prepared, faultSentences, undefined) ??
      (fetched.test(prepared.replace("exceeded with url", ""))
        ? undefined
        : firstMatch(prepared, connectionSentences, undefined)))

/** Exception and error names at the start of a sentence: `ThrottlingException: …`, `litellm.RateLimitError: …`. */
export const leadingNames = (text: string): ReadonlyArray<string> => {
  const names: Array<string> = []
  let rest = text.slice(0, 512).trimStart()
  // https://boto3.amazonaws.com/v1/documentation/api/latest/guide/error-handling.html
  const boto = /^an error occurred \((\w{3,60})\)/i.exec(rest)?.[1]
  if (boto !== undefined) names.push(boto)
  for (let i = 0; i < 4; i++) {
    const match = /^(?:error: )?(?:[a-z]{2,20}\.)?([A-Za-z_][\w-]{3,60}):\s+/i.exec(rest)
    if (match === null) break
    names.push(match[1]!)
    rest = rest.slice(match[0].length)
  }
  return names
}
