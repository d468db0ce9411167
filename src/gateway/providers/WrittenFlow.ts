/**
 * Writes the large events of a translated stream in turns of the event loop, one event after the other and each when the
 * reader waits for it. An event arrives whole, so a stream never breaks off inside one.
 *
 * The last four events of a response of 20 MB each have its whole text: written at once they block the loop for 0.3 s or longer.
 */
import { isArrayNonEmpty as isNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { held, type Phase } from "../../domain/Phase.ts"
import type { Failure } from "../../failure/Failure.ts"
import { Chunk, type Head } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import { encode, LargeEvent, type OutEvent } from "../../translate/index.ts"
import * as Turns from "../../util/Turns.ts"

/** A chunk that is not written yet. */
export class Unwritten {
  readonly event: LargeEvent
  readonly phase: Phase
  head: Head | undefined

  constructor(event: LargeEvent, phase: Phase) {
    this.event = event
    this.phase = phase
    this.head = undefined
  }

  /** Writes the chunk in steps. */
  *chunk(): Turns.Steps<Chunk> {
    const chunk = new Chunk(yield* this.event.bytes(), this.phase, undefined, undefined)
    chunk.head = this.head
    return chunk
  }
}

/** An item of a translated stream. */
export type Item = Chunk | Unwritten

/**
 * Adds one chunk with all events, or several if some are large. Only the last one has the phase, because what
 * comes before it is only a part of the chunk.
 */
export const addItems = (
  made: Array<Item>,
  before: string,
  events: ReadonlyArray<OutEvent>,
  phase: Phase
): void => {
  const at = events.findIndex(isLarge)
  const event = events[at]
  if (!isLarge(event)) {
    made.push(textChunk(before + encode(events), phase))
    return
  }
  const text = before + encode(events.slice(0, at))
  if (text !== "") made.push(textChunk(text, held))
  const rest = events.slice(at + 1)
  made.push(new Unwritten(event, rest.length === 0 ? phase : held))
  if (rest.length > 0) addItems(made, "", rest, phase)
}

const isLarge = (event: OutEvent | undefined): event is LargeEvent => event instanceof LargeEvent

const textChunk = (text: string, phase: Phase): Chunk =>
  new Chunk(Buffer.from(text), phase, undefined, undefined)

/** The written stream. */
export class WrittenFlow implements Flow.Flow<Chunk, Failure> {
  readonly #source: Flow.Flow<Item, Failure>
  readonly #context: Context.Context<never>
  /** Items that were taken from the source and are not written yet. */
  #items: Array<Item> = []
  #work: Fiber.Fiber<void> | undefined
  #reader: (() => void) | undefined

  constructor(source: Flow.Flow<Item, Failure>, context: Context.Context<never>) {
    this.#source = source
    this.#context = context
  }

  take(): NonEmptyReadonlyArray<Chunk> | undefined {
    if (this.#items.length === 0) {
      const items = this.#source.take()
      if (items === undefined || isWritten(items)) return items
      this.#items = [...items]
    }
    const chunks: Array<Chunk> = []
    for (const item of this.#items) {
      if (item instanceof Unwritten) break
      chunks.push(item)
    }
    this.#items.splice(0, chunks.length)
    return isNonEmpty(chunks) ? chunks : undefined
  }

  ended(): Exit.Exit<void, Failure> | undefined {
    return this.#items.length === 0 ? this.#source.ended() : undefined
  }

  onReady(reader: () => void): void {
    this.#reader = reader
    const [first] = this.#items
    if (first === undefined) this.#source.onReady(this.#wake)
    else if (first instanceof Unwritten) this.#write(first)
    else this.#wake()
  }

  cancel(): void {
    this.#reader = undefined
    this.#items = []
    this.#work?.interruptUnsafe()
    this.#source.cancel()
  }

  released(f: () => void): void {
    Flow.released(this.#source, f)
  }

  #write(item: Unwritten): void {
    if (this.#work !== undefined) return
    const written = Effect.map(
      Turns.each(() => item.chunk()),
      (chunk) => {
        this.#work = undefined
        this.#items[0] = chunk
        this.#wake()
      }
    )
    this.#work = Effect.runForkWith(this.#context)(written)
  }

  readonly #wake = (): void => {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }
}

const isWritten = (items: NonEmptyReadonlyArray<Item>): items is NonEmptyReadonlyArray<Chunk> => {
  for (const item of items) if (item instanceof Unwritten) return false
  return true
}
