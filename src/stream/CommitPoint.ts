/**
 * The progress of one stream: whether its commit point is reached, whether the answer is complete, and how long the next chunk
 * may take.
 */
import type * as Phase from "../domain/Phase.ts"
import type { Holding } from "../domain/Provider.ts"
import { Transient } from "../failure/Failure.ts"
import { type Commit, contentNeeded } from "../policy/Commit.ts"
import * as UserCode from "../util/UserCode.ts"

/** The phase of a chunk. Without it every chunk is content, and the end of the stream completes it. */
export type PhaseOf<C> = ((chunk: C) => Phase.Phase) | undefined

/** The timeouts of a stream, in milliseconds; see `Policy.Timeouts`. */
export interface Waits {
  readonly firstContent: number
  readonly queue: number
  readonly idle: number
}

/** The settings of a stream. */
export interface Meaning<C> {
  readonly phaseOf: PhaseOf<C>
  readonly commit: Commit
  readonly waits: Waits
  /** How much may be held back until the commit point. */
  readonly holding?: Holding<C> | undefined
}

/** How long a complete stream may still bring metadata (usage) before it is ended, in milliseconds. */
export const usageGrace = 2_000

/** The progress of one stream. Times are milliseconds since the epoch. */
export class CommitPoint<C> {
  /** Whether the protocol has marked the answer as complete. */
  complete = false
  #content = 0
  #held = 0
  /** When the current wait began. */
  #movedAt: number | undefined
  /** When the last keep-alive before the first content arrived. */
  #aliveAt: number | undefined
  readonly #needed: number
  readonly #waits: Waits
  readonly #holding: Holding<C> | undefined
  readonly #now: () => number

  constructor({ commit, holding, waits }: Meaning<C>, now: () => number) {
    this.#needed = contentNeeded(commit)
    this.#waits = waits
    this.#holding = holding
    this.#now = now
  }

  /** Counts a chunk of this phase. */
  add(phase: Phase.Phase): void {
    if (phase.content) this.#content++
    if (phase.complete) this.complete = true
    if (phase.alive === true && this.#content === 0) this.#aliveAt = this.#now()
  }

  /** Counts a chunk that is held back: a failure if that is more than allowed. */
  hold(chunk: C): Transient | undefined {
    if (this.#holding === undefined) return undefined
    const size: unknown = this.#holding.sizeOf(chunk)
    // An invalid size counts as more than may be held back.
    const isSize = typeof size === "number" && size >= 0
    if (!isSize) UserCode.isPromise(size)
    this.#held += isSize ? size : Number.POSITIVE_INFINITY
    if (this.#held <= this.#holding.most) return undefined
    this.complete = false
    return new Transient({
      reason: "Malformed",
      message: "more came before the commit point of the answer than may be held back"
    })
  }

  /** Whether the commit point is reached. */
  get isReached(): boolean {
    if (this.#content === 0) return false
    return this.#content >= this.#needed || (this.complete && this.#needed !== Number.POSITIVE_INFINITY)
  }

  get hasContent(): boolean {
    return this.#content > 0
  }

  /** Content has arrived, and the commit point is a later one. */
  moved(): void {
    this.#movedAt = this.#now()
  }

  /** The timeout of the current wait: for the first content, or for the next chunk before a later commit point. */
  dueAt(): number {
    this.#movedAt ??= this.#now()
    const { firstContent, idle, queue } = this.#waits
    if (this.complete) return this.#movedAt + usageGrace
    if (this.#content > 0) return this.#movedAt + idle
    if (this.#aliveAt === undefined) return this.#movedAt + firstContent
    return (
      this.#movedAt + Math.max(firstContent, Math.min(queue, this.#aliveAt - this.#movedAt + firstContent))
    )
  }
}
