/** Flows for tests. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Exit from "effect/Exit"
import type * as Flow from "../../src/stream/Flow.ts"

/** A flow whose items are put in by hand. */
export class Tap<A, E> implements Flow.Flow<A, E> {
  readonly #items: Array<A> = []
  #end: Exit.Exit<void, E> | undefined
  #reader: (() => void) | undefined
  cancelled = 0
  gathered = false

  /** Items that have not been read yet. */
  get left(): ReadonlyArray<A> {
    return this.#items
  }

  put(...items: ReadonlyArray<A>): void {
    this.#items.push(...items)
    this.#wake()
  }

  end(exit: Exit.Exit<void, E>): void {
    this.#end = exit
    this.#wake()
  }

  take(): NonEmptyReadonlyArray<A> | undefined {
    const items = this.#items.splice(0)
    return items.length === 0 ? undefined : (items as [A, ...Array<A>])
  }

  ended(): Exit.Exit<void, E> | undefined {
    return this.#items.length === 0 ? this.#end : undefined
  }

  onReady(reader: () => void): void {
    if (this.#items.length > 0 || this.#end !== undefined) reader()
    else this.#reader = reader
  }

  cancel(): void {
    this.cancelled++
  }

  gather(): void {
    this.gathered = true
  }

  #wake(): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }
}
