/** The laws: what must hold in every scenario. */
import { assert } from "@effect/vitest"
import * as Exit from "effect/Exit"
import { BenchKey, type FailoverEvent, Failure, type RunError } from "../../src/index.ts"
import { endsOnce } from "./ended.ts"
import { type Heard, keysOf, type Played, type Request, standing, type Told, targetsOf } from "./play.ts"
import type { Scenario } from "./scenario.ts"

/** Throws if a scenario breaks it. */
export type Law = (played: Played, scenario: Scenario) => void

/** All laws, by subject. */
export const laws: Readonly<Record<string, Readonly<Record<string, Law>>>> = {
  "an answer": {
    "never mixes two targets or two calls to one target, and has every piece once and in order": ({
      told
    }) => {
      for (const { asks, exit, pieces } of told) {
        const parts = pieces.map((piece) => piece.split(":"))
        assert.isAtMost(new Set(parts.map(([call]) => call)).size, 1, pieces.join(" "))
        const places = parts.map(([, place]) => Number(place))
        const inOrder = [...new Set(places)].sort((a, b) => a - b)
        assert.deepStrictEqual(places, inOrder, pieces.join(" "))
        if (Exit.isSuccess(exit)) assert.isNotEmpty(pieces)
        else if (asks === "complete") assert.isEmpty(pieces)
      }
    },

    "comes from the target that it names": ({ told }) => {
      for (const { answered, pieces } of told) {
        if (answered === undefined) continue
        for (const piece of pieces) assert.isTrue(piece.startsWith(`${answered.target.key}@`), piece)
      }
    },

    "of a stream that ended without an error is complete": ({ stepsOf, told }) => {
      for (const { asks, exit, pieces } of told) {
        if (asks === "complete" || Exit.isFailure(exit)) continue
        const call = pieces[0]!.split(":")[0]!
        const [target, n] = call.split("@")
        const steps = stepsOf(target!, Number(n))
        // Metadata after the completion may be missing.
        const said = steps.includes("complete") ? steps.slice(0, steps.indexOf("complete")) : steps
        for (const step of said) {
          assert.isTrue(step.startsWith("wait ") || isSpeech(step), `${step} ended ${call}`)
        }
        const whole = said.flatMap((step, place) => (isSpeech(step) ? [`${call}:${place}`] : []))
        assert.deepStrictEqual(pieces.slice(0, whole.length), whole)
      }
    }
  },

  "a run": {
    "ends at its deadline at the latest": ({ told }, { policy }) => {
      for (const { endedAt, exit, startedAt } of told) {
        // A caller that disconnects waits for uninterruptible work. A scheduling step takes a whole millisecond.
        if (!Exit.hasInterrupts(exit)) assert.isAtMost(endedAt - startedAt, policy.deadline + 1)
      }
    },

    "repeats targets no more often than its attempt budget allows": ({ calls, told }, { policy }) => {
      for (const { caller } of told) {
        const made = callsOf(calls, caller)
        assert.isAtMost(made.length - new Set(made).size, policy.attempts - 1)
      }
    },

    "reports every call that it made": ({ calls, heard, told }) => {
      for (const call of told) {
        const all = callsOf(calls, call.caller)
        const made = without(all, droppedOf(heard, call.caller))
        // Of two attempts under way, the later one may end first.
        const inOrder = heard.some(({ event }) => isHedge(event) && callerOf(event) === call.caller)
          ? (targets: ReadonlyArray<string>) => [...targets].sort()
          : (targets: ReadonlyArray<string>) => targets
        const { answered } = call
        if (answered !== undefined) {
          const tried = [...answered.failed.map(({ target }) => target), answered.target.key]
          assert.deepStrictEqual(inOrder(tried), inOrder(made))
          assert.strictEqual(answered.attempts, all.length)
        }
        const attempts = attemptsOf(call)
        if (attempts !== undefined) assert.deepStrictEqual(inOrder(attempts), inOrder(made))
      }
    }
  },

  "the bench": {
    "calls no benched target while any target of the chain is free": (played, { policy }) => {
      for (const heard of started(played)) {
        const { event, state } = heard
        const standings = keysOf(event.target.key).map((key) => standing(state, key, event.at))
        if (event.probe) assert.notInclude(standings, "resting", event.target.key)
        else if (standings.some((standing) => standing !== "free")) {
          assert.strictEqual(policy.whenAllBenched, "tryAnyway", event.target.key)
          nothingElseIsFree(played, heard)
        }
      }
      for (const heard of played.heard) {
        const { event } = heard
        if (event._tag !== "RunFailed" || event.error._tag !== "AllBenched") continue
        const full = event.error.benches.filter(({ reason }) => reason === "LearnedLimit")
        nothingIsFree(
          played,
          heard,
          full.map(({ key }) => key)
        )
      }
    },

    "uses the first model of a chain while one of its targets is free": (played) => {
      const targets = targetsOf(played.chain)
      for (const { event, state } of started(played)) {
        const stands = (key: string) => standing(state, key, event.at)
        if (event.attempt !== 1 || keysOf(event.target.key).map(stands).includes("resting")) continue
        const own = targets.findIndex(([, , model]) => model === keysOf(event.target.key)[2])
        for (const earlier of targets.slice(0, own)) {
          const free = earlier.every((key) => ["free", "half-open"].includes(stands(key)))
          assert.isFalse(free, `${earlier[0]} was skipped for ${event.target.key}`)
        }
      }
    },

    "admits one probe at a time": ({ heard }) => {
      const probing = new Map<number, string>()
      for (const { event } of heard) {
        if (event._tag !== "AttemptStarted") probing.delete(event.run.id)
        else if (event.probe) {
          assert.notInclude([...probing.values()], event.target.key)
          probing.set(event.run.id, event.target.key)
        }
      }
    },

    "never shortens a bench by a failure, an interruption or the start of an answer": ({ steps }) => {
      for (const { after, at, before, operation } of steps) {
        for (const [key, entry] of before.entries) {
          if (standing(before, key, at) !== "resting") continue
          const now = after.entries.get(key)
          // A key that is benched by hand may have had a cooldown that is over.
          if (operation !== "succeed" && entry.until > at)
            assert.isAtLeast(now?.until ?? 0, entry.until, `${operation} ${key}`)
          if (entry.manual !== undefined && at < entry.manual.until) {
            assert.deepStrictEqual(now?.manual, entry.manual, `${operation} ${key}`)
          }
        }
      }
    },

    "ignores an answer whose attempt began before the bench": ({ steps }) => {
      for (const { admission, after, before, operation } of steps) {
        if (operation !== "succeed") continue
        for (const [key, entry] of before.entries) {
          if (entry.generation > admission.generation && entry.reason !== undefined) {
            assert.strictEqual(after.entries.get(key)?.until, entry.until, key)
          }
        }
      }
    }
  },

  "an observer": {
    "receives the end of each run once, as its caller saw it": endsOnce
  },

  "a caller that has left": {
    "leaves nothing running, whether it was answered, failed or disconnected": ({ told }, { providers }) => {
      const stubborn = providers.some((provider) => provider.stubborn)
      for (const { asks, running } of told) {
        if (asks !== "complete" || !stubborn) assert.deepStrictEqual(running, { calls: 0, fibers: 0 }, asks)
      }
    },

    "leaves no probe slot taken, and in the end no fiber and no open call": ({ left }) => {
      assert.deepStrictEqual(left, { calls: 0, fibers: 0, probes: [] })
    },

    "counts against no target if it disconnected: the bench records only what observers receive": ({
      heard,
      steps
    }) => {
      const failures = heard.filter(
        ({ event }) =>
          event._tag === "AttemptFailed" || (event._tag === "StreamEnded" && event.failure !== undefined)
      )
      const gone = heard
        .filter(({ event }) => event._tag === "RunInterrupted")
        .map(({ event }) => event.run.id)
      // A disconnect counts even without a wait if it is one of several in a row.
      const learned = steps.filter(({ operation }) => operation === "fail").length
      assert.isAtMost(learned, failures.length + Math.max(0, gone.length - 2))
      for (const id of gone) {
        const last = heard.filter(({ event }) => event.run.id === id).slice(-2)
        assert.deepStrictEqual(
          last.map(({ event }) => event._tag),
          ["RunInterrupted", "RunEnded"]
        )
      }
    }
  }
}

const isSpeech = (step: string) => ["one", "two", "three", "held"].includes(step)

/** The targets that were called for one caller, in order. */
const callsOf = (calls: Played["calls"], caller: number): ReadonlyArray<string> =>
  calls.filter(({ request }) => request.caller === caller).map(({ target }) => target)

/** Whether an attempt begins while another one is under way. */
export const isHedge = (event: FailoverEvent.FailoverEvent): boolean =>
  event._tag === "AttemptStarted" && event.hedge === true

const callerOf = ({ run }: FailoverEvent.FailoverEvent): number => (run.request as Request).caller

/** The targets of one caller's attempts that were stopped because another attempt won. */
const droppedOf = (heard: Played["heard"], caller: number): ReadonlyArray<string> =>
  heard.flatMap(({ event }) =>
    event._tag === "AttemptDropped" && callerOf(event) === caller ? [event.target.key] : []
  )

const without = (all: ReadonlyArray<string>, some: ReadonlyArray<string>): ReadonlyArray<string> => {
  const left = [...all]
  for (const each of some) left.splice(left.indexOf(each), 1)
  return left
}

/** The targets that an error lists as tried, if it has such a list. */
const attemptsOf = (call: Told): ReadonlyArray<string> | undefined => {
  const error: RunError.RunError | { readonly _tag: string } | undefined = Exit.isFailure(call.exit)
    ? call.exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
    : undefined
  if (error === undefined || !("attempts" in error)) return error?._tag === "AllBenched" ? [] : undefined
  // A stream that reaches its deadline after its commit point lists the failures before it.
  return call.pieces.length > 0 ? undefined : error.attempts.map(({ target }) => target)
}

const started = ({ heard }: Played) =>
  heard.filter(
    (one): one is Heard & { readonly event: FailoverEvent.AttemptStarted } =>
      one.event._tag === "AttemptStarted"
  )

/** No target is free except those that this run has called, or has found at a learned limit. */
const nothingElseIsFree = (played: Played, heard: Heard): void => {
  const asked = started(played)
    .filter(({ event }) => event.run.id === heard.event.run.id && event.at <= heard.event.at)
    .map(({ event }) => event.target.key)
  // The bench does not know of learned limits.
  const full = played.heard.flatMap(({ event }) =>
    event._tag === "Skipped" && event.reason === "LearnedLimit" && event.run.id === heard.event.run.id
      ? [event.target.key]
      : []
  )
  nothingIsFree(played, heard, [...asked, ...full])
}

/** No target that may take the request is free. Models that refused it and windows known to be too small may not. */
const nothingIsFree = (played: Played, heard: Heard, except: ReadonlyArray<string> = []): void => {
  const { event, state } = heard
  const chain = chainAt(played, heard)
  const { models, window } = refusals(played, heard)
  for (const keys of targetsOf(chain)) {
    if (except.includes(keys[0]!) || models.has(keys[2]!)) continue
    if (windowOf(chain, keys[2]!) <= window) continue
    const rests = keys.some((key) => ["resting", "probed"].includes(standing(state, key, event.at)))
    assert.isTrue(rests, `${keys[0]} is free`)
  }
}

const windowOf = ({ models }: Played["chain"], model: string): number =>
  models.find(({ spec }) => BenchKey.format(spec) === model)?.contextWindow ?? Number.POSITIVE_INFINITY

/** The models that refused a run's request before an event, and the largest window that was too small for it. */
const refusals = (played: Played, { event }: Heard) => {
  const models = new Set<string>()
  let window = 0
  for (const { event: before } of played.heard) {
    if (before === event) break
    if (before.run.id !== event.run.id || before._tag !== "AttemptFailed") continue
    const { failure, target } = before
    if (failure._tag !== "ContextExceeded" && failure._tag !== "BadRequest") continue
    models.add(keysOf(target.key)[2]!)
    if (failure._tag === "ContextExceeded")
      window = Math.max(window, failure.limit ?? 0, target.contextWindow ?? 0)
  }
  return { models, window }
}

/** The chain that a run used at an event: its own, or the special one for its first failure of that kind. */
const chainAt = ({ chain, heard }: Played, { event }: Heard): Played["chain"] => {
  for (const { event: before } of heard) {
    if (before === event) break
    if (before.run.id !== event.run.id || before._tag !== "AttemptFailed" || before.action._tag !== "Next")
      continue
    const special =
      before.failure._tag === "ContextExceeded"
        ? chain.onContextExceeded
        : Failure.classOf(before.failure) === "ContentPolicy"
          ? chain.onContentPolicy
          : undefined
    if (special !== undefined) return special
  }
  return chain
}
