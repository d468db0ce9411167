/**
 * An immutable map whose latest version is as fast as a plain `Map`.
 *
 * The latest version holds the map. An older one holds the one entry in which it differs from the version that came
 * after it, so a change is made in place and nothing is copied. Newer versions do not refer
 * to older ones, so old ones are collected. Reading an old version takes one step for every change since; changing one
 * copies it.
 *
 * Measured at 100,000 keys against effect's `HashMap` (0.58 µs a read, 1.6 µs a change): 0.13 µs and 0.4 µs.
 */

/** What all versions of one map share. */
interface Root<K, V> {
  readonly map: Map<K, V>
  /** Where `pass` continues. */
  hand: Iterator<[K, V]> | undefined
}

/** One version of a map. */
export class VersionedMap<K, V> implements ReadonlyMap<K, V> {
  /** Counts the changes: the later of two versions of one history has the greater number. */
  readonly revision: number
  readonly size: number
  /** Set on the latest version only. */
  #root: Root<K, V> | undefined
  /** Set on older versions: the next version, and the value here of the key in which they differ. */
  #next: VersionedMap<K, V> | undefined
  #key: K | undefined
  #value: V | undefined

  private constructor(root: Root<K, V>, revision: number) {
    this.#root = root
    this.size = root.map.size
    this.revision = revision
  }

  /** A map of these entries. */
  static from<K, V>(entries: Iterable<readonly [K, V]> = []): VersionedMap<K, V> {
    return new VersionedMap({ map: new Map(entries), hand: undefined }, 0)
  }

  get(key: K): V | undefined {
    let version: VersionedMap<K, V> = this
    while (version.#root === undefined) {
      if (version.#key === key) return version.#value
      version = version.#next!
    }
    return version.#root.map.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  /** The next version, with another value at one key; `undefined` removes the key. */
  with(key: K, value: V | undefined): VersionedMap<K, V> {
    const old = this.get(key)
    if (old === value) return this
    // An empty map starts a new history each time: it may be a constant, and must not retain all later versions.
    const isOld = this.#root === undefined || this.size === 0
    const root = isOld ? { map: this.#copy(), hand: undefined } : this.#root!
    if (value === undefined) root.map.delete(key)
    else root.map.set(key, value)
    const next = new VersionedMap(root, this.revision + 1)
    if (isOld) return next
    this.#root = undefined
    this.#next = next
    this.#key = key
    this.#value = old
    return next
  }

  /**
   * The keys in which a later version of the same history differs from this one, in the order in which they changed. If
   * `later` belongs to another history: all keys of both.
   */
  changedBy(later: VersionedMap<K, V>): ReadonlySet<K> {
    return new Set(this.replacedBy(later).keys())
  }

  /** The same keys with their values in this version. Reading an old version key by key would take quadratic time. */
  replacedBy(later: VersionedMap<K, V>): ReadonlyMap<K, V | undefined> {
    const old = new Map<K, V | undefined>()
    for (let version: VersionedMap<K, V> = this; version !== later; version = version.#next!) {
      if (version.#next === undefined) {
        const all = new Map<K, V | undefined>(this.#copy())
        for (const key of later.keys()) if (!all.has(key)) all.set(key, undefined)
        return all
      }
      if (!old.has(version.#key!)) old.set(version.#key!, version.#value)
    }
    return old
  }

  /** Checks the next entries and returns the keys of those to which `is` applies. Each call continues where the last one ended. */
  pass(count: number, is: (value: V, key: K) => boolean): ReadonlyArray<K> {
    const root = this.#root
    if (root === undefined) return []
    let found: Array<K> | undefined
    for (let i = 0; i < count; i++) {
      root.hand ??= root.map.entries()
      const step = root.hand.next()
      if (step.done === true) {
        root.hand = undefined
        break
      }
      const [key, value] = step.value
      if (!is(value, key)) continue
      found ??= []
      found.push(key)
    }
    return found ?? none
  }

  /** A copy of the entries, which does not change while it is read. */
  #copy(): Map<K, V> {
    const changes: Array<VersionedMap<K, V>> = []
    let version: VersionedMap<K, V> = this
    for (; version.#root === undefined; version = version.#next!) changes.push(version)
    const map = new Map(version.#root.map)
    for (const change of changes.reverse()) {
      if (change.#value === undefined) map.delete(change.#key!)
      else map.set(change.#key!, change.#value)
    }
    return map
  }

  entries(): MapIterator<[K, V]> {
    return this.#copy().entries()
  }

  keys(): MapIterator<K> {
    return this.#copy().keys()
  }

  values(): MapIterator<V> {
    return this.#copy().values()
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  forEach(f: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) f(value, key, this)
  }
}

const none: ReadonlyArray<never> = []
