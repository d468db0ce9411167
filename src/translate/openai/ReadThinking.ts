/**
 * The fields besides `reasoning_effort` in which chat clients say how much a model is to think. They are not OpenAI's.
 *
 * - `reasoning`: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens
 * - `thinking`: https://docs.litellm.ai/docs/reasoning_content, https://api-docs.deepseek.com/guides/thinking_mode
 * - `enable_thinking`: https://help.aliyun.com/en/model-studio/deep-thinking
 * - `chat_template_kwargs`: https://github.com/vllm-project/vllm/blob/main/docs/features/reasoning_outputs.md
 */
import type { Effort as Level } from "../common/Common.ts"
import * as Effort from "../common/Effort.ts"
import { boolean, type JsonObject, numeric, object } from "../common/Json.ts"
import { type Draft, type Field, set } from "../common/ReadFields.ts"

/** OpenRouter's level if none is named. */
const usual: Level = "medium"

/** Taken for the output limit of a request without one: a budget is a share of it. */
const usualLimit = 32_000

/** A level that follows from a budget in tokens or from a switch. */
const levelOf = (
  on: boolean | undefined,
  budget: number | undefined,
  body: JsonObject
): Level | undefined => {
  if (on === false || budget === 0) return "none"
  if (budget === undefined) return on === true ? usual : undefined
  return Effort.ofBudget(
    budget,
    numeric(body.max_completion_tokens) ?? numeric(body.max_tokens) ?? usualLimit
  )
}

/** `reasoning_effort` takes precedence. */
const read = (draft: Draft, body: JsonObject, level: Level | undefined): boolean =>
  Effort.read(body.reasoning_effort) !== undefined || set(draft, "effort", level)

const switches: ReadonlyMap<unknown, boolean> = new Map([
  ["enabled", true],
  ["adaptive", true],
  ["disabled", false]
])

/** The fields, and how they are read. */
export const thinkingFields: ReadonlyArray<Field> = [
  [
    "reasoning",
    (value, draft, body) => {
      const { effort, enabled, max_tokens } = object(value)
      return read(draft, body, Effort.read(effort) ?? levelOf(boolean(enabled), numeric(max_tokens), body))
    }
  ],
  [
    "thinking",
    (value, draft, body) => {
      const { budget_tokens, type } = object(value)
      return read(draft, body, levelOf(switches.get(type), numeric(budget_tokens), body))
    }
  ],
  ["enable_thinking", (value, draft, body) => read(draft, body, levelOf(boolean(value), undefined, body))],
  [
    "chat_template_kwargs",
    (value, draft, body) => {
      const { enable_thinking, thinking, ...others } = object(value)
      const isOn = boolean(enable_thinking) ?? boolean(thinking)
      return read(draft, body, levelOf(isOn, undefined, body)) && Object.keys(others).length === 0
    }
  ]
]

/** The names of these fields. */
export const thinkingNames: ReadonlyArray<string> = thinkingFields.map(([name]) => name)
