/** The learned limits of a target: attempts at once, and attempts in a time. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { type Begun, Capacity, defaults, longestGap } from "../../src/capacity/Capacity.ts"

const { memory } = defaults

/** A target that many callers call at once, with the attempts under way. */
class Asked {
  readonly capacity = new Capacity()
  inFlight = 0

  allows(now: number): boolean {
    return this.capacity.opensAt(this.inFlight, now, defaults) <= now
  }

  begin(now: number): Begun {
    return this.capacity.began(++this.inFlight, now)
  }

  answer(begun: Begun): void {
    this.inFlight--
    this.capacity.answered(begun, defaults)
  }

  refuse(begun: Begun | undefined, now: number, isThrottle = true): boolean {
    this.inFlight--
    return this.capacity.refused({ begun, others: this.inFlight, isThrottle }, now, defaults)
  }

  get limit(): number {
    return this.capacity.limit.value
  }
}

/** This many attempts are under way, and the last one is refused. */
const crowd = (size: number, now = 0) => {
  const asked = new Asked()
  const begun = Array.from({ length: size }, () => asked.begin(now))
  asked.refuse(begun.pop(), now + 10)
  return { asked, begun }
}

/**
 * Rounds of a second in which a crowd calls a target that takes `most` at once. Answers come at the end of the round, refusals
 * at once.
 */
const play = (asked: Asked, most: number, from: number, rounds: number) => {
  let served = 0
  let refused = 0
  for (let round = from; round < from + rounds; round++) {
    const taken: Array<Begun> = []
    for (let now = round * 1_000; now < round * 1_000 + 900; now += 10) {
      const begun: Array<Begun> = []
      while (begun.length < 1_000 && asked.allows(now)) begun.push(asked.begin(now))
      taken.push(...begun.splice(0, most - taken.length))
      for (const each of begun) asked.refuse(each, now + 5)
      refused += begun.length
    }
    for (const each of taken) asked.answer(each)
    served += taken.length
  }
  return { served, refused }
}

describe("a learned limit", () => {
  it("is none before the first refusal", () => {
    const asked = new Asked()
    for (let i = 0; i < 500; i++) asked.answer(asked.begin(0))
    asked.inFlight = 1e6
    assert.isTrue(asked.allows(0))
  })

  it("is 5 % less than what was under way at a refusal", () => {
    assert.strictEqual(crowd(100).asked.limit, 95)
  })

  it("is at least half an attempt less", () => {
    assert.strictEqual(crowd(2).asked.limit, 1.5)
  })

  it("is no more than what is left under way when all that began before were answered or refused", () => {
    const { asked, begun } = crowd(100)
    for (const each of begun.splice(50)) assert.isTrue(asked.refuse(each, 12))
    assert.strictEqual(asked.limit, 50.5)
  })

  it("is learned from attempts that were under way before the first refusal, too", () => {
    const asked = new Asked()
    asked.inFlight = 100
    assert.isTrue(asked.refuse(undefined, 10))
    assert.strictEqual(asked.limit, 95)
  })

  it("is not learned from one that was refused alone, or from a crowd that was refused as a whole", () => {
    const alone = new Asked()
    assert.isFalse(alone.refuse(alone.begin(0), 10))
    assert.strictEqual(alone.limit, Number.POSITIVE_INFINITY)
    const { asked, begun } = crowd(100)
    for (const each of begun) asked.refuse(each, 12)
    assert.isTrue(asked.allows(20))
    assert.strictEqual(asked.limit, Number.POSITIVE_INFINITY)
  })

  it("is not a reason for a refusal of everything since the last one, such as a day's quota that is used up", () => {
    const { asked, begun } = crowd(20)
    for (const each of begun) asked.answer(each)
    const before = asked.limit
    for (let now = 1_000; now < 20_000; now += 1_000) {
      assert.isFalse(asked.refuse(asked.begin(now), now + 10))
    }
    assert.isTrue(asked.limit >= before, "a lone attempt was refused: it is no matter of how many")
    assert.strictEqual(asked.capacity.rate.value, Number.POSITIVE_INFINITY)
  })

  it("grows where there is demand and not without, and faster beyond what was too many", () => {
    const { asked, begun } = crowd(10)
    for (const each of begun) asked.answer(each)
    const round = (size: number) => {
      const begun = Array.from({ length: size }, () => asked.begin(1_000))
      for (const each of begun) asked.answer(each)
    }
    const first = asked.limit
    for (let i = 0; i < 100; i++) round(3)
    assert.strictEqual(asked.limit, first)
    round(9)
    const slow = asked.limit - first
    assert.isAbove(slow, 0)
    while (asked.limit < 30) round(Math.floor(asked.limit))
    const before = asked.limit
    round(Math.floor(asked.limit))
    assert.isAbove(asked.limit - before, slow)
  })

  it("is forgotten when it was not reached for ten minutes", () => {
    const { asked, begun } = crowd(10)
    for (const each of begun) asked.answer(each)
    asked.inFlight = 50
    assert.isFalse(asked.allows(memory))
    assert.isTrue(asked.allows(memory + 11))
  })

  it.each([1, 2, 10, 20, 50, 100])(
    "of a capacity of %d serves 95 in 100, with at most 2 in 100 refused",
    (most) => {
      const asked = new Asked()
      play(asked, most, 0, 500)
      const steady = play(asked, most, 500, 1_000)
      assert.isAtLeast(steady.served, 0.95 * most * 1_000)
      assert.isAtMost(steady.refused / (steady.served + steady.refused), 0.02)
    }
  )

  it("finds a capacity that has grown tenfold within 120 full rounds", () => {
    const asked = new Asked()
    play(asked, 10, 0, 100)
    play(asked, 100, 100, 120)
    assert.isAbove(play(asked, 100, 220, 1).served, 90)
  })

  it("follows a capacity that has shrunk to a tenth within a few rounds", () => {
    const asked = new Asked()
    play(asked, 100, 0, 300)
    play(asked, 10, 300, 20)
    const { refused, served } = play(asked, 10, 320, 500)
    assert.isAtLeast(served, 0.95 * 10 * 500)
    assert.isAtMost(refused / (served + refused), 0.02)
  })

  it.prop(
    "is never below one, and no rate is slower than one attempt in 10 s",
    [
      Schema.Array(
        Schema.Tuple([Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })), Schema.Boolean])
      )
    ],
    ([steps]) => {
      const asked = new Asked()
      for (const [i, [others, isRefused]] of steps.entries()) {
        asked.inFlight = others
        const begun = asked.begin(i)
        if (isRefused) asked.refuse(begun, i)
        else asked.answer(begun)
        assert.isAtLeast(asked.limit, 1)
        assert.isAtLeast(asked.capacity.rate.value, 1 / longestGap)
        assert.isAtMost(asked.capacity.opensAt(0, i, defaults), i + longestGap + 10)
      }
    }
  )
})

describe("a learned rate", () => {
  /** One caller that calls again as soon as it has an answer. The target takes one attempt every `gap` milliseconds. */
  const alone = (gap: number, until: number, latency = 20) => {
    const asked = new Asked()
    let freeAt = 0
    let benchedUntil = 0
    const counted = { served: 0, refused: 0 }
    for (let now = 0; now < until; now++) {
      if (now < benchedUntil || !asked.allows(now)) continue
      const begun = asked.begin(now)
      const isTaken = now >= freeAt
      if (isTaken) freeAt = Math.max(freeAt, now - 1) + gap
      now += latency
      if (isTaken) asked.answer(begun)
      else if (!asked.refuse(begun, now)) benchedUntil = now + 5_000
      if (now > until / 3) counted[isTaken ? "served" : "refused"]++
    }
    return { ...counted, ideal: (until * 2) / 3 / gap }
  }

  it.each([100, 250, 1_000])("of one attempt in %d ms is found by a single caller", (gap) => {
    const { ideal, refused, served } = alone(gap, 3_600_000)
    assert.isAtLeast(served, 0.95 * ideal)
    assert.isAtMost(refused / (served + refused), 0.02)
  })

  it("is not learned from an overload", () => {
    const asked = new Asked()
    for (let now = 0; now < 1_000; now += 100) {
      asked.capacity.refused({ begun: undefined, others: 0, isThrottle: false }, now, defaults)
      asked.answer(asked.begin(now))
    }
    for (let now = 1_000; now < 2_000; now += 200) {
      asked.answer(asked.begin(now))
      asked.refuse(asked.begin(now + 100), now + 110, false)
    }
    assert.strictEqual(asked.capacity.rate.value, Number.POSITIVE_INFINITY)
  })
})
