/** What is wrong with what a config says of a dialect. */

import type { Choice } from "./Resolve.ts"
import { resolve } from "./Resolve.ts"
import type { ProtocolName } from "./rules/Row.ts"
import type { RuleName } from "./rules/Rules.ts"
import { names, row } from "./Table.ts"

/** Something that is wrong, and the rule it is about; none where it is about the whole. */
export interface Problem {
  readonly rule?: RuleName | "row" | undefined
  readonly message: string
}

/** Rules that say nothing to the servers of a protocol. */
const foreign: Readonly<Record<ProtocolName, ReadonlySet<RuleName>>> = {
  openai: new Set<RuleName>(["betas", "signatures"]),
  anthropic: new Set<RuleName>([
    "audio",
    "developerRole",
    "tokenCap",
    "streamOptions",
    "parallelToolCalls",
    "resultNames",
    "callExtras",
    "messageExtras"
  ])
}

/** Everything that is wrong with a choice: an unknown row, a rule of another protocol, rules that contradict each other. */
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
      message: `is a dialect of the protocol ${known.protocol}, and the provider speaks ${protocol}`
    })
  }
  if (typeof choice === "string") return problems
  for (const rule of foreign[protocol]) {
    if (choice[rule] !== undefined) {
      problems.push({ rule, message: `says nothing to a provider that speaks ${protocol}` })
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
        message: "is not the inside of a character class such as a-zA-Z0-9 that has letters or digits"
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
      yield { rule: longest, message: `is too short to tell names apart: at least ${least}` }
    }
  }
  if (choice.thoughtsBack !== undefined && choice.thoughtsBack !== "never" && rules.thoughtField === "") {
    yield { rule: "thoughtsBack", message: "thoughts cannot go back without a thoughtField" }
  }
  if (choice.strict === true && rules.jsonSchema === "no") {
    yield { rule: "strict", message: "tools cannot be strict where no schema is kept to: jsonSchema is no" }
  }
}

/** Letters or digits have to be among the characters, so that names can be made of them. */
const isCharacterClass = (inside: string): boolean => {
  if (inside === "") return true
  try {
    const one = new RegExp(`^[${inside}]$`)
    return ["a", "A", "0"].some((letter) => one.test(letter)) && !/[\][\\^]/.test(inside)
  } catch {
    return false
  }
}
