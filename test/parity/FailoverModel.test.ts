/** One bench for the process, entries with attempts of their own, and an observer, as in go-llm. See docs/parity.md. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import {
  BenchRegistry,
  Catalog,
  Chain,
  Failover,
  type FailoverEvent,
  Failure,
  Model,
  Policy
} from "effect-failover"
import { Scripted } from "effect-failover/testing"
import {
  ask,
  askInTime,
  broken,
  chainOf,
  isBenched,
  refused,
  strange,
  throttled,
  timesOf,
  under,
  wrongKey
} from "../support/parity.ts"

const test = under({ policy: Policy.threeAttempts })

/** A provider of one model that plays a script, and a second one that answers. */
const pair = (...steps: ReadonlyArray<Scripted.Call<string, Scripted.Part>>) => {
  const [first, second] = [Scripted.make("first", steps), Scripted.make("second", [["fine"]])]
  return { first, second, chain: chainOf(first, second) }
}

const catalogOf = (...names: ReadonlyArray<string>) =>
  Effect.fromResult(
    Catalog.make({
      providers: names.map((name) => ({ backend: Scripted.make(name, [[`from ${name}`]]) })),
      models: { both: { chain: ["a/1", "b/1"] } }
    })
  )

describe("a failover model", () => {
  test("one bench of the process is shared by all chains", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([wrongKey])
      yield* ask(chain)
      const other = Chain.make(Model.make(first, "m"), Model.make(Scripted.make("third", [["third"]]), "m"))
      assert.strictEqual(yield* ask(other), "third")
      assert.strictEqual(first.calls.length, 1)
    }))

  it.effect("one bench of the process is shared by all runtimes", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([wrongKey])
      const layers = [Failover.layer(), Failover.layer({ policy: Policy.threeAttempts })]
      const memo = yield* Layer.makeMemoMap
      for (const layer of layers) {
        const scope = yield* Effect.scope
        const context = yield* Layer.buildWithMemoMap(layer, memo, scope)
        assert.strictEqual(yield* Effect.provideContext(ask(chain), context), "fine")
      }
      assert.strictEqual(first.calls.length, 1)
    })
  )

  test("every entry of a chain gets three attempts", () =>
    Effect.gen(function* () {
      const providers = ["a", "b", "c"].map((name) => Scripted.make(name, [[broken]]))
      yield* askInTime(chainOf(...providers))
      assert.deepStrictEqual(
        providers.map(({ calls }) => calls.length),
        [3, 3, 3]
      )
    }))

  test("an entry with used-up attempts is benched for five minutes", () =>
    Effect.gen(function* () {
      const { chain } = pair([broken])
      yield* askInTime(chain, { within: "1 second" })
      yield* TestClock.adjust("299 seconds")
      assert.isTrue(yield* isBenched("first/m#default"))
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* isBenched("first/m#default"))
    }))

  test("the backoff between attempts begins at 200 ms and doubles up to 10 s", () =>
    Effect.gen(function* () {
      const { first } = pair([broken])
      const patient = Policy.combine(Policy.threeAttempts, { retries: { times: 8 } })
      yield* askInTime(Chain.withPolicy(chainOf(first), patient))
      const times = timesOf(first)
      assert.deepStrictEqual(
        times.slice(1).map((time, index) => time - (times[index] ?? 0)),
        [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]
      )
    }))

  test("the backoff has full jitter, from nothing to all of the delay", () =>
    Effect.gen(function* () {
      for (const [chance, expected] of [
        [0, [0, 0, 0]],
        [0.5, [0, 100, 300]],
        [1, [0, 200, 600]]
      ] as const) {
        const provider = Scripted.make(`with${chance * 10}`, [[broken]])
        yield* askInTime(chainOf(provider), { chance })
        const [began = 0] = timesOf(provider)
        assert.deepStrictEqual(
          timesOf(provider).map((time) => time - began),
          [...expected]
        )
      }
    }))

  it.effect("the defaults of the process can be set once at the start", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([broken])
      yield* askInTime(chain, { within: "1 second" })
      assert.strictEqual(first.calls.length, 3)
      yield* TestClock.adjust("4 minutes")
      assert.isTrue(yield* isBenched("first/m#default"))
    }).pipe(
      Effect.provide(Failover.layer()),
      Effect.provide(Layer.succeed(Policy.ProcessDefaults, Policy.threeAttempts))
    )
  )

  test("a transient failure benches after the first exhausted visit", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([broken])
      yield* askInTime(chain, { within: "1 second" })
      assert.isTrue(yield* isBenched("first/m#default"))
      assert.strictEqual(first.calls.length, 3)
    }))

  test("after how many exhausted visits a transient failure benches can be said", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([broken])
      const policy = Policy.combine(Policy.threeAttempts, { threshold: { transient: 2 } })
      const patient = Chain.withPolicy(chain, policy)
      yield* askInTime(patient, { within: "1 second" })
      assert.isFalse(yield* isBenched("first/m#default"))
      yield* askInTime(patient, { within: "1 second" })
      assert.isTrue(yield* isBenched("first/m#default"))
      assert.strictEqual(first.calls.length, 6)
    }))

  test("a dead key benches at once, with a single attempt", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([wrongKey])
      assert.strictEqual(yield* ask(chain), "fine")
      assert.strictEqual(first.calls.length, 1)
      assert.isTrue(yield* isBenched("first#default"))
    }))

  test("a request that a model refuses moves on without a bench", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([refused])
      const moving = Chain.withPolicy(chain, Policy.moveOnBadRequest)
      assert.strictEqual(yield* ask(moving), "fine")
      assert.strictEqual(yield* ask(moving), "fine")
      assert.strictEqual(first.calls.length, 2)
      const registry = yield* BenchRegistry.BenchRegistry
      assert.deepStrictEqual(yield* registry.list, [])
    }))

  test("an unknown failure is retried and then benches", () =>
    Effect.gen(function* () {
      const { chain, first } = pair([strange])
      assert.strictEqual(yield* askInTime(chain, { within: "1 second" }), "fine")
      assert.strictEqual(first.calls.length, 3)
      assert.isTrue(yield* isBenched("first/m#default"))
    }))

  test("a caller who cancels aborts the request without a failover", () =>
    Effect.gen(function* () {
      const { chain, first, second } = pair([{ hang: true }])
      const caller = yield* Effect.forkChild(ask(chain), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(caller)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([first.calls.length, second.calls.length], [1, 0])
      assert.deepStrictEqual([first.calls[0]?.outcome, first.open], ["interrupted", 0])
    }))

  test("a caller who cancels benches nothing", () =>
    Effect.gen(function* () {
      const { chain } = pair([{ hang: true }])
      const caller = yield* Effect.forkChild(ask(chain), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(caller)
      const registry = yield* BenchRegistry.BenchRegistry
      assert.deepStrictEqual(yield* registry.list, [])
      assert.isTrue((yield* registry.report).every(({ failures }) => failures === 0))
    }))

  test("when every entry is benched, one is tried anyway", () =>
    Effect.gen(function* () {
      const only = Scripted.make("only", [[wrongKey], ["back again"]])
      yield* ask(chainOf(only))
      assert.isTrue(yield* isBenched("only#default"))
      assert.strictEqual(yield* ask(chainOf(only)), "back again")
    }))

  test("the bench can be listed", () =>
    Effect.gen(function* () {
      const { chain } = pair([wrongKey])
      yield* ask(chain)
      const registry = yield* BenchRegistry.BenchRegistry
      const [info, ...others] = yield* registry.list
      assert.deepInclude(info, { key: "first#default", reason: "InvalidKey", since: 0, until: 300_000 })
      assert.deepStrictEqual(others, [])
    }))

  test("an entry can be benched until a moment", () =>
    Effect.gen(function* () {
      const { chain, first } = pair(["hello"])
      const registry = yield* BenchRegistry.BenchRegistry
      yield* registry.bench("first/m", { until: 90_000 })
      yield* TestClock.adjust("89 seconds")
      assert.strictEqual(yield* ask(chain), "fine")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* ask(chain), "hello")
      assert.strictEqual(first.calls.length, 1)
    }))

  test("taking an entry off the bench says whether it was there", () =>
    Effect.gen(function* () {
      const { chain } = pair([wrongKey], ["hello"])
      yield* ask(chain)
      const registry = yield* BenchRegistry.BenchRegistry
      assert.deepStrictEqual(
        [yield* registry.unbench("first#default"), yield* registry.unbench("first#default")],
        [true, false]
      )
      assert.strictEqual(yield* ask(chain), "hello")
    }))

  test("it can be asked whether an entry is benched", () =>
    Effect.gen(function* () {
      const { chain } = pair([wrongKey])
      const registry = yield* BenchRegistry.BenchRegistry
      assert.isFalse(yield* registry.isBenched("first#default"))
      yield* ask(chain)
      assert.isTrue(yield* registry.isBenched("first#default"))
      assert.isFalse(yield* registry.isBenched("second#default"))
    }))

  test("what was benched by hand is marked as such", () =>
    Effect.gen(function* () {
      const { chain } = pair([wrongKey])
      yield* ask(chain)
      const registry = yield* BenchRegistry.BenchRegistry
      yield* registry.bench("second", { reason: "maintenance", by: "ada" })
      assert.deepStrictEqual(
        (yield* registry.list).map(({ by, evidence, key, reason, status }) => [
          key,
          status,
          reason,
          evidence,
          by
        ]),
        [
          ["first#default", "resting", "InvalidKey", undefined, undefined],
          ["second", "manual", "Manual", "maintenance", "ada"]
        ]
      )
    }))

  test("an observer receives model, error, kind, attempt, bench and its length, next model and the whole request", () =>
    Effect.gen(function* () {
      const { chain } = pair([broken], [wrongKey])
      const heard: Array<FailoverEvent.FailoverEvent> = []
      yield* askInTime(chain, { observer: (event) => void heard.push(event), within: "1 second" })
      const failed = heard.filter((event) => event._tag === "AttemptFailed")
      assert.deepStrictEqual(
        failed.map(({ action, at, attempt, benched, failure, run, target }) => ({
          model: `${target.provider}/${target.model}`,
          error: failure,
          kind: Failure.classOf(failure),
          attempt,
          benched: benched?.key,
          benchedFor: benched && benched.until - at,
          next: action._tag === "Next" ? action.model : undefined,
          request: run.request
        })),
        [
          {
            model: "first/m",
            error: broken,
            kind: "ServerError",
            attempt: 1,
            benched: undefined,
            benchedFor: undefined,
            next: undefined,
            request: "a prompt"
          },
          {
            model: "first/m",
            error: wrongKey,
            kind: "InvalidKey",
            attempt: 2,
            benched: "first#default",
            benchedFor: 300_000,
            next: "second/m",
            request: "a prompt"
          }
        ]
      )
    }))

  test("a chain is made of a list of specs", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf("a", "b")
      const chain = yield* Effect.fromResult(catalog.chain(["a/large", "b/small"]))
      assert.deepStrictEqual(Chain.specs(chain), ["a/large", "b/small"])
      assert.strictEqual(yield* ask(chain), "from a")
    }))

  test("a chain is made of one text of specs with commas", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf("a", "b")
      const chain = yield* Effect.fromResult(catalog.chain("a/large, b/small"))
      assert.deepStrictEqual(Chain.specs(chain), ["a/large", "b/small"])
    }))

  test("chains inside of a chain are flattened", () =>
    Effect.gen(function* () {
      const [a, b, c] = ["a", "b", "c"].map((name) => Model.make(Scripted.make(name, [["hello"]]), "m"))
      const nested = Chain.fromLinks([a!, Chain.fromLinks([b!, Chain.fromLinks([c!, a!])])])
      assert.deepStrictEqual(Chain.specs(nested), ["a/m", "b/m", "c/m"])
      const catalog = yield* catalogOf("a", "b")
      const named = yield* Effect.fromResult(catalog.chain(["b/2", "both"]))
      assert.deepStrictEqual(Chain.specs(named), ["b/2", "a/1", "b/1"])
    }))

  test("a chain of no specs, and one with an empty spec, are refused with a typed error", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf("a", "b")
      for (const specs of ["", " , ", [], ["a/1", ""]]) {
        const made = catalog.chain(specs)
        assert.isTrue(Result.isFailure(made) && made.failure._tag === "EmptyChain", JSON.stringify(specs))
      }
    }))

  test("the provider gets the bare name of the model", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const router = Scripted.make("router", ({ model }) => {
        seen.push(model)
        return [["hello"]]
      })
      const catalog = yield* Effect.fromResult(Catalog.make({ providers: [{ backend: router }] }))
      yield* ask(yield* Effect.fromResult(catalog.chain("router/meta-llama/llama-4")))
      assert.deepStrictEqual(seen, ["meta-llama/llama-4"])
    }))

  test("an exhausted chain fails with all causes, joined in one message and as values", () =>
    Effect.gen(function* () {
      const chain = chainOf(Scripted.make("first", [[wrongKey]]), Scripted.make("second", [[throttled]]))
      const error = yield* ask(Chain.withPolicy(chain, { maxWait: 0 }))
      if (typeof error === "string" || error._tag !== "ChainExhausted")
        return assert.fail("it is not exhausted")
      assert.deepStrictEqual(
        error.attempts.map(({ failure, target }) => [target, failure]),
        [
          ["first/m#default", wrongKey],
          ["second/m#default", throttled]
        ]
      )
      assert.include(error.message, wrongKey.message)
      assert.include(error.message, throttled.message)
    }))

  test("a stream fails over before its first content and never after it", () =>
    Effect.gen(function* () {
      const read = (steps: Scripted.Call<string, Scripted.Part>) => {
        const { chain, second } = pair(steps)
        const texts: Array<string> = []
        return Failover.stream(chain, "a prompt").pipe(
          Stream.runForEach((part) => Effect.sync(() => void (part.text !== "" && texts.push(part.text)))),
          Effect.result,
          Effect.map((result) => ({ texts, failed: Result.isFailure(result), second: second.calls.length }))
        )
      }
      assert.deepStrictEqual(yield* read([Scripted.held("role"), wrongKey]), {
        texts: ["fine"],
        failed: false,
        second: 1
      })
      const registry = yield* BenchRegistry.BenchRegistry
      yield* registry.unbench("first#default")
      assert.deepStrictEqual(yield* read(["some", wrongKey]), { texts: ["some"], failed: true, second: 0 })
    }))
})
