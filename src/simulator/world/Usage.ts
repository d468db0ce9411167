/** What targets have been paid for. */
import type { Price, Scenario } from "../scenario/Scenario.ts"

/** Tokens of the calls to a target that were answered, as far as it went; `cached` is the part of `input` that came from its cache. */
export interface Tokens {
  readonly input: number
  readonly cached: number
  readonly output: number
}

/** Nothing yet. */
export const none: Tokens = { input: 0, cached: 0, output: 0 }

/** Both together. */
export const add = (a: Tokens, b: Tokens): Tokens => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  output: a.output + b.output
})

/** What tokens of a `provider/model` cost; `undefined` where the table has no price for it. */
export const cost = (
  { cached, input, output }: Tokens,
  model: string,
  prices: Scenario["prices"]
): number | undefined => {
  const price: Price | undefined = prices?.[model] ?? prices?.["*"]
  if (price === undefined) return undefined
  const { cachedInput = price.input } = price
  return ((input - cached) * price.input + cached * cachedInput + output * price.output) / 1e6
}
