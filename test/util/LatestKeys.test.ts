import { assert, describe, it } from "@effect/vitest"
import { LatestKeys, LatestTargets } from "../../src/util/LatestKeys.ts"

const held = (map: LatestKeys<number>, keys: string) => [...keys].filter((key) => map.get(key) !== undefined)

describe("LatestKeys", () => {
  it("drops the oldest entries first, however many are added", () => {
    const map = new LatestKeys<number>(3)
    for (const key of "abcdefg") map.add(key, 1)
    assert.deepStrictEqual(held(map, "abcdefg"), ["e", "f", "g"])
    assert.strictEqual(map.size, 3)
  })

  it("counts an entry that is added again as the latest", () => {
    const map = new LatestKeys<number>(3)
    for (const key of "abcdaebfa") map.add(key, 1)
    assert.deepStrictEqual(held(map, "abcdef"), ["a", "b", "f"])
  })

  it("continues after entries were deleted, including the next one to be dropped and all of them", () => {
    const map = new LatestKeys<number>(3)
    for (const key of "abcd") map.add(key, 1)
    assert.isTrue(map.delete("b"))
    for (const key of "ef") map.add(key, 1)
    assert.deepStrictEqual(held(map, "abcdef"), ["d", "e", "f"])
    for (const key of "def") map.delete(key)
    for (const key of "ghijk") map.add(key, 1)
    assert.deepStrictEqual(held(map, "ghijk"), ["i", "j", "k"])
    assert.strictEqual(map.size, 3)
  })

  it("never holds more than its capacity (seeded mixture against a plain list)", () => {
    const map = new LatestKeys<number>(5)
    let list: Array<string> = []
    let seed = 7
    const next = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % below
    }
    for (let step = 0; step < 5_000; step++) {
      const key = String(next(12))
      if (next(4) === 0) {
        map.delete(key)
        list = list.filter((other) => other !== key)
      } else {
        map.add(key, step)
        list = [...list.filter((other) => other !== key), key].slice(-5)
      }
      assert.strictEqual(map.size, list.length)
      for (let each = 0; each < 12; each++) {
        assert.strictEqual(map.get(String(each)) !== undefined, list.includes(String(each)))
      }
    }
  })
})

describe("LatestTargets", () => {
  it("drops no listed target for made-up names, of which it keeps the latest thousand", () => {
    const map = new LatestTargets<number>(3)
    const listed = [1, 2, 3].map((n) => ({ key: `listed ${n}`, unlisted: false }))
    for (const target of listed) map.add(target, 1)
    for (let n = 0; n < 10_000; n++) map.add({ key: `made up ${n}`, unlisted: true }, n)
    for (const target of listed) assert.strictEqual(map.get(target), 1)
    assert.strictEqual(map.size, 1_003)
    assert.isUndefined(map.get({ key: "made up 8999", unlisted: true }))
    assert.strictEqual(map.get({ key: "made up 9000", unlisted: true }), 9_000)
    assert.lengthOf([...map], 1_003)
    assert.isTrue(map.delete(listed[0]!))
    assert.strictEqual(map.size, 1_002)
  })
})
