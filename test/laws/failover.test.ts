/** What holds whatever the providers do, however many call at once and whenever somebody hangs up. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import type { FailoverEvent, RunError } from "../../src/index.ts"
import { type Heard, keysOf, type Played, play, standing, type Told, targetsOf } from "./play.ts"
import { arbitrary, check, type Scenario } from "./scenario.ts"

/** All laws look at the same days, so each is played once. */
const days = new Map<string, Played>()
afterAll(() => days.clear())

const day = (scenario: Scenario): Effect.Effect<Played> => {
  const name = JSON.stringify(scenario)
  const known = days.get(name)
  return known === undefined
    ? Effect.tap(play(scenario), (played) => Effect.sync(() => days.set(name, played)))
    : Effect.succeed(known)
}

const law = (name: string, holds: (played: Played, scenario: Scenario) => void) =>
  it.effect.prop(
    name,
    [arbitrary],
    ([scenario]) => Effect.map(day(scenario), (played) => holds(played, scenario)),
    check(400)
  )

const interrupted = ({ exit }: Told): boolean => Exit.hasInterrupts(exit)

describe("an answer", () => {
  law(
    "never mixes two targets, nor two calls to the same one, and has every piece once and in order",
    ({ told }) => {
      for (const { asks, exit, pieces } of told) {
        const calls = new Set(pieces.map((piece) => piece.split(":")[0]))
        assert.isAtMost(calls.size, 1, pieces.join(" "))
        const places = pieces.map((piece) => Number(piece.split(":")[1]))
        assert.deepStrictEqual(
          places,
          [...new Set(places)].sort((a, b) => a - b),
          pieces.join(" ")
        )
        if (asks === "complete" && Exit.isFailure(exit)) assert.deepStrictEqual(pieces, [])
        if (Exit.isSuccess(exit)) assert.isNotEmpty(pieces)
      }
    }
  )

  law("comes from the target it says it comes from", ({ told }) => {
    for (const { answered, pieces } of told) {
      for (const piece of pieces)
        if (answered !== undefined) assert.isTrue(piece.startsWith(`${answered.target.key}@`))
    }
  })

  law("that a stream ended well with is whole", ({ stepsOf, told }) => {
    for (const { asks, exit, pieces } of told) {
      if (asks === "complete" || Exit.isFailure(exit)) continue
      const call = pieces[0]!.split(":")[0]!
      const [target, n] = call.split("@")
      const steps = stepsOf(target!, Number(n))
      // What follows the completion is metadata, and may be missing.
      const end = steps.includes("complete") ? steps.indexOf("complete") : steps.length
      const said = steps.slice(0, end)
      for (const step of said)
        assert.isTrue(step.startsWith("wait ") || isSpeech(step), `${step} ended ${call}`)
      const whole = said.flatMap((step, place) => (isSpeech(step) ? [`${call}:${place}`] : []))
      assert.deepStrictEqual(pieces.slice(0, whole.length), whole)
    }
  })
})

const isSpeech = (step: string) => ["one", "two", "three", "held"].includes(step)

describe("a run", () => {
  law("ends when its deadline is over, if not before", ({ told }, { policy }) => {
    for (const call of told) {
      // A caller who hangs up waits for what cannot be stopped; the next whole millisecond is the scheduling step.
      if (!interrupted(call)) assert.isAtMost(call.endedAt - call.startedAt, policy.deadline + 1)
    }
  })

  law("makes no more attempts than its budget allows", ({ calls }, { callers, policy }) => {
    for (const caller of callers.keys()) {
      assert.isAtMost(calls.filter(({ request }) => request.caller === caller).length, policy.attempts)
    }
  })

  law("accounts for every call it made", ({ calls, told }) => {
    for (const call of told) {
      const made = calls.filter(({ request }) => request.caller === call.caller).map(({ target }) => target)
      const { answered } = call
      if (answered !== undefined) {
        assert.deepStrictEqual([...answered.failed.map(({ target }) => target), answered.target.key], made)
        assert.strictEqual(answered.attempts, made.length)
      }
      const attempts = attemptsOf(call)
      if (attempts !== undefined) assert.deepStrictEqual(attempts, made)
    }
  })
})

/** The targets that an error says were tried, where it says so. */
const attemptsOf = (call: Told): ReadonlyArray<string> | undefined => {
  const error: RunError.RunError | { readonly _tag: string } | undefined = Exit.isFailure(call.exit)
    ? call.exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
    : undefined
  if (error === undefined || !("attempts" in error)) return error?._tag === "AllBenched" ? [] : undefined
  // A stream that runs out of time after its commit point tells what failed before.
  return call.pieces.length > 0 ? undefined : error.attempts.map(({ target }) => target)
}

describe("the bench", () => {
  law(
    "keeps every target that rests from being called, unless nothing in the chain is free",
    (played, scenario) => {
      const rests = (state: Heard["state"], keys: ReadonlyArray<string>, at: number) =>
        keys.some((key) => ["resting", "probed"].includes(standing(state, key, at)))
      for (const { event, state } of started(played)) {
        const keys = keysOf(event.target.key)
        const standings = keys.map((key) => standing(state, key, event.at))
        if (event.probe) assert.notInclude(standings, "resting", event.target.key)
        else if (standings.some((standing) => standing !== "free")) {
          assert.strictEqual(scenario.policy.whenAllBenched, "tryAnyway", event.target.key)
          assert.strictEqual(event.attempt, 1, event.target.key)
          for (const other of targetsOf(played.chain)) assert.isTrue(rests(state, other, event.at), other[0])
        }
      }
      for (const { event, state } of played.heard) {
        if (event._tag !== "RunFailed" || event.error._tag !== "AllBenched") continue
        for (const other of targetsOf(played.chain)) assert.isTrue(rests(state, other, event.at), other[0])
      }
    }
  )

  law("lets the first model of a chain go first, as long as one of its targets is free", (played) => {
    for (const { event, state } of started(played)) {
      if (event.attempt !== 1) continue
      const models = played.chain.models.map(({ spec }) => `${spec.provider}/${spec.model}`)
      const first = models.indexOf(`${event.target.provider}/${event.target.model}`)
      for (const earlier of models.slice(0, first)) {
        for (const keys of targetsOf(played.chain).filter((keys) => keys[2] === earlier)) {
          const free = keys.every((key) => ["free", "half-open"].includes(standing(state, key, event.at)))
          const tryAnyway = keysOf(event.target.key).some(
            (key) => standing(state, key, event.at) === "resting"
          )
          assert.isFalse(free && !tryAnyway, `${keys[0]} was passed by for ${event.target.key}`)
        }
      }
    }
  })

  law("lets one probe through at a time", (played) => {
    const probing = new Map<number, string>()
    for (const { event } of played.heard) {
      if (event._tag !== "AttemptStarted") probing.delete(event.run.id)
      else if (event.probe) {
        assert.notInclude([...probing.values()], event.target.key)
        probing.set(event.run.id, event.target.key)
      }
    }
  })

  law("never shortens a rest when somebody fails, gives up or begins to answer", ({ steps }) => {
    for (const { after, at, before, operation } of steps) {
      for (const [key, entry] of before.entries) {
        const now = after.entries.get(key)
        if (standing(before, key, at) !== "resting") continue
        if (operation !== "succeed") assert.isAtLeast(now?.until ?? 0, entry.until, `${operation} ${key}`)
        if (entry.manual !== undefined && at < entry.manual.until) {
          assert.deepStrictEqual(now?.manual, entry.manual, `${operation} ${key}`)
        }
      }
    }
  })

  law("is not moved by an answer that began before the rest", ({ steps }) => {
    for (const { admission, after, before, operation } of steps) {
      if (operation !== "succeed") continue
      for (const [key, entry] of before.entries) {
        if (entry.generation > admission.generation && entry.reason !== undefined) {
          assert.strictEqual(after.entries.get(key)?.until, entry.until, key)
        }
      }
    }
  })
})

const started = ({ heard }: Played) =>
  heard.filter(
    (one): one is Heard & { readonly event: FailoverEvent.AttemptStarted } =>
      one.event._tag === "AttemptStarted"
  )

describe("a caller who hangs up", () => {
  law("leaves no probe slot taken, no fiber and no open call, whenever it is", ({ left }) =>
    assert.deepStrictEqual(left, { calls: 0, fibers: 0, probes: [] })
  )

  law("counts against nobody", ({ heard }) => {
    const gone = new Set(
      heard.flatMap(({ event }) => (event._tag === "RunInterrupted" ? [event.run.id] : []))
    )
    for (const id of gone) {
      const own = heard.filter(({ event }) => event.run.id === id)
      assert.strictEqual(own.at(-1)?.event._tag, "RunInterrupted")
    }
  })
})

describe("a day", () => {
  it.effect.prop(
    "that is played again from its seed goes the same way",
    [arbitrary],
    ([scenario]) =>
      Effect.map(Effect.all([again(scenario), again(scenario)]), ([one, other]) =>
        assert.deepStrictEqual(diary(one), diary(other))
      ),
    check(100)
  )
})

const again = (scenario: Scenario) => Effect.provide(play(scenario), TestClock.layer())

/** What happened, without the numbers that differ from one process to the next. */
const diary = ({ calls, heard, told }: Played) => [
  calls.map(({ at, outcome, request, target }) => [at, target, request.caller, outcome]),
  heard.map(({ event }) => [
    event._tag,
    event.at,
    event._tag === "RunFailed" ? event.error._tag : event.target?.key
  ]),
  told.map(({ endedAt, exit, pieces }) => [endedAt, exit._tag, pieces])
]
