/** The tokens that targets have charged for. */
import type { Price, Scenario } from "../scenario/Scenario.ts"

/** The tokens of the answered calls to a target, as far as they went; `cached` is the part of `input` from its cache. */
export interface Tokens {
  readonly input: number
  readonly cached: number
  readonly output: number
}

/** No tokens. */
export const none: Tokens = { input: 0, cached: 0, output: 0 }

/** The sum. */
export const add = (a: Tokens, b: Tokens): Tokens => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  output: a.output + b.output
})

/** The cost of tokens of a `provider/model`; `undefined` if the table has no price for it. */
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
