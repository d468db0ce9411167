/** What a run waits for if no target can be called now, and its error if there is nothing to wait for. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Backend from "../../src/domain/Backend.ts"
import * as WhenAllBenched from "../../src/engine/run/WhenAllBenched.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import { dead, fault, refusal, throttle, tooLong } from "../support/engine.ts"
import { candidatesOf, now, type Standings } from "../support/standings.ts"

type Situation = Partial<WhenAllBenched.Situation<Backend.Backend, never>>

/** A visit that the run may resume. */
type Unfinished = Readonly<Record<string, { readonly isFirst?: boolean; readonly forRoom?: boolean }>>

/** The decision as a text: `wait until 4000: a, b again, c anyway, d for room`. */
const decide = Effect.fnUntraced(function* (
  chain: Standings,
  { unfinished = {}, ...situation }: Omit<Situation, "unfinished"> & { readonly unfinished?: Unfinished } = {}
) {
  const { candidates, targets } = yield* candidatesOf(chain)
  const decision = WhenAllBenched.decide(
    {
      candidates,
      whenAllBenched: "tryAnyway",
      failed: [],
      deadlineAt: 60_000,
      hasWaited: false,
      attemptsLeft: 3,
      waitsUntil: () => 4_000,
      ...situation,
      unfinished: Object.entries(unfinished).map(([name, { forRoom, isFirst = false }]) => ({
        ...targets.get(name)!,
        notBefore: 2_000,
        isFirst,
        anyway: false,
        forRoom
      }))
    },
    now
  )
  if (decision._tag === "End") return `end: ${decision.error._tag}`
  if (decision._tag === "GoBack") return `go back to ${decision.to.target.provider}`
  assert(decision._tag === "Wait")
  for (const { notBefore } of decision.places) assert.isAtLeast(notBefore, now)
  const places = decision.places.map(({ anyway, forRoom, isFirst, target }) =>
    [
      target.provider,
      isFirst ? undefined : "again",
      anyway ? "anyway" : undefined,
      forRoom ? "for room" : undefined
    ]
      .filter((word) => word !== undefined)
      .join(" ")
  )
  const back = decision.goBack === undefined ? "" : `, then ${decision.goBack.target.provider}`
  return `wait until ${decision.until}: ${places.join(", ")}${back}`
})

const failed = (failure: Failure) => [{ target: "x/m#k", failure }]

/** Declares a test of one decision. */
const says = (
  name: string,
  said: string,
  chain: Standings,
  situation: Parameters<typeof decide>[1] = {}
): void => {
  it.effect(name, () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* decide(chain, situation), said)
    })
  )
}

describe("a run that has called nothing", () => {
  const benched = { a: { until: 9_000 }, b: { until: 5_000 }, dead: { until: 99_000, by: dead() } }
  says(
    "tries all benched targets anyway, the soonest end first",
    "wait until 4000: b anyway, a anyway, dead anyway",
    benched
  )
  says(
    "waits for the end of all benches with `wait`, in the order of the chain",
    "wait until 4000: a, b, dead",
    benched,
    { whenAllBenched: "wait" }
  )
  says("ends with `fail`", "end: AllBenched", benched, { whenAllBenched: "fail" })
  says("ends when it has waited without success", "end: AllBenched", benched, { hasWaited: true })
  says(
    "waits for a bench by hand that ends in time, and for no later one",
    "wait until 4000: a anyway, b anyway",
    { a: { until: 9_000 }, b: { until: 4_000, by: "hand" }, c: { until: 4_001, by: "hand" } }
  )
  says(
    "goes to a target that was benched when it passed, and is free again",
    "wait until 4000: b anyway, a anyway",
    { a: { until: 9_000 }, b: { until: 500 } }
  )
  says(
    "goes to such a target with `fail`, too, but not before its bench ends",
    "wait until 4000: b",
    { a: { until: 9_000 }, b: { until: 500 } },
    { whenAllBenched: "fail" }
  )
})

describe("a run whose attempts have failed", () => {
  const throttled = { failed: failed(throttle()) }
  const chain = {
    a: { until: 9_000, tried: true },
    b: { until: 5_000 },
    dead: { until: 99_000, by: dead() },
    hand: { until: 2_000, by: "hand" }
  } as const
  says(
    "tries other benched targets anyway, but neither dead keys nor those benched by hand",
    "wait until 4000: b anyway",
    chain,
    throttled
  )
  says(
    "waits for those that it has not called with `wait`, where another one is free",
    "wait until 4000: b, dead, hand",
    { ...chain, free: { tried: true } },
    { ...throttled, whenAllBenched: "wait" }
  )
  says(
    "waits for those that it has called as well, where none is free",
    "wait until 4000: a again, b, dead, hand",
    chain,
    { ...throttled, whenAllBenched: "wait" }
  )
  says(
    "waits for one whose cooldown has ended since it has failed, where none is free",
    "wait until 4000: b again, a again",
    { a: { until: 9_000, tried: true }, b: { until: 500, tried: true } },
    { failed: [{ target: "b/m#k", failure: throttle() }], whenAllBenched: "wait" }
  )
  says(
    "does not wait for one whose last failure has benched nothing",
    "end: ChainExhausted",
    { a: { until: 9_000, tried: true }, b: { until: 500, tried: true } },
    { failed: [{ target: "b/m#k", failure: refusal() }], whenAllBenched: "wait" }
  )
  says("calls none of them again without a retry left", "wait until 4000: b, dead, hand", chain, {
    ...throttled,
    whenAllBenched: "wait",
    attemptsLeft: 0
  })
  says("ends with all failures", "end: ChainExhausted", { a: { until: 9_000, tried: true } }, throttled)
})

describe("a visit that may go on", () => {
  const chain = { a: { tried: true }, b: { until: 5_000 } }
  const situation = { failed: failed(fault()), unfinished: { a: {} } }
  says(
    "comes before the targets that are tried anyway",
    "wait until 4000: a again, b anyway",
    chain,
    situation
  )
  says("goes on with `fail`, too", "wait until 4000: a again", chain, {
    ...situation,
    whenAllBenched: "fail"
  })
  says("needs a retry", "wait until 4000: b anyway", chain, { ...situation, attemptsLeft: 0 })
  says("is not waited for after maxWait", "wait until 1000: b anyway", chain, {
    ...situation,
    waitsUntil: () => now
  })
  says(
    "is over when the model has refused the request since",
    "wait until 4000: b anyway",
    { ...chain, a: { tried: true, refused: true } },
    situation
  )
  says(
    "comes after a target that is free by now",
    "wait until 4000: b anyway, a again",
    { a: { tried: true }, b: { until: 500 } },
    situation
  )
  says(
    "is not waited for twice when its target is benched",
    "wait until 4000: a again",
    { a: { tried: true, until: 9_000 } },
    { ...situation, whenAllBenched: "wait" }
  )
})

describe("a first visit that another process's probe had put off", () => {
  const unfinished = { a: { isFirst: true } }
  says(
    "is made without a retry left",
    "wait until 4000: a",
    { a: {} },
    { unfinished, attemptsLeft: 0, whenAllBenched: "fail" }
  )
  says(
    "is not made twice when the target is free by now",
    "wait until 4000: a anyway",
    { a: { until: 500 } },
    { unfinished }
  )
  says(
    "is not made twice when the target is benched",
    "wait until 4000: a, b anyway",
    { a: { until: 5_000 }, b: { until: 6_000 } },
    { unfinished }
  )
  says(
    "is not made when the target was called since",
    "end: AllBenched",
    { a: { tried: true, until: 9_000 } },
    { unfinished, whenAllBenched: "fail" }
  )
})

describe("a request that no model can take", () => {
  const last = (failure: Failure) =>
    ({ failed: [throttle(), fault(), failure].flatMap(failed), whenAllBenched: "wait" }) as const
  const chain = { a: { refused: true, tried: true }, b: { until: 5_000 } } as const
  const alone = { a: { refused: true, tried: true } } as const
  says(
    "does not wait for benched targets when the prompt was too long",
    "end: ChainExhausted",
    chain,
    last(tooLong())
  )
  says(
    "does not wait for them when its features are not supported",
    "end: ChainExhausted",
    chain,
    last(refusal("Unsupported"))
  )
  says("waits for them after any other failure", "wait until 4000: b", chain, last(refusal("Invalid")))
  says(
    "ends with the refusal if all models have refused it",
    "end: BadRequest",
    alone,
    last(refusal("Unsupported"))
  )
  says(
    "ends with the length of the prompt if no model has the window",
    "end: ContextExceeded",
    alone,
    last(tooLong())
  )
  says("ends with all failures if the last one is another", "end: ChainExhausted", alone, last(fault()))
})

describe("a target at a learned limit", () => {
  const chain = { a: { full: true }, b: { until: 5_000 } } as const
  says("is waited for until it has room", "wait until 4000: b anyway, a anyway for room", chain)
  says("is waited for with `wait` as well, and once", "wait until 4000: b, a for room", chain, {
    whenAllBenched: "wait"
  })
  says("is not waited for with `fail`", "end: AllBenched", chain, { whenAllBenched: "fail" })
  says("is not waited for twice", "wait until 4000: b anyway", chain, { hasWaitedForRoom: true })
  says("is called when it has room by now", "wait until 4000: a anyway, b anyway", {
    ...chain,
    a: { full: "then" }
  })
  says(
    "is waited for by a visit that had no room for its retry",
    "wait until 4000: a again for room",
    { a: { tried: true } },
    { unfinished: { a: { forRoom: true } } }
  )
  says(
    "is not waited for twice by such a visit",
    "wait until 4000: b again",
    { a: { tried: true }, b: { tried: true } },
    { unfinished: { a: { forRoom: true }, b: {} }, hasWaitedForRoom: true }
  )
})

describe("a target over its own limit", () => {
  const chain = { a: { limited: 3_000 }, b: { until: 5_000 } }
  says(
    "is called at once when the limit allows it by now, before benched targets are tried",
    "go back to a",
    { ...chain, a: { limited: now } }
  )
  says(
    "is called when the limit allows it, unless a queue lets the run in before",
    "wait until 3000: b anyway, then a",
    chain
  )
  says("is waited for alone if there is no other", "go back to a", { a: { limited: 3_000 } })
  says("is waited for up to maxWait", "go back to a", { a: { limited: 4_000 } })
  says("is not waited for longer", "end: AllBenched", { a: { limited: 4_001 } })
  says(
    "is not waited for until the deadline",
    "end: AllBenched",
    { a: { limited: 3_000 } },
    { deadlineAt: 3_000 }
  )
  says(
    "is not waited for with `fail`",
    "end: AllBenched",
    { a: { limited: 3_000 } },
    { whenAllBenched: "fail" }
  )
  says(
    "is not waited for by a run that may call no further target",
    "end: AllBenched",
    { a: { limited: 3_000 } },
    { mayMove: false }
  )
})

describe("a run that has called as many targets as it may", () => {
  const chain = {
    a: { tried: true, until: 5_000 },
    b: { tried: true },
    c: { until: 5_000 },
    d: { until: 500 }
  }
  const situation = { failed: failed(fault()), mayMove: false, unfinished: { b: {} } }
  says("goes on with its unfinished visits only", "wait until 4000: b again", chain, situation)
  says(
    "waits for the benched targets that it has called, with `wait`",
    "wait until 4000: b again, a again",
    chain,
    { ...situation, whenAllBenched: "wait" }
  )
  says("waits for none of them twice", "wait until 4000: a again", chain, {
    ...situation,
    whenAllBenched: "wait",
    unfinished: { a: {} }
  })
  says("waits for none of several twice", "wait until 4000: b again, a again", chain, {
    ...situation,
    whenAllBenched: "wait",
    unfinished: { b: {}, a: {} }
  })
  says("makes no first visit that was put off", "end: ChainExhausted", chain, {
    ...situation,
    unfinished: { c: { isFirst: true } }
  })
  says("ends without a retry left", "end: ChainExhausted", chain, { ...situation, attemptsLeft: 0 })
  says("makes its last retry", "wait until 4000: b again", chain, { ...situation, attemptsLeft: 1 })
  says("ends after maxWait", "end: ChainExhausted", chain, { ...situation, waitsUntil: () => now })
})
