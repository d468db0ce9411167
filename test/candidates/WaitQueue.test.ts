/** The cost of many requests that wait for one target. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Line, Waiting } from "../../src/candidates/queue/WaitQueue.ts"
import { WaitQueues } from "../../src/candidates/queue/WaitQueues.ts"
import { target } from "../support/bench.ts"

const minute = 60_000

/** A waiting request that counts in `looks` how often it is checked. */
const waiting = (looks: { count: number }, onEnter: (line: Line) => void): Waiting => ({
  until: minute,
  get deadlineAt() {
    looks.count++
    return minute
  },
  enter: onEnter,
  giveUp: () => assert.fail("nobody waits in vain")
})

/** How often each of these requests in one queue is checked. Each is admitted by the answers of those before it. */
const looksPerHead = Effect.fnUntraced(function* (size: number) {
  const lines = new WaitQueues(() => undefined)
  const looks = { count: 0 }
  const under: Array<Line> = []
  const line = lines.of(target(), yield* Effect.context<never>())
  const place = { target: target(), notBefore: 400, isFirst: false, anyway: true }
  for (let i = 0; i < size; i++) {
    line.join(
      waiting(looks, (entered) => void under.push(entered)),
      place
    )
  }
  yield* TestClock.adjust(400)
  let answered = 0
  for (let open = under.shift(); open !== undefined; open = under.shift()) {
    answered++
    lines.succeeded(target())
    open.left()
  }
  assert.strictEqual(answered, size)
  assert.strictEqual(lines.size, 0, "an empty line is forgotten")
  return looks.count / size
})

describe("a line", () => {
  it.effect("checks each waiting request a few times, however many there are", () =>
    Effect.gen(function* () {
      assert.isAtMost(yield* looksPerHead(10), 10)
      assert.isAtMost(yield* looksPerHead(5_000), 10)
    })
  )

  it.effect("ends the wait at the deadline of a request that joins while another is admitted", () =>
    Effect.gen(function* () {
      const lines = new WaitQueues(() => undefined)
      const line = lines.of(target(), yield* Effect.context<never>())
      const place = { target: target(), notBefore: 100, isFirst: false, anyway: true }
      const left: Array<string> = []
      const one = (name: string, deadlineAt: number, enter: (line: Line) => void): Waiting => ({
        until: deadlineAt,
        deadlineAt,
        enter,
        giveUp: () => void left.push(name)
      })
      // The first attempt is still under way, so the last request waits for its outcome.
      line.join(
        one("first", minute, () =>
          line.join(
            one("last", 300, () => assert.fail("his time is up")),
            place
          )
        ),
        place
      )
      yield* TestClock.adjust(299)
      assert.deepStrictEqual(left, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(left, ["last"])
    })
  )

  it.effect(
    "admits at the end each request that has not called the target, though others have just failed there",
    () =>
      Effect.gen(function* () {
        const lines = new WaitQueues(() => undefined)
        const line = lines.of(target(), yield* Effect.context<never>())
        const ended: Array<string> = []
        const join = (name: string, isFirst: boolean) =>
          line.join(
            {
              until: 120,
              deadlineAt: minute,
              enter: (line) => {
                ended.push(`${name} called`)
                line.left()
              },
              giveUp: () => void ended.push(`${name} gave up`)
            },
            { target: target(), notBefore: 110, isFirst, anyway: true }
          )
        join("again", false)
        join("first", true)
        yield* TestClock.adjust(100)
        lines.failed(target())
        yield* TestClock.adjust(20)
        assert.deepStrictEqual(ended, ["again gave up", "first called"])
      })
  )

  it.effect(
    "admits a request that has not called the target yet and would be lost before the pause ends",
    () =>
      Effect.gen(function* () {
        const lines = new WaitQueues(() => undefined)
        const line = lines.of(target(), yield* Effect.context<never>())
        const entered: Array<string> = []
        const one = (name: string, deadlineAt: number): Waiting => ({
          until: deadlineAt,
          deadlineAt,
          enter: () => void entered.push(name),
          giveUp: () => void entered.push(`not ${name}`)
        })
        const place = { target: target(), notBefore: minute - 1, isFirst: false, anyway: true }
        line.join(one("later", minute), place)
        lines.failed(target())
        line.join(one("first", 20), { ...place, notBefore: 0, isFirst: true })
        line.join(one("again", 30), { ...place, notBefore: 0 })
        yield* TestClock.adjust(30)
        assert.deepStrictEqual(entered, ["first", "not again"])
      })
  )

  /** Ten requests with one deadline; an answer takes 300 ms. Returns how many are admitted after the first answer, at 300 ms. */
  const soonLost = Effect.fnUntraced(function* (deadlineAt: number, fails: boolean) {
    const lines = new WaitQueues(
      () => undefined,
      undefined,
      () => 300
    )
    const line = lines.of(target(), yield* Effect.context<never>())
    const place = { target: target(), notBefore: 0, isFirst: false, anyway: true }
    const entered: Array<Line> = []
    let lost = 0
    for (let i = 0; i < 10; i++) {
      const enter = (line: Line) => void entered.push(line)
      line.join({ until: minute, deadlineAt, enter, giveUp: () => void lost++ }, place)
    }
    yield* TestClock.adjust(300)
    if (fails) lines.failed(target())
    else lines.succeeded(target())
    entered[0]!.left()
    const counts: Array<number> = []
    for (const millis of [99, 1, 600]) {
      yield* TestClock.adjust(millis)
      counts.push(entered.length)
    }
    return [...counts, lost]
  })

  it.effect(
    "lets requests in before their turn when they would be lost otherwise, if the target answers again",
    () =>
      Effect.gen(function* () {
        // The time of two answers before the deadline.
        assert.deepStrictEqual(yield* soonLost(1_000, false), [3, 10, 10, 0])
      })
  )

  it.effect("admits no request before its turn after a failure", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* soonLost(1_000, true), [2, 2, 2, 8])
    })
  )
})
