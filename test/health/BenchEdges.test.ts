/** Rules of the bench that no other test covers. Each was found by a deliberate mutation of the code. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Candidates } from "../../src/candidates/Candidates.ts"
import { prepare } from "../../src/candidates/PreparedChain.ts"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as WhenAllBenched from "../../src/engine/run/WhenAllBenched.ts"
import * as Bench from "../../src/health/Bench.ts"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import type { Limiter } from "../../src/health/Limiter.ts"
import { forgive } from "../../src/health/stores/Saved.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { a, admitted, benched, probe, rest, why } from "../support/bench.ts"
import { dead, fault, refusal, throttle } from "../support/engine.ts"

/** A walk over a chain of one target, whose credential may have a limit. */
const walk = (registry: EngineBench.EngineBench, limiter: Limiter, rpm?: number) => {
  const backend = Backend.make("a", {}, { credentials: [Credential.make("k", { rpm })] })
  const context = Context.empty()
  const limits = new CredentialLimits(limiter)
  const candidates = new Candidates(
    prepare(Chain.make(Model.make(backend, "m")), []),
    context,
    new RunClock(context),
    { registry, limits, turns: new Map() },
    undefined
  )
  return { candidates, limits }
}

const allowing: Limiter = { take: () => Effect.succeed({ allowed: true, wait: 0 }) }

describe("what is cleared elsewhere", () => {
  it("ends the key's own cooldown here, and a manual bench only if that was cleared by hand", () => {
    const manual = { since: 0, until: 60_000, reason: undefined, by: "ann" }
    const state = Bench.bench(benched(), "a/m#k", manual)
    assert.strictEqual(why(forgive(state, "a/m#k", false, 1), a, 1), "a/m#k Manual 60000")
    assert.isUndefined(forgive(state, "a/m#k", false, 1).entries.get("a/m#k")?.reason)
    assert.isUndefined(why(forgive(state, "a/m#k", true, 1), a, 1))
  })
})

describe("a walk that begins again after a wait", () => {
  it.effect("forgets targets that were over their own limit before the wait", () =>
    Effect.gen(function* () {
      const { candidates, limits } = walk(
        EngineBench.makeMemory(),
        { take: () => Effect.succeed({ allowed: false, wait: 60_000 }) },
        1
      )
      const candidate = candidates.next()
      assert(candidate !== undefined)
      yield* limits.take(candidate.target)
      candidates.skipLimited(candidate.backend, candidate.target)
      assert.isDefined(candidates.soonestLimited())
      candidates.restart(true)
      assert.isUndefined(candidates.soonestLimited())
    })
  )
})

describe("a request without its output limit", () => {
  it.effect("counts the refusal as a failed attempt of the target in the report", () =>
    Effect.gen(function* () {
      type Request = { readonly maxTokens?: number | undefined }
      const format: Scripted.Format<Request, string, Scripted.Part> = {
        answer: (text) => text,
        chunk: (part) => part,
        phase: (part) => part.phase
      }
      const provider = Scripted.makeWith(
        format,
        "a",
        (_, request) => [request.maxTokens === undefined ? ["fine"] : [refusal("MaxTokens")]],
        {
          withoutOutputLimit: (request) =>
            request.maxTokens === undefined ? undefined : { ...request, maxTokens: undefined }
        }
      )
      yield* Failover.complete(Chain.make(Model.make(provider, "m")), { maxTokens: 1 })
      const [health] = yield* (yield* BenchRegistry).report
      assert.deepStrictEqual([health?.attempts, health?.failures], [2, 1])
    }).pipe(Effect.provide(Failover.layer()))
  )
})

describe("`wait` while another request probes", () => {
  it.effect("waits in line for the outcome, for the probe has no end that is known", () =>
    Effect.gen(function* () {
      const registry = EngineBench.makeMemory()
      const { candidates } = walk(registry, allowing)
      const target = candidates.next()?.target
      assert(target !== undefined)
      registry.failUnsafe(
        target,
        { _tag: "Go", generation: 0 },
        throttle("1 second"),
        { scope: "target", threshold: 1, base: 1_000, max: 1_000 },
        0
      )
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(
        registry.admitUnsafe(target, new RunClock(yield* Effect.context<never>()))._tag,
        "Probe"
      )
      const situation = {
        candidates,
        whenAllBenched: "wait",
        failed: [],
        unfinished: [],
        hasWaited: false,
        attemptsLeft: 8,
        deadlineAt: 60_000,
        waitsUntil: () => 60_000
      } as const
      const decision = WhenAllBenched.decide(situation, 5_000)
      assert(decision._tag === "Wait")
      assert.deepStrictEqual(
        decision.places.map(({ anyway, target }) => [target.key, anyway]),
        [[target.key, false]]
      )
      assert.strictEqual(decision.until, 60_000)
    })
  )
})

describe("a last try", () => {
  it.effect("is not made when the limiter refuses it because the credential is over its own limit", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("1 minute")], ["a"]], {
        credentials: [Credential.make("k", { rpm: 5 })]
      })
      const chain = Chain.make(Model.make(a, "m"))
      let asked = 0
      const limiter: Limiter = {
        take: () =>
          Effect.sync(() => (asked++ === 0 ? { allowed: true, wait: 0 } : { allowed: false, wait: 60_000 }))
      }
      const failover = yield* Failover.make({ limiter })
      yield* Effect.exit(failover.complete(chain, "q"))
      assert.lengthOf(a.calls, 1)
      yield* Effect.exit(failover.complete(chain, "q"))
      assert.strictEqual(asked, 2, "it was asked for the last try")
      assert.lengthOf(a.calls, 1)
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("an answer of a last try", () => {
  it("clears the death of its own key, but not that of a model or a provider", () => {
    for (const scope of ["model", "provider"] as const) {
      const [go] = admitted(Bench.empty, a, 0)
      const state = Bench.fail(Bench.empty, a, go, dead("ModelMissing"), { ...rest, scope }, 0)
      const tried: Bench.Go = { _tag: "Go", generation: state.generation }
      assert.strictEqual(why(Bench.succeed(state, a, tried, 1), a, 1), why(state, a, 1), scope)
    }
  })
})

describe("a failure of an attempt that is stale", () => {
  const [old] = admitted(Bench.empty, a, 0)

  it("changes nothing where the key is free by now, whatever end the provider names", () => {
    const [late, open] = probe(benched(), a, 5_000)
    const free = Bench.succeed(open, a, late, 5_000)
    assert.strictEqual(Bench.fail(free, a, old, throttle("1 minute"), rest, 5_001), free)
  })

  it("changes nothing where the end that is named is the one that is known", () => {
    const state = benched()
    assert.strictEqual(Bench.fail(state, a, old, throttle("5 seconds"), rest, 0), state)
  })
})

describe("a failure of a last try", () => {
  it("counts even with a high threshold, since the target is benched already", () => {
    const state = benched()
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    const next = Bench.fail(state, a, tried, throttle("1 minute"), { ...rest, threshold: 5 }, 1)
    assert.strictEqual(why(next, a, 1), "a/m#k RateLimit 60001")
  })
})

describe("several benches in a row", () => {
  it("has begun with the first of them", () => {
    const since = (state: Bench.State) => state.entries.get("a/m#k")?.since
    const [go] = admitted(Bench.empty, a, 7)
    const state = Bench.fail(Bench.empty, a, go, fault(), rest, 7)
    assert.strictEqual(since(state), 7)
    const [again, open] = probe(state, a, 5_007)
    const benched = Bench.fail(open, a, again, fault(), rest, 5_008)
    assert.strictEqual(since(benched), 7)
    assert.isDefined(why(benched, a, 5_008))
  })
})

describe("a name without configuration", () => {
  const unlisted = Target.make({
    provider: "a",
    model: "m",
    credential: Credential.make("k"),
    policy: Policy.defaults,
    unlisted: true
  })
  const go: Bench.Go = { _tag: "Go", generation: 0 }
  const keys = (state: Bench.State) =>
    [...state.entries].map(([key, { unlistedNumber }]) => [key, unlistedNumber])

  it("counts as an unlisted key if the benched key contains the name, and only then", () => {
    for (const [scope, key, number] of [
      ["target", "a/m#k", 0],
      ["model", "a/m", 0],
      ["credential", "a#k", undefined],
      ["provider", "a", undefined]
    ] as const) {
      const state = Bench.fail(Bench.empty, unlisted, go, fault(), { ...rest, scope }, 0)
      assert.deepStrictEqual(keys(state), [[key, number]])
    }
  })

  it("keeps its number when a failure changes nothing", () => {
    const state = Bench.fail(Bench.empty, unlisted, go, fault(), rest, 0)
    assert.strictEqual(Bench.fail(state, a, go, fault(), rest, 1), state)
  })
})
