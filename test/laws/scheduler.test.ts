/**
 * Two callers, a probe, a success, a failure, a reload, and a manual bench or a hang-up, in every order of their turns.
 *
 * The target is benched at the first turn. After the last turn every target is healthy.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type FailoverEvent, Policy } from "../../src/index.ts"
import { byHand, play, primary, type Seen } from "./turns/play.ts"
import { ordersIn, type World, worlds } from "./turns/turns.ts"

/** The laws of every order. Each throws if it is broken. */
const laws: Readonly<Record<string, (seen: Seen, world: World) => void>> = {
  "every request that can be answered is answered": (seen, world) => {
    const { events, exits } = seen
    assert.lengthOf(exits, 3)
    const lost = events.filter((event) => event._tag === "RunFailed")
    const failed = exits.filter((exit) => Exit.isFailure(exit) && !Exit.hasInterrupts(exit))
    assert.strictEqual(failed.length, lost.length)
    assert.isAtMost(exits.filter(Exit.hasInterrupts).length, world.besides === "a hang-up" ? 1 : 0)
    for (const event of lost) {
      assert.isTrue(world.chain === "alone" && world.whenAllBenched === "tryAnyway", String(event.error))
      assert.isTrue(hadItsTry(seen, event) || restsByHandTooLong(seen, event), String(event.error))
    }
  },

  "at most one probe is under way": ({ events }) => {
    const probing = new Set<number>()
    for (const event of events) {
      if (event._tag === "AttemptStarted" && event.target.key === primary && event.probe) {
        assert.strictEqual(probing.size, 0)
        probing.add(event.run.id)
      } else if (event._tag !== "Skipped") probing.delete(event.run.id)
    }
  },

  "no outcome ends a manual bench, and no request goes to its target": ({
    benchedAt,
    events,
    eventsBefore,
    steps,
    stepsBefore
  }) => {
    const until = benchedAt + byHand
    for (const { after, operation } of steps.slice(stepsBefore)) {
      assert.strictEqual(after.entries.get(primary)?.manual?.until, until, operation)
    }
    for (const event of events.slice(eventsBefore)) {
      if (event._tag !== "AttemptStarted" || event.target.key !== primary) continue
      assert.isAtLeast(event.at, until, "an attempt during a manual bench")
    }
  },

  "a stale outcome neither clears nor counts": ({ steps }) => {
    for (const { admission, after, before, operation } of steps) {
      if (operation !== "fail" && operation !== "succeed") continue
      for (const [key, entry] of before.entries) {
        if (entry.generation <= admission.generation) continue
        const { failures, consecutiveBenches, reason, until } = after.entries.get(key)!
        const { failures: f, consecutiveBenches: h, reason: r, until: u } = entry
        assert.deepStrictEqual(
          { failures, consecutiveBenches, reason, until },
          { failures: f, consecutiveBenches: h, reason: r, until: u }
        )
      }
    }
  },

  "no probe slot, open call or fiber is left": ({ left }) => {
    assert.deepStrictEqual(left, { calls: 0, fibers: 0, probes: [] })
  },

  "every attempt and every run ends once": ({ events }) => {
    const runs = new Map<FailoverEvent.RunInfo, Array<FailoverEvent.FailoverEvent>>()
    for (const event of events) runs.set(event.run, [...(runs.get(event.run) ?? []), event])
    assert.strictEqual(runs.size, 3)
    for (const [{ kind }, told] of runs) assert.match(story(told), kind === "effect" ? effect : stream)
  }
}

/** The run tried a benched target because no other was left. It does so once, and that attempt failed. */
const hadItsTry = ({ events, single }: Seen, { error, run }: FailoverEvent.RunFailed): boolean => {
  const begun = events.filter((event) => event._tag === "AttemptStarted" && event.run === run)
  return error._tag === "ChainExhausted" && begun.length === 1 && begun.every((event) => single.has(event))
}

/** The run began during the manual bench of its target, or its maxWait ends before that bench does. */
const restsByHandTooLong = ({ benchedAt }: Seen, { at, error, run }: FailoverEvent.RunFailed): boolean => {
  const until = benchedAt + byHand
  if (at < benchedAt || at >= until) return false
  const cameTooLate = run.startedAt >= benchedAt && error._tag === "AllBenched"
  return cameTooLate || run.startedAt + Policy.defaults.maxWait <= until
}

/** One letter for each event of a run. */
const letters: Record<FailoverEvent.FailoverEvent["_tag"], string> = {
  Skipped: "",
  AttemptStarted: "s",
  AttemptFailed: "f",
  AttemptSucceeded: "a",
  AttemptDropped: "d",
  StreamEnded: "e",
  RunFailed: "x",
  RunInterrupted: "i",
  RunEnded: "."
}

const story = (events: ReadonlyArray<FailoverEvent.FailoverEvent>): string =>
  events.map(({ _tag }) => letters[_tag]).join("")

const effect = /^(sf)*(sa|x|s?i)\.$/
const stream = /^(sf)*(sae|x|s?i)\.$/

describe("in every order of their turns", () => {
  for (const world of worlds) {
    const { besides, chain, ends, gap, kind, told, whenAllBenched } = world
    it.effect(
      `${kind}, ${chain}, ${whenAllBenched}, ${ends} call ends first, ${gap} ms between two turns, callers told apart: ${told}, ${besides}`,
      () =>
        Effect.forEach(
          ordersIn(world),
          (order) =>
            Effect.map(play(order, world), (seen) => {
              for (const [name, law] of Object.entries(laws)) {
                try {
                  law(seen, world)
                } catch (cause) {
                  throw new Error(`${name}: broken by ${order.join(", ")}: ${String(cause)}`, { cause })
                }
              }
            }),
          { discard: true }
        ),
      120_000
    )
  }
})
