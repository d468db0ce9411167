import { assert, describe, it } from "@effect/vitest"
import { type Timer, Timers } from "../../src/simulator/time/Timers.ts"

/** Numbers from 0 to below `size` that are the same in every run. */
const numbers = (seed: number) => {
  let state = seed
  return (size: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % size
  }
}

describe("timers", () => {
  it("run in the order of their times, then of their setting, without the cancelled ones", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const draw = numbers(seed)
      const timers = new Timers()
      const expected: Array<{ readonly at: number; readonly turn: number; readonly timer: Timer }> = []
      const ran: Array<number> = []
      for (let turn = 0; turn < 6_000; turn++) {
        const at = draw(500)
        expected.push({ at, turn, timer: timers.add(at, () => ran.push(turn)) })
        // Far more timers are cancelled than remain, as with timeouts.
        while (draw(10) < 8 && expected.length > 0) {
          const [cancelled] = expected.splice(draw(expected.length), 1)
          timers.cancel(cancelled!.timer)
          timers.cancel(cancelled!.timer)
        }
      }
      for (let next = timers.next(); next !== undefined; next = timers.next()) next.run()
      assert.deepStrictEqual(
        ran,
        expected.sort((a, b) => a.at - b.at || a.turn - b.turn).map(({ turn }) => turn)
      )
    }
  })

  it("release the action of a cancelled timer", () => {
    const timers = new Timers()
    const action = () => {}
    const timer = timers.add(1, action)
    timers.cancel(timer)
    assert.notStrictEqual(timer.run, action)
    assert.isUndefined(timers.next())
  })
})
