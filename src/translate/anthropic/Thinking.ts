/**
 * Writes the reasoning effort of a request for a Claude model.
 *
 * - https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 * - https://platform.claude.com/docs/en/build-with-claude/extended-thinking
 */
import type { Dialect } from "../../dialect/index.ts"
import type { Request, Effort as Word } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as Effort from "../common/Effort.ts"
import type { JsonObject } from "../common/Json.ts"
import type { Traits } from "./Models.ts"

/** The written fields, and whether the model is set to think. */
export interface Thinking {
  readonly config?: JsonObject | undefined
  readonly effort?: Word | undefined
  readonly isOn: boolean
}

/** Levels that every model with an effort has. */
const usual: ReadonlyArray<Word> = ["low", "medium", "high"]

/** The features of a model, as far as its server accepts them. */
export const traitsOf = (traits: Traits, { thinking }: Dialect): Traits => {
  switch (thinking) {
    case "model":
      return traits
    case "adaptive":
      return { ...traits, thinking: "optional", efforts: traits.efforts.length > 0 ? traits.efforts : usual }
    default:
      return { ...traits, thinking, efforts: [] }
  }
}

/** Writes the effort of a request as its model accepts it. */
export const write = (request: Request, traits: Traits, maxTokens: number, dropped: Dropped): Thinking => {
  const asked = request.settings.effort
  if (asked === undefined) return { isOn: false }
  if (asked === "none") return off(traits, dropped)
  const effort = Effort.nearest(asked, traits.efforts)
  // A thinking model cannot be forced to call a tool; the tool is more important to the caller.
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
 * With a budget, the answer that called the tools must begin with its reasoning. Clients of other protocols have not
 * kept it, so this answer is made without thinking.
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
