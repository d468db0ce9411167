/**
 * Translates one server's field names and finish reasons to those in the tables of `src/words`, so that the
 * classifier, the commit point, the statistics and the translation need only those.
 */

import { thoughtTextNames } from "../words/Thoughts.ts"
import { usageIn } from "../words/UsageFields.ts"
import type { Dialect, FinishWord } from "./rules/Rules.ts"

type Fields = { readonly [name: string]: unknown }

/** Translates the answers of one server. */
export interface DialectWords {
  /** The answer or event with standard names; the same object if nothing differs. */
  readonly normalise: (json: Fields) => Fields
  /** Whether an answer without content counts as an answer. */
  readonly mayBeEmpty: boolean
}

const known = new WeakMap<Dialect, { readonly words: DialectWords | undefined }>()

/** The translation for a dialect; `undefined` if it needs none, as nearly all do. Made once for each dialect. */
export const dialectWords = (dialect: Dialect): DialectWords | undefined => {
  const found = known.get(dialect)
  if (found !== undefined) return found.words
  const words = make(dialect)
  known.set(dialect, { words })
  return words
}

/** The equivalent finish reasons of both protocols. */
const finishes: Readonly<Record<FinishWord, { readonly openai: string; readonly anthropic: string }>> = {
  stop: { openai: "stop", anthropic: "end_turn" },
  length: { openai: "length", anthropic: "max_tokens" },
  calls: { openai: "tool_calls", anthropic: "tool_use" },
  refusal: { openai: "content_filter", anthropic: "refusal" }
}

const make = ({
  emptyAnswer,
  finishWords,
  thoughtFields,
  usageFields
}: Dialect): DialectWords | undefined => {
  const finish = new Map(Object.entries(finishWords))
  const thoughts = thoughtFields.filter((name) => name !== "thinking" && !thoughtTextNames.includes(name))
  const counts = Object.entries(usageFields).filter(([, path]) => path !== undefined)
  const mayBeEmpty = emptyAnswer === "answer"
  if (!mayBeEmpty && finish.size === 0 && thoughts.length === 0 && counts.length === 0) return undefined

  const ended = (fields: Fields, name: "finish_reason" | "stop_reason"): Fields => {
    const word = finish.get(String(fields[name]))
    if (word === undefined) return fields
    return { ...fields, [name]: finishes[word][name === "finish_reason" ? "openai" : "anthropic"] }
  }

  const thought = (message: unknown): unknown => {
    if (!isFields(message)) return message
    const name = thoughts.find((each) => typeof message[each] === "string" && message[each] !== "")
    return name === undefined ? message : { ...message, reasoning_content: message[name] }
  }

  const choice = (given: unknown): unknown => {
    if (!isFields(given)) return given
    let made = ended(given, "finish_reason")
    for (const part of ["delta", "message"] as const) {
      const said = thoughts.length === 0 ? made[part] : thought(made[part])
      if (said !== made[part]) made = { ...made, [part]: said }
    }
    return made
  }

  const counted = (json: Fields): Fields => {
    const usage = counts.length === 0 ? undefined : usageIn(json)
    if (usage === undefined) return json
    const prompt: Record<string, unknown> = {}
    const completion: Record<string, unknown> = {}
    for (const [name, path] of counts) {
      const count = at(usage, path)
      if (typeof count !== "number" && typeof count !== "string") continue
      if (name === "thinking") completion.reasoning_tokens = count
      else prompt[name === "cacheRead" ? "cached_tokens" : "cache_write_tokens"] = count
    }
    return {
      ...json,
      usage: {
        ...usage,
        prompt_tokens_details: { ...fieldsOf(usage.prompt_tokens_details), ...prompt },
        completion_tokens_details: { ...fieldsOf(usage.completion_tokens_details), ...completion }
      }
    }
  }

  return {
    mayBeEmpty,
    normalise: (json) => {
      let made = counted(ended(json, "stop_reason"))
      if (isFields(made.delta)) {
        const delta = ended(made.delta, "stop_reason")
        if (delta !== made.delta) made = { ...made, delta }
      }
      if (!Array.isArray(made.choices)) return made
      const choices = made.choices.map(choice)
      return choices.every((each, index) => each === fieldsOf(made.choices)[index])
        ? made
        : { ...made, choices }
    }
  }
}

const isFields = (u: unknown): u is Fields => typeof u === "object" && u !== null

const fieldsOf = (u: unknown): Fields => (isFields(u) ? u : {})

const at = (fields: Fields, path: string): unknown => {
  let value: unknown = fields
  for (const name of path.split(".")) value = fieldsOf(value)[name]
  return value
}
