/**
 * The ids that tie a tool's result to its call.
 *
 * They are kept wherever the target takes them. One that it would refuse (`functions.get_weather:0`), one that was
 * used before (servers that count from 0 in every answer) and one that is missing is replaced, in the call and in its
 * result alike.
 */
import type { Dialect } from "../../dialect/index.ts"
import * as Names from "../fit/Names.ts"

/** What a target asks of an id. */
export interface Rule {
  readonly allowed: RegExp
  readonly forbidden: RegExp
  readonly longest: number
  /** Where ids have to be made of nothing but these characters, exactly so many: Mistral's. */
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

/** The ids of one conversation, in its order. */
export class ToolIds {
  readonly #rule: Rule
  readonly #used = new Set<string>()
  /** From an id as it came to the one its latest call was given. */
  readonly #given = new Map<string, string>()
  /** Calls that came without an id and wait for a result that has none either. */
  readonly #nameless: Array<string> = []
  #made = 0
  #answered = 0

  constructor(rule: Rule) {
    this.#rule = rule
  }

  /** The id of a call. */
  call(id: string): string {
    const given = this.#fresh(id)
    if (id === "") this.#nameless.push(given)
    else this.#given.set(id, given)
    return given
  }

  /** The id of the call that a result belongs to. */
  result(id: string): string {
    if (id === "") return this.#nameless[this.#answered++] ?? this.#fresh(id)
    return this.#given.get(id) ?? this.call(id)
  }

  #fresh(id: string): string {
    const { allowed, forbidden, longest } = this.#rule
    if (id !== "" && id.length <= longest && allowed.test(id) && !this.#used.has(id)) {
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
    const stem = id === "" ? "call" : id.replaceAll(forbidden, "_").slice(0, longest - 12)
    let made = stem
    // Every round counts on, so over a conversation there are no more rounds than ids.
    while (made === "call" || this.#used.has(made)) made = `${stem}_${++this.#made}`
    this.#used.add(made)
    return made
  }
}
