/**
 * The ids that tie a tool result to its call.
 *
 * They are kept if the target accepts them. An id that it would refuse (`functions.get_weather:0`), a duplicate (some
 * servers count from 0 in every answer) and a missing one are replaced, in the call and in its result.
 */
import type { Dialect } from "../../dialect/index.ts"
import * as Names from "../fit/Names.ts"

/** A target's rule for ids. */
export interface Rule {
  readonly allowed: RegExp
  readonly forbidden: RegExp
  readonly longest: number
  /** For targets that require exactly this many of these characters: Mistral. */
  readonly exactly?: { readonly characters: string; readonly length: number } | undefined
}

const rules = new WeakMap<Dialect, readonly [usual: Rule, rule: Rule]>()

/** The rule of a dialect. `usual` is that of its protocol. */
export const ruleOf = (dialect: Dialect, usual: Rule): Rule => {
  const known = rules.get(dialect)
  if (known?.[0] === usual) return known[1]
  const made = makeRule(dialect, usual)
  rules.set(dialect, [usual, made])
  return made
}

const makeRule = (dialect: Dialect, usual: Rule): Rule => {
  const { callIdCharacters: characters, callIdLongest: longest, callIdShortest: shortest } = dialect
  if (characters === "") return longest === usual.longest ? usual : { ...usual, longest }
  const isNarrow = shortest > 1 || longest < 20 || !characters.includes("_")
  if (!isNarrow && longest === usual.longest && usual.allowed.source === `^[${characters}]+$`) return usual
  return {
    allowed: new RegExp(`^[${characters}]{${shortest},${longest}}$`),
    forbidden: new RegExp(`[^${characters}]`, "g"),
    longest,
    exactly: isNarrow ? { characters, length: Math.min(longest, Math.max(shortest, 9)) } : undefined
  }
}

/** The ids of one conversation, in order. */
export class ToolIds {
  readonly #rule: Rule
  readonly #used = new Set<string>()
  /** The ids given to the calls with an original id, and how many of them have a result. */
  readonly #given = new Map<string, { readonly ids: Array<string>; answered: number }>()
  /** Calls without an id that wait for a result without one. */
  readonly #nameless: Array<string> = []
  #made = 0
  #answered = 0

  constructor(rule: Rule) {
    this.#rule = rule
  }

  /** The id of a call. An id that the target made itself may be longer than others: LiteLLM's hold a signature. */
  call(id: string, isOwn = false): string {
    const given = this.#fresh(id, isOwn)
    if (id === "") this.#nameless.push(given)
    else {
      const same = this.#given.get(id)
      if (same === undefined) this.#given.set(id, { ids: [given], answered: 0 })
      else same.ids.push(given)
    }
    return given
  }

  /** The id of the call that a result belongs to: of calls with the same id, the first one without a result. */
  result(id: string): string {
    if (id === "") return this.#nameless[this.#answered++] ?? this.#fresh(id)
    const given = this.#given.get(id)
    if (given === undefined) return this.call(id)
    const { ids } = given
    return ids[Math.min(given.answered++, ids.length - 1)] ?? id
  }

  #fresh(id: string, isOwn = false): string {
    const { allowed, forbidden, longest } = this.#rule
    if (id !== "" && (isOwn || id.length <= longest) && allowed.test(id) && !this.#used.has(id)) {
      this.#used.add(id)
      return id
    }
    const { exactly } = this.#rule
    if (exactly !== undefined) {
      let turn = 0
      let made = Names.hashed(id, turn, exactly.characters, exactly.length)
      while (this.#used.has(made))
        made = Names.hashed(id, ++turn + this.#made++, exactly.characters, exactly.length)
      this.#used.add(made)
      return made
    }
    const stem = id === "" ? "call" : id.slice(0, longest - 12).replaceAll(forbidden, "_")
    let made = stem
    // The counter only increases, so a conversation needs no more rounds than it has ids.
    while (made === "call" || this.#used.has(made)) made = `${stem}_${++this.#made}`
    this.#used.add(made)
    return made
  }
}
