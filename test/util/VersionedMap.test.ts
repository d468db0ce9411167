/** A map whose versions are immutable, compared with copies of a plain map. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { VersionedMap } from "../../src/util/VersionedMap.ts"

const Steps = Schema.Array(
  Schema.Tuple([
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })),
    /** Which of the versions so far is changed. Most often it is the latest. */
    Schema.Literals([0, 0, 0, 0, 1, 3])
  ])
)

describe("a versioned map", () => {
  it.prop("reads in every version what a copy of that time has", [Steps], ([steps]) => {
    const versions = [[VersionedMap.from<number, number>(), new Map<number, number>()]] as Array<
      readonly [VersionedMap<number, number>, Map<number, number>]
    >
    for (const [key, value, back] of steps) {
      const [map, copy] = versions.at(-1 - Math.min(back, versions.length - 1))!
      const next = new Map(copy)
      // 0 removes the key.
      if (value === 0) next.delete(key)
      else next.set(key, value)
      versions.push([map.with(key, value === 0 ? undefined : value), next])
    }
    const sorted = (entries: Iterable<readonly [number, number]>) => [...entries].sort(([a], [b]) => a - b)
    for (const [map, copy] of versions) {
      assert.strictEqual(map.size, copy.size)
      assert.deepStrictEqual(sorted(map), sorted(copy))
      for (let key = 0; key < 10; key++) assert.strictEqual(map.get(key), copy.get(key))
      assert.deepStrictEqual([...map.keys()].sort(), [...copy.keys()].sort())
      assert.deepStrictEqual([...map.values()].sort(), [...copy.values()].sort())
    }
  })

  it("gives the keys that changed since, in the order of the changes", () => {
    const before = VersionedMap.from([
      ["kept", 1],
      ["changed", 1],
      ["gone", 1]
    ])
    const after = before.with("changed", 2).with("new", 1).with("gone", undefined).with("changed", 3)
    assert.deepStrictEqual([...before.changedBy(after)], ["changed", "new", "gone"])
    assert.deepStrictEqual([...after.changedBy(after)], [])
    assert.deepStrictEqual(
      [...before.replacedBy(after)],
      [
        ["changed", 1],
        ["new", undefined],
        ["gone", 1]
      ]
    )
  })

  it("is the same version when nothing changes", () => {
    const map = VersionedMap.from([["a", 1]])
    assert.strictEqual(map.with("a", 1), map)
    assert.strictEqual(map.with("b", undefined), map)
  })

  it("keeps no later entries in an empty constant", () => {
    const empty = VersionedMap.from<string, number>()
    empty.with("a", 1).with("b", 2)
    assert.strictEqual(empty.size, 0)
    assert.isFalse(empty.has("a"))
    assert.deepStrictEqual([...empty.changedBy(VersionedMap.from([["c", 1]]))], ["c"])
  })

  it("visits all entries, a few at a time", () => {
    let map = VersionedMap.from(Array.from({ length: 10 }, (_, i) => [i, i] as const))
    const seen: Array<number> = []
    for (let i = 0; i < 5; i++) {
      map.pass(2, (value) => seen.push(value) > 0)
      map = map.with(100 + i, 1)
    }
    assert.deepStrictEqual(seen.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it("holds still while it is read, whatever changes meanwhile", () => {
    const map = VersionedMap.from([
      ["a", 1],
      ["b", 2]
    ])
    const read: Array<string> = []
    let latest = map
    for (const [key] of map) {
      read.push(key)
      latest = latest.with(`${key}${key}`, 1).with("b", undefined)
    }
    assert.deepStrictEqual(read, ["a", "b"])
  })
})
