/** The wait queues of all targets that requests wait for. Without waiting requests there is none, and no lookup. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { Target } from "../../domain/Target.ts"
import type { Room } from "./Room.ts"
import { RoomQueue } from "./RoomQueue.ts"
import { type Peek, type Usual, WaitQueue } from "./WaitQueue.ts"

/** The wait queues of one runtime. */
export class WaitQueues {
  readonly #queues = new Map<string, WaitQueue>()
  readonly #rooms = new Map<string, RoomQueue>()
  readonly #peek: Peek
  readonly #room: Room | undefined
  readonly #usual: Usual

  /** `peek` returns why a target cannot be called, apart from learned limits. `usual` returns how long its answers take. */
  constructor(peek: Peek, room?: Room, usual: Usual = () => 0) {
    this.#usual = usual
    this.#room = room
    this.#peek = peek
  }

  /** The number of queues. */
  get size(): number {
    return this.#queues.size + this.#rooms.size
  }

  /** The queue of a target, created if necessary. Only the clock of the context is kept. */
  of(target: Target, context: Context.Context<never>): WaitQueue {
    let queue = this.#queues.get(target.key)
    if (queue === undefined) {
      const peek: Peek = (target, now, who) => this.#peek(target, now, who) ?? this.#room?.why(target, now)
      const onEmpty = () => this.#queues.delete(target.key)
      queue = new WaitQueue(target, clockOf(context), { peek, usual: this.#usual, onEmpty })
      this.#queues.set(target.key, queue)
    }
    return queue
  }

  /** The queue of requests that wait for room at a target, created if necessary. */
  room(target: Target, context: Context.Context<never>): RoomQueue | WaitQueue {
    const room = this.#room
    if (room === undefined) return this.of(target, context)
    let queue = this.#rooms.get(target.key)
    if (queue === undefined) {
      const peek: Peek = (target, now, who) => this.#peek(target, now, who) ?? room.why(target, now, true)
      const onEmpty = () => this.#rooms.delete(target.key)
      queue = new RoomQueue(target, clockOf(context), { room, peek, onEmpty })
      this.#rooms.set(target.key, queue)
    }
    return queue
  }

  /** A request was answered, whether or not it had waited. */
  succeeded(target: Target): void {
    if (this.size > 0) this.#toldOfAnswer(target)
  }

  #toldOfAnswer({ key }: Target): void {
    this.#queues.get(key)?.succeeded()
    this.#rooms.get(key)?.succeeded()
  }

  /** An attempt failed. */
  failed(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.failed()
    if (this.#rooms.size > 0) this.#rooms.get(target.key)?.failed()
  }

  /** A probe's slot is free again. */
  changed(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.turn()
    this.ended(target)
  }

  /** An attempt is no longer under way. */
  ended(target: Target): void {
    if (this.#rooms.size > 0) this.#rooms.get(target.key)?.turn()
  }
}

const clockOf = (context: Context.Context<never>): Context.Context<never> =>
  Context.make(Clock.Clock, Context.get(context, Clock.Clock))
