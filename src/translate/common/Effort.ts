/**
 * Reasoning effort: OpenAI has named levels, older Claude models a token budget.
 *
 * They are converted by OpenRouter's shares of the output limit.
 * https://openrouter.ai/docs/guides/best-practices/reasoning-tokens
 */
import { type Effort, efforts } from "./Common.ts"

/** The smallest and the largest budget, in tokens. */
const smallest = 1024
const largest = 128_000

const shares: ReadonlyArray<readonly [Effort, share: number]> = [
  ["minimal", 0.1],
  ["low", 0.2],
  ["medium", 0.5],
  ["high", 0.8],
  ["xhigh", 0.95]
]

/** The budget in tokens; `undefined` if the limit leaves no room, since it must exceed the budget. */
export const budget = (effort: Effort, maxTokens: number): number | undefined => {
  const share = shares.find(([name]) => name === effort)?.[1] ?? 0.95
  const tokens = Math.max(Math.min(Math.floor(maxTokens * share), largest), smallest)
  return tokens < maxTokens ? tokens : undefined
}

/** The level with the share nearest to that of a budget. */
export const ofBudget = (tokens: number, maxTokens: number): Effort => {
  const share = maxTokens > 0 ? tokens / maxTokens : 1
  let closest: Effort = "minimal"
  let distance = Number.POSITIVE_INFINITY
  for (const [name, other] of shares) {
    if (Math.abs(other - share) < distance) {
      closest = name
      distance = Math.abs(other - share)
    }
  }
  return closest
}

/** The level, or the next lower allowed one, or the lowest, or `default` without levels; `undefined` if none is allowed. */
export const nearest = <Allowed extends Effort | "default">(
  effort: Effort,
  allowed: ReadonlyArray<Allowed>
): Allowed | undefined => {
  const mayBeOff = effort === "none" || effort === "minimal"
  const wanted = levels.indexOf(effort)
  const ordered = allowed
    .filter((name) => levels.includes(name) && (mayBeOff || name !== "none"))
    .toSorted((a, b) => levels.indexOf(a) - levels.indexOf(b))
  return (
    ordered.findLast((name) => levels.indexOf(name) <= wanted) ??
    ordered[0] ??
    allowed.find((name) => name === "default")
  )
}

const levels: ReadonlyArray<string> = efforts

/** The level, if it is valid. */
export const read = (value: unknown): Effort | undefined => efforts.find((name) => name === value)
