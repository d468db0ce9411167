/** Collects the names of what a translation left out, as the request names them. */
import type { JsonObject } from "./Json.ts"

/** Features of the common form that a protocol may lack. */
export type Nameable =
  | "maxTokens"
  | "temperature"
  | "topP"
  | "topK"
  | "stop"
  | "effort"
  | "user"
  | "tier"
  | "cache"
  | "cacheKey"
  | "format"
  | "json"
  | "toolStrict"
  | "thinking"
  | "thought"
  | "audio"
  | "document"
  | "image"
  | "prefill"
  | "parallel"
  | "toolChoice"

/** The names of these features in a protocol. */
export type Names = Readonly<Record<Nameable, string>>

/** The most names that are listed: the list goes into a header. */
const limit = 32
const longest = 64

/** The names of what was left out. */
export class Dropped {
  readonly #names: Names
  readonly #seen = new Set<string>()
  readonly #lost = new Set<string>()
  readonly #refused = new Set<string>()

  constructor(names: Names) {
    this.#names = names
  }

  /** Records a feature of the common form that the target lacks. `detail` narrows it down. */
  common(name: Nameable, detail?: string): void {
    if (detail === undefined) this.#refused.add(this.#names[name])
    this.unknown(name, detail)
  }

  /** The same for a feature that the target's protocol cannot express, although its server may have a field for it. */
  unknown(name: Nameable, detail?: string): void {
    this.field(detail === undefined ? this.#names[name] : `${this.#names[name]}.${detail}`)
  }

  /** Whether it is a field that the target itself refuses. */
  isRefused(path: string): boolean {
    return this.#refused.has(path)
  }

  /** Records a field of the request, by its path without indices: `messages.name`. */
  field(path: string): void {
    if (this.#seen.size < limit) this.#seen.add(path.slice(0, longest).replaceAll(/[^\w.$-]/g, "?"))
    else this.#seen.add("more")
  }

  /**
   * Records content that the target cannot accept, by its path: content may not be left out like a setting, so the
   * request cannot be sent at all.
   */
  content(path: string): void {
    this.field(path)
    if (this.#lost.size < limit) this.#lost.add(path.slice(0, longest))
  }

  /** The same for a feature of the common form that the target lacks. */
  lost(name: Nameable, detail?: string): void {
    this.content(detail === undefined ? this.#names[name] : `${this.#names[name]}.${detail}`)
  }

  /** The content that would be lost, as paths. */
  get lostContent(): ReadonlyArray<string> {
    return [...this.#lost]
  }

  /** Removes every recorded path with this end: the target accepts it after all. */
  kept(end: string): void {
    for (const name of this.#seen) if (name === end || name.endsWith(`.${end}`)) this.#seen.delete(name)
  }

  /** Records every unknown member of an object that has an effect. */
  rest(members: JsonObject, path: string, known: ReadonlySet<string>): void {
    for (const key of Object.keys(members)) {
      if (!known.has(key) && members[key] !== null && members[key] !== undefined)
        this.field(path === "" ? key : `${path}.${key}`)
    }
  }

  /** The names, in order of occurrence. */
  get list(): ReadonlyArray<string> {
    return [...this.#seen]
  }
}
