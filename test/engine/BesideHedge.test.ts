/** The first of two attempts fails while its hedge is under way, or the hedge fails: which retries are kept for later, and what is benched. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { benches, calls, dead, fault, play, refusal, throttle } from "../support/engine.ts"

const hedge = { after: "1 second", share: 1, to: "chain" } as const
const hedged = (policy: Policy.Options = {}, retryBudget?: number) => layer({ hedge, ...policy }, retryBudget)
type Calls = ReadonlyArray<Scripted.Call<string, Scripted.Part>>
const retries = { times: 2, backoff: ["1 second"] } as const

describe("a process that makes no retries", () => {
  it.effect("makes none of a first attempt that failed beside its hedge", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["never"]],
        [[{ wait: "3 seconds" }, dead()]]
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m"])
    }).pipe(hedged({ retries }, 0))
  )

  it.effect("makes none of a hedge that failed", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "4 seconds" }, dead()]],
        [[{ wait: "1 second" }, fault("ServerError")], ["never"]]
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m"])
    }).pipe(hedged({ retries }, 0))
  )
})

describe("a retry that is due beside a hedge", () => {
  const slow = { times: 1, backoff: ["4 seconds"] } as const

  it.effect("waits for the delay of its schedule, as without a hedge", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["again"]],
        [[{ wait: "1500 millis" }, dead()]]
      )
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "again")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m", "4000 a/m"])
    }).pipe(hedged({ retries: slow }))
  )

  it.effect("waits for it at the hedge's target too", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "2500 millis" }, dead()]],
        [[{ wait: "1 second" }, fault("ServerError")], ["again"]]
      )
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "again")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m", "4000 b/m"])
    }).pipe(hedged({ retries: slow }))
  )

  it.effect("is made even if its delay is longer than maxWait", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["again"]],
        [[{ wait: "1500 millis" }, dead()]]
      )
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "again")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m", "12000 a/m"])
    }).pipe(hedged({ retries: { times: 1, backoff: ["20 seconds"] } }))
  )

  it.effect("is made sooner if the delay does not leave time for it", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["again"]],
        [[{ wait: "1500 millis" }, dead()]]
      )
      assert.strictEqual(
        (yield* play(Failover.complete(chain, "q", { deadline: "8 seconds" }))).value,
        "again"
      )
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m", "5000 a/m"])
    }).pipe(hedged({ retries: { times: 1, backoff: ["20 seconds"] } }))
  )
})

describe("a rule that stops", () => {
  /** Three keys: the first is called, then the second beside it; the third answers. */
  const scene = (first: Calls, second: Calls) => {
    const scripts = { k1: first, k2: second, k3: [["third"]] }
    const a = Scripted.make("a", ({ credential }) => scripts[credential.name as "k1"], {
      credentials: [Credential.make("k1"), Credential.make("k2"), Credential.make("k3")]
    })
    return { a, chain: Chain.make(Model.make(a, "m")) }
  }
  const stopping = { rules: { ServerError: { next: "stop" } }, retries } as const

  it.effect("beside a hedge leaves the other keys of the model to the request: a retry was due", () =>
    Effect.gen(function* () {
      const { a, chain } = scene(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["never"]],
        [[{ wait: "2 seconds" }, dead()]]
      )
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "third")
      assert.deepStrictEqual(calls(a), ["0 a/m#k1", "1000 a/m#k2", "3000 a/m#k3"])
    }).pipe(hedged(stopping))
  )

  it.effect("is another thing than one that avoids the endpoint: the other keys are left then", () =>
    Effect.gen(function* () {
      const { a, chain } = scene(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["never"]],
        [[{ wait: "2 seconds" }, dead()]]
      )
      const b = Scripted.make("b", [["b"]])
      const both = Chain.fromLinks([chain, Model.make(b, "m")])
      assert.strictEqual((yield* play(Failover.complete(both, "q"))).value, "b")
      assert.deepStrictEqual(calls(a, b), ["0 a/m#k1", "1000 a/m#k2", "3000 b/m"])
    }).pipe(hedged({ retries }))
  )

  it.effect("ends the request beside a hedge as well, if no retry is due", () =>
    Effect.gen(function* () {
      const { a, chain } = scene([[{ wait: "2 seconds" }, fault("ServerError")]], [[{ hang: true }]])
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, a.open], ["ChainExhausted", 2_000, 0])
    }).pipe(hedged({ ...stopping, retries: { times: 0 } }))
  )

  it.effect("for a hedge leaves the other keys of the model to the request", () =>
    Effect.gen(function* () {
      const { a, chain } = scene(
        [[{ wait: "3 seconds" }, dead()]],
        [[{ wait: "1 second" }, fault("ServerError")]]
      )
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "third")
      assert.deepStrictEqual(calls(a), ["0 a/m#k1", "1000 a/m#k2", "3000 a/m#k3"])
    }).pipe(hedged({ ...stopping, retries: { times: 0 } }))
  )
})

describe("a hedge whose request can be amended after its refusal", () => {
  it.effect("is made again, amended, when the first attempt fails", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "3 seconds" }, dead()]])
      const b = Scripted.make("b", (_, request) => [request === "q" ? [refusal("MaxTokens")] : ["b"]], {
        withoutOutputLimit: <Asked>(request: Asked) => (request === "q" ? ("amended" as Asked) : undefined)
      })
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, took], ["b", 3_000])
    }).pipe(hedged())
  )
})

describe("a hedge that fails where the request has no attempts left", () => {
  it.effect("is no evidence against its target, as without a hedge", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: "5 seconds" }, "a"]], [[fault("ServerError")]])
      const { benches, value } = yield* play(Failover.complete(chain, "q", { attempts: 1 }))
      assert.deepStrictEqual([value, benches], ["a", []])
    }).pipe(hedged({ retries }))
  )
})

describe("a full target that refuses one of two attempts", () => {
  const names = ["a", "b"] as const
  const chain = Chain.fromLinks(names.map((name) => Model.make(Backend.make(name, {}), "m")))
  /** One request is under way at the full target for ten seconds. The other target takes five seconds, and fails or answers. */
  const scene = (full: "a" | "b", other: Effect.Effect<string, Failure>) => {
    const calls: Array<string> = []
    let open = 0
    const ask = (name: string) =>
      Effect.suspend(() => {
        calls.push(name)
        if (name !== full) return Effect.andThen(Effect.sleep("5 seconds"), other)
        if (open > 0) return Effect.delay(Effect.fail(throttle()), "2 seconds")
        open++
        return Effect.ensuring(
          Effect.delay(Effect.succeed(full), "10 seconds"),
          Effect.sync(() => open--)
        )
      })
    const alone = Chain.fromLinks([Model.make(Backend.make(full, {}), "m")])
    const run = Effect.gen(function* () {
      const first = yield* Effect.forkChild(Failover.use(alone, ({ name }) => ask(name), { hedge: false }))
      yield* TestClock.adjust("1 second")
      const played = yield* play(Failover.use(chain, ({ name }) => ask(name), { hedge: true }))
      yield* Fiber.join(first)
      return { ...played, benches: yield* benches }
    })
    return { calls, run }
  }
  const learning = hedged({ learnedLimit: true, maxWait: "20 seconds", retries: { times: 0 } })

  for (const full of names) {
    const which = full === "a" ? "the first one" : "the hedge"

    it.effect(`is not benched for it (${which})`, () =>
      Effect.gen(function* () {
        const { run } = scene(full, Effect.succeed("other"))
        const { benches, value } = yield* run
        assert.deepStrictEqual([value, benches], ["other", []])
      }).pipe(learning)
    )

    it.effect(`is waited for until it has room, if the other attempt fails (${which})`, () =>
      Effect.gen(function* () {
        const { calls, run } = scene(full, Effect.fail(dead()))
        const { value } = yield* run
        assert.strictEqual(value, full)
        assert.lengthOf(
          calls.filter((name) => name === full),
          3
        )
      }).pipe(learning)
    )

    it.effect(`is waited for with whenAllBenched: wait too (${which})`, () =>
      Effect.gen(function* () {
        const { calls, run } = scene(full, Effect.fail(dead()))
        const { took, value } = yield* run
        assert.deepStrictEqual([value, took], [full, 19_000])
        assert.lengthOf(
          calls.filter((name) => name === full),
          3
        )
      }).pipe(
        hedged({ learnedLimit: true, maxWait: "20 seconds", retries: { times: 0 }, whenAllBenched: "wait" })
      )
    )
  }
})
