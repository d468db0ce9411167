/** Differences between servers and model families with the same protocol, as one table of data. */
export { defaults } from "./Defaults.ts"
export { type DialectWords, dialectWords } from "./DialectWords.ts"
export { hasEffect, type Problem, problemsOf } from "./Problems.ts"
export { type Choice, type Described, resolve, valuesOf } from "./Resolve.ts"
export type { Fact, Facts, Match, Part, ProtocolName, Row } from "./rules/Row.ts"
export type {
  Dialect,
  EffortWord,
  FinishWord,
  Overrides,
  RuleName,
  Rules,
  UsageFields
} from "./rules/Rules.ts"
export { names, row, table } from "./Table.ts"
