/** Tokens, cost and conversations, one line each. */
import type { Report } from "../../simulator/report/Report.ts"
import { amount, percent } from "../../simulator/report/Units.ts"

/** Tokens and their cost if there are prices, and how far conversations stayed at one target if there are any. */
export const lines = ({ conversations, cost, tokens }: Report): ReadonlyArray<string> => [
  ...(conversations === undefined
    ? []
    : [
        `${conversations.conversations} conversations: ${percent(conversations.atOneTarget)} of their turns were answered by one target each.`
      ]),
  ...(cost === undefined && conversations === undefined
    ? []
    : [
        `${amount(tokens.input)} tokens read, ${percent(tokens.input === 0 ? 0 : tokens.cached / tokens.input)} of them from prompt caches; ${amount(tokens.output)} written.${
          cost === undefined ? "" : ` Cost: ${money(cost)}.`
        }`
      ])
]

/** A sum of money, in the unit of the prices. */
export const money = (sum: number): string => (sum >= 100 ? String(Math.round(sum)) : sum.toFixed(2))
