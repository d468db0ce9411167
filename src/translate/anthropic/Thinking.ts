/**
 * How a request asks a Claude model to think.
 *
 * - https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 * - https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking
 */
import type { Request, Effort as Word } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as Effort from "../common/Effort.ts"
import type { JsonObject } from "../common/Json.ts"
import type { Traits } from "./Models.ts"

/** What is written, and whether the model is told to think. */
export interface Thinking {
  readonly config?: JsonObject | undefined
  readonly effort?: Word | undefined
  readonly isOn: boolean
}

/** Writes the effort of a request as its model takes it. */
export const write = (request: Request, traits: Traits, maxTokens: number, dropped: Dropped): Thinking => {
  const asked = request.settings.effort
  if (asked === undefined) return { isOn: false }
  if (asked === "none") return off(traits, dropped)
  const effort = Effort.nearest(asked, traits.efforts)
  // A model that thinks cannot be made to call a tool; the tool is what the caller needs.
  const mode = request.toolChoice?.mode
  const isForced = request.tools.length > 0 && (mode === "required" || mode === "tool")
  if (traits.thinking === "always") return { effort, isOn: true }
  if (traits.thinking === "optional" || traits.thinking === "default") {
    return isForced ? { effort, isOn: false } : { config: { type: "adaptive" }, effort, isOn: true }
  }
  const budget_tokens =
    traits.thinking === "none" || isForced || isAmidCalls(request)
      ? undefined
      : Effort.budget(asked, maxTokens)
  if (budget_tokens !== undefined) return { config: { type: "enabled", budget_tokens }, effort, isOn: true }
  if (effort === undefined) dropped.common("effort")
  return { effort, isOn: false }
}

const off = (traits: Traits, dropped: Dropped): Thinking => {
  switch (traits.thinking) {
    case "default":
    case "budget":
      return { config: { type: "disabled" }, isOn: false }
    case "always":
      dropped.common("effort")
      return { effort: traits.efforts[0], isOn: true }
    default:
      return { isOn: false }
  }
}

/**
 * With a budget, the answer that called the tools must begin with the thoughts that led there. Clients of other
 * protocols have not kept them, so this answer comes without thinking.
 */
const isAmidCalls = ({ turns }: Request): boolean => {
  const answer = turns.findLast((turn) => turn.role === "assistant")
  if (answer === undefined) return false
  const [first] = answer.parts
  return (
    answer.parts.some((part) => part.type === "call") &&
    first?.type !== "thinking" &&
    first?.type !== "redacted"
  )
}
