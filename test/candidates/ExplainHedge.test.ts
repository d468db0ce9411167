/** A request hedges as `explain` says. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { hedgeOf } from "../../src/candidates/ExplainHedge.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { play } from "../support/engine.ts"

const slow = [{ wait: "10 seconds" }, "late"] as const

/** A tier of `a` and `b` (in this order, unless there is a strategy) and then `c`; all are slow. */
const chainOf = (strategy: "sequential" | "random" = "sequential") => {
  const [a, b, c] = ["a", "b", "c"].map((name) => Model.make(Scripted.make(name, [slow]), "m"))
  return Chain.make(Chain.withStrategy(Chain.equals(a!, b!), strategy), c!)
}

type Slow = ReturnType<typeof chainOf>

/** For each target, its hedge's target and delay, or why there would be no hedge. */
const told = (chain: Slow) =>
  Effect.map(
    Effect.flatMap(Failover.Failover, (failover) => failover.explain(chain)),
    (targets) =>
      targets.map(({ hedge, target }) => {
        if (hedge === undefined) return `${target.provider}: skipped`
        const { effect, stream, to, whyNot } = hedge
        const places = to.map(({ provider }) => provider).join(" or ")
        return whyNot === undefined
          ? `${target.provider}: ${places} after ${stream} or ${effect}`
          : `${target.provider}: ${whyNot}`
      })
  )

/** Sends one request, and returns the providers that were called as hedges, with the times. */
const hedged = (chain: Slow) => {
  const events: Array<FailoverEvent> = []
  const asked = Failover.complete(chain, "q", { observer: (event) => void events.push(event) })
  return Effect.as(asked, events).pipe(
    Effect.map((events) =>
      events.flatMap((event) =>
        event._tag === "AttemptStarted" && event.hedge === true
          ? [`${event.target.provider} after ${event.elapsed}`]
          : []
      )
    )
  )
}

const under = (policy: Policy.Options) => Effect.provide(Failover.layer({ policy }))
const always = { after: "1 second", share: 1 } as const

describe("explaining hedges", () => {
  it.effect("reads the targets of a long tier a few times only", () =>
    Effect.gen(function* () {
      const [one, ...others] = Array.from({ length: 200 }, (_, i) => Credential.make(`k${i}`))
      const a = Scripted.make("a", [slow], { credentials: [one!, ...others] })
      const failover = yield* Failover.Failover
      const targets = yield* failover.explain(Chain.make(Model.make(a, "m")))
      let reads = 0
      const counted = new Proxy(targets, {
        get: (list, field) => {
          reads++
          return Reflect.get(list, field)
        }
      })
      const { to } = hedgeOf(targets[0]!, counted, new SignalsOf(), 2)
      assert.deepStrictEqual(to, [targets[1]!.target])
      assert.isAtMost(reads, 8 * targets.length)
    }).pipe(under({ hedge: always }))
  )

  it.effect("says that they are off", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* told(chainOf()),
        ["a", "b", "c"].map((name) => `${name}: hedging is off (policy.hedge)`)
      )
    }).pipe(under({}))
  )

  it.effect("names the target and the delay of the hedge that then begins", () =>
    Effect.gen(function* () {
      const chain = chainOf()
      assert.strictEqual((yield* told(chain))[0], "a: b after 1000 or 1000")
      const { value } = yield* play(hedged(chain))
      assert.deepStrictEqual(value, ["b after 1000"])
    }).pipe(under({ hedge: { ...always } }))
  )

  it.effect("names a target of a later tier only with `to: chain`", () =>
    Effect.gen(function* () {
      const chain = chainOf()
      const registry = yield* BenchRegistry
      yield* registry.bench("b", {})
      assert.deepStrictEqual(yield* told(chain), [
        "a: c after 1000 or 1000",
        "b: skipped",
        "c: no target follows it in the chain"
      ])
      assert.deepStrictEqual((yield* play(hedged(chain))).value, ["c after 1000"])
    }).pipe(under({ hedge: { ...always, to: "chain" } }))
  )

  it.effect("leaves out targets of later tiers that cannot be called, and reports when there is none", () =>
    Effect.gen(function* () {
      const chain = Chain.make(
        ...((["a", "b", "c"] as const).map((name) => Model.make(Scripted.make(name, [slow]), "m")) as [
          Model.Model<Scripted.Scripted>
        ])
      )
      const registry = yield* BenchRegistry
      yield* registry.bench("b", {})
      assert.strictEqual((yield* told(chain))[0], "a: c after 1000 or 1000")
      const [open] = yield* Effect.flatMap(Failover.Failover, (failover) => failover.explain(chain))
      assert.notProperty(open?.hedge, "whyNot")
      yield* registry.bench("c", {})
      const none = "a: no other target of the chain can be called now without being a probe"
      assert.strictEqual((yield* told(chain))[0], none)
    }).pipe(under({ hedge: { ...always, to: "chain" } }))
  )

  it.effect("reports a delay that is as long as the timeout as too long", () =>
    Effect.gen(function* () {
      const chain = Chain.withPolicy(chainOf(), {
        timeouts: { firstContent: "1 second", answer: "1 second" }
      })
      const [first] = yield* told(chain)
      assert.strictEqual(first, "a: the delay is not shorter than the timeout of the attempt")
    }).pipe(under({ hedge: { ...always } }))
  )

  it.effect(
    "says that no other target of the tier is free, that times are unknown, or that the delay is too long",
    () =>
      Effect.gen(function* () {
        const chain = chainOf()
        const registry = yield* BenchRegistry
        const [first] = yield* told(chain).pipe(under({ hedge: {} }))
        assert.match(first ?? "", /^a: fewer than 20 of the target's times are known/)
        const [late] = yield* told(chain).pipe(under({ hedge: { after: "6 minutes" } }))
        assert.match(late ?? "", /^a: the delay is not shorter than the timeout/)
        yield* registry.bench("b", {})
        const [alone] = yield* told(chain)
        assert.strictEqual(alone, "a: no other target of its tier can be called now without being a probe")
      }).pipe(under({ hedge: { ...always } }))
  )

  it.effect("reports that a tier has no other target, which no waiting changes", () =>
    Effect.gen(function* () {
      const none = 'no target follows it in its tier (policy.hedge.to is "tier")'
      assert.deepStrictEqual(yield* told(chainOf()), ["a: b after 1000 or 1000", `b: ${none}`, `c: ${none}`])
      const [, b] = yield* told(chainOf("random"))
      assert.strictEqual(b, "b: a after 1000 or 1000")
    }).pipe(under({ hedge: { ...always } }))
  )

  it.effect("reports that the budget is used up until enough requests have come", () =>
    Effect.gen(function* () {
      const chain = chainOf()
      assert.match((yield* told(chain))[0] ?? "", /^a: the budget of hedges is used up/)
      yield* play(hedged(chain))
      assert.strictEqual((yield* told(chain))[0], "a: b after 1000 or 1000")
      assert.deepStrictEqual((yield* play(hedged(chain))).value, ["b after 1000"])
    }).pipe(under({ hedge: { ...always, share: 0.5 } }))
  )

  it.effect(
    "says that a request may go to one target only, and names none where there would be no hedge",
    () =>
      Effect.gen(function* () {
        const chain = chainOf()
        const only = "a: a request may go to one target only (policy.targets)"
        assert.strictEqual((yield* told(Chain.withPolicy(chain, { targets: 1 })))[0], only)
        assert.strictEqual(
          (yield* told(Chain.withPolicy(chain, { targets: 2 })))[0],
          "a: b after 1000 or 1000"
        )
        const explained = Effect.flatMap(Failover.Failover, (failover) => failover.explain(chain))
        const [off] = yield* explained.pipe(under({}))
        assert.deepStrictEqual(off?.hedge?.to, [])
      }).pipe(under({ hedge: { ...always } }))
  )

  it.effect("names the next target of a tier that is tried in order, and the first later tier alone", () =>
    Effect.gen(function* () {
      const [a, b, c, d, e, f] = ["a", "b", "c", "d", "e", "f"].map((name) =>
        Model.make(Scripted.make(name, [slow]), "m")
      )
      const first = Chain.withStrategy(Chain.equals(a!, b!, c!), "sequential")
      const second = Chain.withStrategy(Chain.equals(d!, e!), "random")
      assert.deepStrictEqual(yield* told(Chain.make(first, second, f!)), [
        "a: b after 1000 or 1000",
        "b: c after 1000 or 1000",
        "c: d or e after 1000 or 1000",
        "d: e after 1000 or 1000",
        "e: d after 1000 or 1000",
        "f: no target follows it in the chain"
      ])
    }).pipe(under({ hedge: { ...always, to: "chain" } }))
  )

  it.effect("names all targets that a strategy chooses from", () =>
    Effect.gen(function* () {
      const chain = chainOf("random")
      const failover = yield* Failover.Failover
      const targets = yield* failover.explain(chain)
      assert.deepStrictEqual(
        targets.slice(0, 2).map(({ hedge }) => hedge?.to.map(({ key }) => key)),
        [["b/m#default"], ["a/m#default"]]
      )
    }).pipe(under({ hedge: { ...always } }))
  )
})
