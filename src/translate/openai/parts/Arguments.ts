/**
 * The arguments of one call, from the pieces in which they come.
 *
 * - Some servers send all arguments so far with each piece: https://github.com/NousResearch/hermes-agent/pull/35718
 * - Some send them as a text inside a text: https://github.com/vllm-project/vllm/pull/54964
 * - Some begin with `{}` as a placeholder.
 */

import { JsonEnd } from "../../../util/JsonEnd.ts"
import { parse, unwrapped, write } from "../../common/Json.ts"

/** Collects the arguments of one call. A piece costs no more than its own length: arguments may be a whole file. */
export class Arguments {
  /** All arguments so far. */
  #all = ""
  /** Those that have not been taken yet. */
  #kept = ""
  /** The first character that is not blank. */
  #first = ""
  readonly #end = new JsonEnd()
  /** Whether each piece has all arguments so far. */
  #isWhole = false
  /** True if there are none yet. */
  get isEmpty(): boolean {
    return this.#all === ""
  }

  /** True if nothing but blanks came. */
  get isBlank(): boolean {
    return this.#first === ""
  }

  /** True while they are an empty object, which may be a placeholder. */
  get isPlaceholder(): boolean {
    return this.#all === "{}"
  }

  /** True once nothing more can follow. */
  get isComplete(): boolean {
    return this.#isText ? !this.#end.isInString : this.#end.isComplete
  }

  /** Whether these are the arguments so far; complete ones may have other blanks. */
  equals(json: string): boolean {
    return json === this.#all || (this.isComplete && isSame(parse(json), parse(this.#all)))
  }

  /** Adds a piece; `false` if it cannot belong here. */
  add(json: string): boolean {
    if (this.#kept === "{}" && json.trimStart().startsWith("{")) {
      this.#all = this.#kept = this.#first = ""
      this.#end.reset()
    }
    // Some servers write `null` for a call without arguments.
    if (this.#all === "" && json.trim() === "null") return true
    // Complete arguments are followed by blanks, or sent again.
    if (this.isComplete) return json.trim() === "" || this.equals(json)
    this.#isWhole ||= this.#repeats(json)
    const rest = this.#isWhole && json.startsWith(this.#all) ? json.slice(this.#all.length) : json
    this.#all += rest
    this.#kept += rest
    if (this.#first === "") this.#first = rest.trimStart().charAt(0)
    this.#end.push(rest)
    return true
  }

  /** What has not been taken yet. Arguments inside a text are kept until their end. */
  take(isOver = false): string {
    if (!isOver && this.#isText) return ""
    const kept = this.#kept
    this.#kept = ""
    return isOver ? unwrapped(kept) : kept
  }

  /** All arguments, for another call. */
  get all(): string {
    return this.#all
  }

  /** Whether they are a JSON text, which may hold the arguments. */
  get #isText(): boolean {
    return this.#first === '"'
  }

  /**
   * Whether a piece repeats what came before and goes on. It does not if it could be an object inside this one that begins
   * in the same way: `{"child":` and `{"child":1}}`.
   */
  #repeats(json: string): boolean {
    const before = this.#all
    if (this.#first !== "{" || json.length <= before.length || !json.startsWith(before)) return false
    return this.#end.isInString || !/[:[,]\s*$/.test(before)
  }
}

const isSame = (a: unknown, b: unknown): boolean =>
  a !== undefined && b !== undefined && write(a) === write(b)
