/** Timers by their times, the soonest first. */
import { assert, describe, it } from "@effect/vitest"
import { type Timed, TimerHeap } from "../../src/util/TimerHeap.ts"

interface Timer extends Timed {
  dueAt: number
}

const timer = (dueAt: number): Timer => ({ dueAt, place: -1, orderedAt: Number.POSITIVE_INFINITY, turn: 0 })

describe("a heap of timers", () => {
  it("has the soonest first, and of several with one time the first one added, whatever is added, moved and removed", () => {
    for (let seed = 1; seed <= 200; seed++) {
      let state = seed
      const random = (most: number) => {
        state = (state * 48_271) % 2_147_483_647
        return state % most
      }
      const heap = new TimerHeap<Timer>()
      const all: Array<Timer> = []
      for (let step = 0; step < 300; step++) {
        const some = all[random(all.length + 1)]
        const what = random(4)
        if (some === undefined || what < 1) {
          const added = timer(random(50))
          heap.add(added)
          all.push(added)
        } else if (what < 3) {
          some.dueAt = random(50)
          heap.moved(some)
        } else {
          heap.remove(some)
          all.splice(all.indexOf(some), 1)
          assert.strictEqual(some.place, -1)
        }
        const least = all.reduce<Timer | undefined>(
          (one, other) => (one === undefined || other.dueAt < one.dueAt ? other : one),
          undefined
        )
        assert.strictEqual(heap.first, least)
        assert.strictEqual(heap.size, all.length)
      }
    }
  })

  it("compares few of ten thousand timers when the first of them is taken out", () => {
    const heap = new TimerHeap<Timed>()
    let reads = 0
    for (let i = 0; i < 10_000; i++) {
      heap.add({
        ...timer(0),
        get dueAt() {
          reads++
          return 10_000 - i
        }
      })
    }
    reads = 0
    for (let i = 0; i < 100; i++) heap.remove(heap.first!)
    assert.isBelow(reads, 1_000)
  })
})
