/** Chains of models that are marked when they cannot serve, as in newer versions of rsclaw. See docs/parity.md. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { BenchRegistry, Catalog, Chain, Failover, Failure, Model, Policy } from "effect-failover"
import { Classifier } from "effect-failover/classifier"
import { Scripted } from "effect-failover/testing"
import {
  ask,
  askInTime,
  broken,
  chainOf,
  isBenched,
  keysOf,
  noBalance,
  noModel,
  refused,
  strange,
  throttled,
  timesOf,
  tooLong,
  under,
  withKeys,
  wrongKey
} from "../support/parity.ts"

const test = under({ policy: Policy.modelHealth })

const fine = [["fine"]] as const

/** The result of a first model's failure, with a second model behind it: the answer, and whether the first one is benched. */
const outcomeOf = (failure: Failure.Failure) =>
  Effect.gen(function* () {
    const [first, second] = [Scripted.make("first", [[failure]]), Scripted.make("second", fine)]
    const answer = yield* askInTime(chainOf(first, second), { within: "4 seconds" })
    const marked = (yield* isBenched("first/m#default")) || (yield* isBenched("first#default"))
    return { answer, marked, calls: first.calls.length, times: timesOf(first) }
  })

const catalogOf = (fallbacks: ReadonlyArray<string> = []) =>
  Effect.fromResult(
    Catalog.make({
      providers: ["a", "b", "c"].map((name) => ({ backend: Scripted.make(name, [[`from ${name}`]]) })),
      fallbacks
    })
  )

const capped = { prompt: "hi", maxTokens: 1_000_000 }
type Request = { readonly prompt: string; readonly maxTokens?: number }

/** A provider that refuses every output limit, and then plays `steps`. */
const refusingCaps = (steps: Scripted.Call<string, Scripted.Part>) =>
  Scripted.makeWith<Request, string, Scripted.Part>(
    { answer: (text) => text, chunk: (part) => part, phase: (part) => part.phase },
    "first",
    (_, request) => [
      request.maxTokens === undefined
        ? steps
        : [new Failure.BadRequest({ reason: "MaxTokens", message: "too many tokens" })]
    ],
    {
      withoutOutputLimit: <R extends Request>({ maxTokens, ...request }: R) =>
        maxTokens === undefined ? undefined : (request as R)
    }
  )

const askCapped = (provider: ReturnType<typeof refusingCaps>) =>
  Failover.complete(Chain.make(Model.make(provider, "m")), capped)

describe("a chain with model health", () => {
  test("a chain is the request's model, the request's fallbacks and the fallbacks for everything", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf(["c/last"])
      const chain = yield* Effect.fromResult(catalog.resolve("a/1", { fallbacks: ["b/1", "b/2"] }))
      assert.deepStrictEqual(Chain.specs(chain), ["a/1", "b/1", "b/2", "c/last"])
    }))

  test("the names of a chain are trimmed", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf([" c/last "])
      const chain = yield* Effect.fromResult(catalog.resolve(" a/1", { fallbacks: ["b/1\n"] }))
      assert.deepStrictEqual(Chain.specs(chain), ["a/1", "b/1", "c/last"])
    }))

  test("empty names of a chain are dropped", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf()
      const chain = yield* Effect.fromResult(catalog.resolve("a/1", { fallbacks: ["", "b/1", "  "] }))
      assert.deepStrictEqual(Chain.specs(chain), ["a/1", "b/1"])
    }))

  test("a name that is repeated in a chain keeps its first place only", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf(["a/1", "b/1"])
      const chain = yield* Effect.fromResult(catalog.resolve("a/1", { fallbacks: ["b/1", "a/1"] }))
      assert.deepStrictEqual(Chain.specs(chain), ["a/1", "b/1"])
    }))

  test("a model that is not callable is skipped without a call", () =>
    Effect.gen(function* () {
      const [first, second] = [Scripted.make("first", fine), Scripted.make("second", [["other"]])]
      const registry = yield* BenchRegistry.BenchRegistry
      yield* registry.bench("first/m")
      assert.strictEqual(yield* ask(chainOf(first, second)), "other")
      assert.strictEqual(first.calls.length, 0)
    }))

  test("each provider has its own order of profiles", () =>
    Effect.gen(function* () {
      const no = [[throttled]] as const
      const [one, two] = [withKeys("one", { b: no, a: no }), withKeys("two", { a: no, b: no })]
      yield* ask(chainOf(one, two))
      assert.deepStrictEqual(
        [keysOf(one), keysOf(two)],
        [
          ["b", "a"],
          ["a", "b"]
        ]
      )
    }))

  test("a provider without profiles has one that is called default", () =>
    Effect.gen(function* () {
      const plain = Scripted.make("plain", fine)
      yield* ask(chainOf(plain))
      assert.deepStrictEqual(keysOf(plain), ["default"])
    }))

  test("a cooldown belongs to one profile of one provider and never to its sibling", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: [[throttled]], second: fine })
      const other = withKeys("other", { first: fine })
      assert.strictEqual(yield* ask(chainOf(acme)), "fine")
      assert.isTrue(yield* isBenched("acme#first"))
      assert.isFalse(yield* isBenched("acme#second"))
      yield* ask(Chain.make(Model.make(acme, "another")))
      yield* ask(chainOf(other))
      assert.deepStrictEqual(keysOf(acme), ["first", "second", "second"])
      assert.deepStrictEqual(keysOf(other), ["first"])
    }))

  test("cooldowns grow from 5 s to 300 s with every hit in a row", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { only: [[throttled]] })
      const registry = yield* BenchRegistry.BenchRegistry
      const rests: Array<number> = []
      for (let hit = 0; hit < 8; hit++) {
        const began = hit === 0 ? 0 : rests.reduce((sum, rest) => sum + rest * 1000, 0)
        yield* ask(chainOf(acme))
        const [info] = yield* registry.list
        rests.push(((info?.until ?? 0) - began) / 1000)
        yield* TestClock.adjust((info?.until ?? 0) - began)
      }
      assert.deepStrictEqual(rests, [5, 10, 20, 40, 80, 160, 300, 300])
    }))

  test("expired cooldowns and their counts are collected", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { only: [[throttled]] })
      const other = withKeys("other", { only: [[throttled]] })
      const registry = yield* BenchRegistry.BenchRegistry
      yield* ask(chainOf(acme))
      yield* TestClock.adjust("2 hours")
      yield* ask(chainOf(other))
      assert.deepStrictEqual(
        (yield* registry.list).map(({ key }) => key),
        ["other#only"]
      )
      yield* ask(chainOf(acme))
      const info = (yield* registry.list).find(({ key }) => key === "acme#only")
      assert.deepInclude(info, { consecutiveBenches: 1, until: 7_200_000 + 5_000 })
    }))

  test("a rate limit cools the profile and the next profile is asked", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: [[throttled]], second: fine })
      assert.strictEqual(yield* ask(chainOf(acme)), "fine")
      assert.deepStrictEqual(keysOf(acme), ["first", "second"])
      assert.isTrue(yield* isBenched("acme#first"))
    }))

  test("an auth error cools the profile and the next profile is asked", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: [[wrongKey]], second: fine })
      assert.strictEqual(yield* ask(chainOf(acme)), "fine")
      assert.deepStrictEqual(keysOf(acme), ["first", "second"])
      assert.isTrue(yield* isBenched("acme#first"))
    }))

  test("a transient error is retried after 500 ms and 2 s at most, then the next model answers", () =>
    Effect.gen(function* () {
      const { answer, times } = yield* outcomeOf(broken)
      assert.strictEqual(answer, "fine")
      assert.deepStrictEqual(times, [0, 500, 2_500])
    }))

  test("an unknown error is retried after 500 ms and 2 s at most, then the next model answers", () =>
    Effect.gen(function* () {
      const { answer, times } = yield* outcomeOf(strange)
      assert.strictEqual(answer, "fine")
      assert.deepStrictEqual(times, [0, 500, 2_500])
    }))

  test("an unknown error moves on without marking the model", () =>
    Effect.gen(function* () {
      const [first, second] = [Scripted.make("first", [[strange]]), Scripted.make("second", fine)]
      for (let turn = 0; turn < 4; turn++) yield* askInTime(chainOf(first, second), { within: "4 seconds" })
      assert.strictEqual(first.calls.length, 12)
      assert.isFalse(yield* isBenched("first/m#default"))
    }))

  test("an exhausted balance marks the model", () =>
    Effect.map(outcomeOf(noBalance), ({ answer, calls, marked }) =>
      assert.deepStrictEqual([answer, calls, marked], ["fine", 1, true])
    ))

  test("a missing model marks the model", () =>
    Effect.map(outcomeOf(noModel), ({ answer, calls, marked }) =>
      assert.deepStrictEqual([answer, calls, marked], ["fine", 1, true])
    ))

  test("an auth error marks the model", () =>
    Effect.map(outcomeOf(wrongKey), ({ answer, calls, marked }) =>
      assert.deepStrictEqual([answer, calls, marked], ["fine", 1, true])
    ))

  test("a rate limit marks the model", () =>
    Effect.gen(function* () {
      const { answer, calls, marked } = yield* outcomeOf(throttled)
      assert.deepStrictEqual([answer, calls, marked], ["fine", 1, true])
    }))

  test("a bad request goes to the caller and to no other model", () =>
    Effect.gen(function* () {
      const { answer, calls, marked } = yield* outcomeOf(refused)
      assert.isTrue(typeof answer !== "string" && answer._tag === "BadRequest")
      assert.deepStrictEqual([calls, marked], [1, false])
    }))

  test("a prompt that is too long goes to the caller and to no other model", () =>
    Effect.gen(function* () {
      const { answer, calls, marked } = yield* outcomeOf(tooLong)
      assert.isTrue(typeof answer !== "string" && answer._tag === "ContextExceeded")
      assert.deepStrictEqual([calls, marked], [1, false])
    }))

  test("an over-large max_tokens is left out and the same model is asked once more", () =>
    Effect.gen(function* () {
      const first = refusingCaps(["fine"])
      const answer = yield* Effect.orDie(askCapped(first))
      assert.strictEqual(answer, "fine")
      assert.deepStrictEqual(
        first.calls.map(({ request }) => request.maxTokens),
        [1_000_000, undefined]
      )
    }))

  test("when leaving max_tokens out does not help, the error tells the user what to lower", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        askCapped(refusingCaps([new Failure.BadRequest({ reason: "MaxTokens", message: "still too many" })]))
      )
      assert.strictEqual(error._tag, "BadRequest")
      assert.match(error.message, /^still too many .*lower max_tokens/)
    }))

  test("a 429 that is really a token ceiling is no rate limit", () =>
    Effect.gen(function* () {
      const failure = Classifier.classify({
        status: 429,
        body: JSON.stringify({
          error: {
            type: "rate_limit_error",
            message: "max_tokens (64000) exceeds the maximum allowed for your tier (8192)."
          }
        })
      })
      assert.deepInclude({ ...failure }, { _tag: "BadRequest", reason: "MaxTokens", status: 429 })
      const { marked } = yield* outcomeOf(failure)
      assert.isFalse(marked)
    }))

  test("a model of a provider that is not registered is skipped for the next model", () =>
    Effect.gen(function* () {
      const catalog = yield* catalogOf()
      const resolve = catalog.resolve("nobody/1", { fallbacks: ["b/1", "nobody/2", "c/1"], unknown: "skip" })
      const chain = yield* Effect.fromResult(resolve)
      assert.strictEqual(yield* ask(chain), "from b")
      assert.deepStrictEqual(Chain.specs(chain), ["b/1", "c/1"])
    }))

  test("an exhausted chain and one that is all cooling have different messages, each with the count of models", () =>
    Effect.gen(function* () {
      const chain = chainOf(...["a", "b", "c"].map((name) => Scripted.make(name, [[throttled]])))
      const exhausted = yield* ask(chain)
      const cooling = yield* ask(chain)
      assert.isTrue(typeof exhausted !== "string" && exhausted._tag === "ChainExhausted")
      assert.isTrue(typeof cooling !== "string" && cooling._tag === "AllBenched")
      assert.match(messageOf(exhausted), /^all 3 attempts at a chain of 3 models failed: /)
      assert.match(messageOf(cooling), /^no target of a chain of 3 models can be called: /)
    }))
})

const messageOf = (error: string | Error) => (typeof error === "string" ? "" : error.message)
