/**
 * The sentences of providers as patterns, by priority.
 *
 * Every pattern is matched against one prepared text (see `signals/Texts.ts`): lower case, straight quotes, single spaces,
 * without links, quoted names and advice, and with `·` for a dot inside a word (`gpt-4·1`), so that `[^.]` stops only at the end of a
 * sentence. A pattern is a phrase with one meaning; a single word or a bare number
 * never decides. All repetitions are bounded or stay within a word, so matching is linear in the text.
 */
import { forbidden, key, unchecked } from "./Access.ts"
import { billing, usageWindow } from "./Allowances.ts"
import { model, place } from "./Models.ts"
import { references } from "./References.ts"
import { policy } from "./Refusals.ts"
import { needsChinese, type Row } from "./Row.ts"
import { lostConnection, output, overload, ownFault, server } from "./Servers.ts"
import { context, outputCeiling, tooLarge, tooLargeUnitless } from "./Sizes.ts"
import { rate, throttleGuard } from "./Throttling.ts"
import { notSupported, options, unsupported } from "./Unsupported.ts"

/** The rows that always count, by priority. */
export const sentences: ReadonlyArray<Row> = [
  ...throttleGuard,
  ...usageWindow,
  ...billing,
  ...tooLarge,
  ...context,
  ...outputCeiling,
  ...references,
  ...place,
  ...options,
  ...unsupported,
  ...tooLargeUnitless,
  ...model,
  ...unchecked,
  ...key,
  ...forbidden,
  ...policy,
  ...output,
  ...overload,
  ...rate,
  ...notSupported
]

/** The same for a text without Chinese characters. */
export const sentencesWithoutChinese: ReadonlyArray<Row> = sentences.filter(({ when }) => !needsChinese(when))

/** The rows that count without a deciding status. */
export const serverSentences: ReadonlyArray<Row> = server

/** The rows that count also with a status that blames the request. */
export const faultSentences: ReadonlyArray<Row> = ownFault

/** The rows that count with such a status unless something was fetched for the request. */
export const connectionSentences: ReadonlyArray<Row> = lostConnection
