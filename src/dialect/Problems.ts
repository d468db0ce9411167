/** Validates the dialect in a config. */

import type { Choice } from "./Resolve.ts"
import { resolve } from "./Resolve.ts"
import type { ProtocolName } from "./rules/Row.ts"
import type { RuleName } from "./rules/Rules.ts"
import { names, row } from "./Table.ts"

/** A problem, and its rule; absent if it is about the whole dialect. */
export interface Problem {
  readonly rule?: RuleName | "row" | undefined
  readonly message: string
}

/** Rules without effect for servers of a protocol. */
const foreign: Readonly<Record<ProtocolName, ReadonlySet<RuleName>>> = {
  openai: new Set<RuleName>(["betas", "signatures", "systemTurns", "cacheTtl", "thinking"]),
  anthropic: new Set<RuleName>([
    "audio",
    "developerRole",
    "tokenCap",
    "effort",
    "efforts",
    "cacheKey",
    "streamOptions",
    "parallelToolCalls",
    "routing",
    "jsonObject",
    "resultNames",
    "prefill",
    "thinkTags",
    "callExtras",
    "unsignedCalls",
    "messageExtras"
  ])
}

/** Whether a rule has an effect for servers of a protocol. */
export const hasEffect = (rule: RuleName, protocol: ProtocolName): boolean => !foreign[protocol].has(rule)

/** All problems of a choice: an unknown row, a rule of another protocol, contradictory rules. */
export const problemsOf = (choice: Choice, protocol: ProtocolName): ReadonlyArray<Problem> => {
  const name = typeof choice === "string" ? choice : choice.row
  const at = typeof choice === "string" ? {} : ({ rule: "row" } as const)
  const known = name === undefined ? undefined : row(name)
  if (name !== undefined && known === undefined) {
    return [{ ...at, message: `there is no dialect of that name (known: ${names.join(", ")})` }]
  }
  const problems: Array<Problem> = []
  if (known?.protocol !== undefined && known.protocol !== protocol) {
    problems.push({
      ...at,
      message: `is a dialect of the protocol ${known.protocol}, and the provider uses the protocol ${protocol}`
    })
  }
  if (typeof choice === "string") return problems
  for (const rule of foreign[protocol]) {
    if (choice[rule] !== undefined) {
      problems.push({ rule, message: `has no effect for a provider with the protocol ${protocol}` })
    }
  }
  return [...problems, ...contradictions(choice, protocol)]
}

const characters = ["callIdCharacters", "toolNameCharacters", "propertyNameCharacters"] as const

const lengths = [
  ["callIdCharacters", "callIdLongest", 6],
  ["toolNameCharacters", "toolNameLongest", 16],
  ["propertyNameCharacters", "propertyNameLongest", 16]
] as const

function* contradictions(choice: Exclude<Choice, string>, protocol: ProtocolName): Iterable<Problem> {
  let isClass = true
  for (const rule of characters) {
    if (choice[rule] !== undefined && !isCharacterClass(choice[rule])) {
      isClass = false
      yield {
        rule,
        message: "must be the inside of a character class with letters or digits, such as a-zA-Z0-9"
      }
    }
  }
  if (!isClass) return
  const rules = resolve({ protocol, model: "", choices: [choice] })
  if (rules.callIdShortest > rules.callIdLongest) {
    const rule = choice.callIdShortest === undefined ? "callIdLongest" : "callIdShortest"
    yield { rule, message: "the shortest id is longer than the longest" }
  }
  for (const [, longest, least] of lengths) {
    if (choice[longest] !== undefined && choice[longest] < least) {
      yield { rule: longest, message: `is too short to keep names distinct: at least ${least}` }
    }
  }
  if (choice.thoughtsBack !== undefined && choice.thoughtsBack !== "never" && rules.thoughtField === "") {
    yield { rule: "thoughtsBack", message: "reasoning cannot be sent back without a thoughtField" }
  }
  if (choice.strict === true && rules.jsonSchema === "no") {
    yield { rule: "strict", message: "tools cannot be strict if jsonSchema is no" }
  }
}

/** The characters must include letters or digits, so that names can be made of them. */
const isCharacterClass = (inside: string): boolean => {
  if (inside === "") return true
  try {
    const one = new RegExp(`^[${inside}]$`)
    return ["a", "A", "0"].some((letter) => one.test(letter)) && !/[\][\\^]/.test(inside)
  } catch {
    return false
  }
}
