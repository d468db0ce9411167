/** Collects the names of what a translation had to leave out, in the words of the request it read. */
import type { JsonObject } from "./Json.ts"

/** What the common form can say and a protocol may not be able to. */
export type Nameable =
  | "maxTokens"
  | "temperature"
  | "topP"
  | "topK"
  | "stop"
  | "effort"
  | "user"
  | "tier"
  | "format"
  | "toolStrict"
  | "thinking"
  | "thought"
  | "audio"
  | "document"
  | "image"
  | "prefill"
  | "parallel"
  | "toolChoice"

/** How a protocol calls these things. */
export type Names = Readonly<Record<Nameable, string>>

/** More names than this are not told one by one: the list goes into a header. */
const limit = 32
const longest = 64

/** The names of what was left out. */
export class Dropped {
  readonly #names: Names
  readonly #seen = new Set<string>()
  readonly #lost = new Set<string>()

  constructor(names: Names) {
    this.#names = names
  }

  /** Something the common form can say, but the target cannot. `detail` narrows it down. */
  common(name: Nameable, detail?: string): void {
    this.field(detail === undefined ? this.#names[name] : `${this.#names[name]}.${detail}`)
  }

  /** A field of the request, by its path without indices: `messages.name`. */
  field(path: string): void {
    if (this.#seen.size < limit) this.#seen.add(path.slice(0, longest).replaceAll(/[^\w.$-]/g, "?"))
    else this.#seen.add("more")
  }

  /**
   * Content that the target cannot be shown, by its path: it may not be left out as a setting may, so the request cannot
   * be expressed at all.
   */
  content(path: string): void {
    this.field(path)
    if (this.#lost.size < limit) this.#lost.add(path.slice(0, longest))
  }

  /** The same for what the common form can say, but the target cannot. */
  lost(name: Nameable, detail?: string): void {
    this.content(detail === undefined ? this.#names[name] : `${this.#names[name]}.${detail}`)
  }

  /** The content that would be lost, as paths. */
  get lostContent(): ReadonlyArray<string> {
    return [...this.#lost]
  }

  /** What had been named is taken by the target all the same: every path that ends so. */
  kept(end: string): void {
    for (const name of this.#seen) if (name === end || name.endsWith(`.${end}`)) this.#seen.delete(name)
  }

  /** Every member of an object that says something and is not among those that are known. */
  rest(members: JsonObject, path: string, known: ReadonlySet<string>): void {
    for (const key of Object.keys(members)) {
      if (!known.has(key) && members[key] !== null && members[key] !== undefined)
        this.field(path === "" ? key : `${path}.${key}`)
    }
  }

  /** The names, in the order in which they were met. */
  get list(): ReadonlyArray<string> {
    return [...this.#seen]
  }
}
