/** A group of equal items, and their order for each request. It is made once; `Signals` has what is learned about the items. */
import * as Draws from "./Draws.ts"
import * as Hash from "./Hash.ts"
import type { Kind, Load } from "./Load.ts"
import { type Order, rotated } from "./Order.ts"
import { Rendezvous } from "./Rendezvous.ts"
import { Shares } from "./Shares.ts"
import type { Signals } from "./Signals.ts"

/** How items are ordered when a request has no key. */
export type Way = "sequential" | "roundRobin" | "random" | "weighted" | "leastLoaded"

/** What an order depends on, apart from the items. */
export interface Request<in A> extends Draws.Source {
  /** Which times are compared: to the first content, or to the whole answer. */
  readonly kind: Kind
  /** The number of earlier requests, for `roundRobin`. */
  readonly turn: () => number
  /** False when no item is benched: then none is checked. */
  readonly someOut: () => boolean
  /** Whether an item cannot be called now. */
  readonly isOut: (item: A) => boolean
}

/** With `leastLoaded` a conversation leaves an item that takes this many times as long as another one. */
export const tooSlow = 5

/** But only if it takes this many milliseconds longer: a smaller gain is lost to the cold prompt cache. */
export const slowerBy = 1_000

/** A group of at least two items. */
export class Equals<A> {
  readonly #group: Draws.Weighted<A>
  readonly #signals: ReadonlyArray<Signals>
  readonly #loads: ReadonlyArray<Load>
  readonly #names: ReadonlyArray<string>
  /** What only requests with a key need; made for the first of them. */
  #affinity: { readonly ring: Rendezvous; readonly shares: Shares; readonly total: number } | undefined

  /** The order for a key depends on `names`, so it is the same in every process. */
  constructor(
    items: ReadonlyArray<A>,
    names: ReadonlyArray<string>,
    weights: ReadonlyArray<number>,
    signals: ReadonlyArray<Signals>
  ) {
    this.#group = new Draws.Weighted(items, weights)
    this.#signals = signals
    this.#loads = signals.map(({ load }) => load)
    this.#names = names
  }

  get #home() {
    const { items, weights } = this.#group
    this.#affinity ??= {
      ring: new Rendezvous(this.#names, weights),
      shares: new Shares(items.length),
      total: weights.reduce((sum, weight) => sum + Math.max(0, weight), 0)
    }
    return this.#affinity
  }

  get items(): ReadonlyArray<A> {
    return this.#group.items
  }

  /** The signals of the items, in the same order. */
  get signals(): ReadonlyArray<Signals> {
    return this.#signals
  }

  /**
   * The order for one request, computed only as far as it is read. `key` is the hash of the request's affinity key; `undefined`
   * without one.
   */
  order(way: Way, key: number | undefined, request: Request<A>): Order<A> {
    const { items } = this.#group
    if (way === "sequential") return items
    if (key !== undefined) return this.#homeFirst(key, way, request)
    switch (way) {
      case "roundRobin":
        return rotated(items, request.turn())
      case "random":
        return Draws.random(items, () => request.chance())
      case "weighted":
        return Draws.weighted(this.#group, () => request.chance())
      case "leastLoaded":
        return Draws.leastLoaded(this.#group, this.#loads, request.kind, request)
    }
  }

  /**
   * The items in the key's order of preference. The first one is the first of them that has not had more than its share. An
   * item that is benched or slow is replaced by the next one. The request still counts for the preferred item, so the
   * conversation returns to it later.
   */
  #homeFirst(key: number, way: Way, request: Request<A>): Order<A> {
    const favourite = this.#home.ring.first(key)
    const place = Hash.mix(key ^ 0x5bd1e995) / 2 ** 32
    const share = this.#shareOf(favourite)
    const isAsked =
      !this.#home.shares.spills(favourite, share, place) && this.#home.shares.allows(favourite, share)
    const home = isAsked ? favourite : this.#nextOf(key, favourite)
    this.#home.shares.count(favourite, home, request)
    const first = this.#isFine(home, way, request) ? home : this.#standIn(key, home, way, request)
    return new Preferred(this.#group.items, this.#home.ring, key, first)
  }

  #nextOf(key: number, favourite: number): number {
    const order = this.#home.ring.order(key)
    const others = order.filter((index) => index !== favourite)
    return others.find((index) => this.#home.shares.allows(index, this.#shareOf(index))) ?? favourite
  }

  #standIn(key: number, home: number, way: Way, request: Request<A>): number {
    const order = [home, ...this.#home.ring.order(key).filter((index) => index !== home)]
    const free = order.filter((index) => !this.#isOut(index, request))
    const fast = way === "leastLoaded" ? free.find((index) => !this.#isSlow(index, free, request)) : undefined
    return fast ?? free[0] ?? home
  }

  #isFine(index: number, way: Way, request: Request<A>): boolean {
    if (this.#isOut(index, request)) return false
    return way !== "leastLoaded" || !this.#isSlow(index, undefined, request)
  }

  #isOut(index: number, request: Request<A>): boolean {
    return request.someOut() && request.isOut(this.#group.items[index]!)
  }

  #shareOf(index: number): number {
    const { items, weights } = this.#group
    const { total } = this.#home
    return total > 0 ? Math.max(0, weights[index]!) / total : 1 / items.length
  }

  /** Whether an item takes many times as long as another one (of `others`; of all by default). */
  #isSlow(index: number, others: ReadonlyArray<number> | undefined, request: Request<A>): boolean {
    if (this.#loads[index]!.slowest(request.kind) < slowerBy) return false
    const own = this.#loads[index]!.time(request.kind, request)
    for (let other = 0; other < (others ?? this.#loads).length; other++) {
      const time = this.#loads[others?.[other] ?? other]!.time(request.kind, request)
      if (time > 0 && own > tooSlow * time && own - time >= slowerBy) return true
    }
    return false
  }
}

/** One item, then the others in the order of preference of a key. */
class Preferred<out A> implements Order<A> {
  readonly #items: ReadonlyArray<A>
  readonly #ring: Rendezvous
  readonly #key: number
  readonly #first: number
  #order: ReadonlyArray<number> | undefined

  constructor(items: ReadonlyArray<A>, ring: Rendezvous, key: number, first: number) {
    this.#items = items
    this.#ring = ring
    this.#key = key
    this.#first = first
  }

  get length(): number {
    return this.#items.length
  }

  at(index: number): A | undefined {
    if (index === 0) return this.#items[this.#first]
    this.#order ??= [this.#first, ...this.#ring.order(this.#key).filter((other) => other !== this.#first)]
    return this.#items[this.#order[index] ?? -1]
  }
}
