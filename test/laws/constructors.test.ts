/** Constructors reject invalid options when they are called, and the error says what is wrong, where, and what is valid. */
import { assert, describe, it } from "@effect/vitest"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  ChainEmbeddingModel,
  ChainLanguageModel,
  FailoverEmbeddingModel,
  FailoverLanguageModel
} from "../../src/ai/index.ts"
import { RateLimits } from "../../src/health/limits/index.ts"
import {
  Backend,
  Backoff,
  BenchRegistry,
  Chain,
  Commit,
  Credential,
  Failover,
  Model,
  Policy
} from "../../src/index.ts"
import { Decisions, RecentTraffic } from "../../src/observe/index.ts"
import { Anthropic, OpenAi, type Transport, UndiciTransport } from "../../src/providers/index.ts"
import { HealthCheck, Ramp, UpstreamRouter } from "../../src/router/index.ts"
import { Scripted } from "../../src/testing/index.ts"

const nonsense = <A>(value: unknown): A => value as A

/** A chain of one model of a new provider with this name. */
const named = (name: string) => Chain.make(Model.make(Scripted.make(name, [["one"]]), "m"))

/** The rejected call, and a part of its message. */
const refused: Record<string, readonly [() => unknown, RegExp]> = {
  "a credential's name with #": [() => Credential.make("a#b"), /name is "a#b"; it has to be made of letters/],
  "an empty name of a credential": [() => Credential.make(""), /name is ""/],
  "a weight of NaN": [() => Credential.make("a", { weight: Number.NaN }), /weight is NaN/],
  "a negative weight": [() => Credential.make("a", { weight: -1 }), /at least 0/],
  "an rpm of 0": [() => Credential.make("a", { rpm: 0 }), /rpm is 0; .*more than 0/],
  "an rpm of NaN": [() => Credential.make("a", { rpm: Number.NaN }), /rpm is NaN/],
  "two credentials with one name": [
    () => Backend.make("p", {}, { credentials: [Credential.make("a"), Credential.make("a")] }),
    /two credentials are called "a"/
  ],
  "no credentials": [() => Backend.make("p", {}, { credentials: nonsense([]) }), /credentials is empty/],
  "a backend's name with /": [() => Backend.make("a/b", {}), /name is "a\/b"/],
  "an unknown strategy": [
    () => Backend.make("p", {}, { strategy: nonsense("best") }),
    /"sequential", "roundRobin"/
  ],
  "a model without a name": [() => Model.make(Backend.make("p", {}), " "), /name of the model is empty/],
  "an invalid window": [
    () => Model.make(Backend.make("p", {}), "m", { contextWindow: -1 }),
    /contextWindow is -1/
  ],
  "two providers with one name": [
    () => Chain.make(Model.make(Backend.make("p", {}), "m"), Model.make(Backend.make("p", {}), "n")),
    /two different providers are called "p"/
  ],
  "two providers with one name in nested chains": [
    () =>
      Chain.make(
        Chain.make(Model.make(Scripted.make("p", [["one"]]), "m")),
        Chain.make(Model.make(Scripted.make("p", [["two"]]), "m"))
      ),
    /two different providers are called "p"/
  ],
  "two providers with one name in a chain for long prompts": [
    () => Chain.onContextExceeded(named("p"), named("p")),
    /Chain.onContextExceeded: two different providers are called "p"/
  ],
  "two providers with one name in both special chains": [
    () => Chain.onContentPolicy(Chain.onContextExceeded(named("q"), named("p")), named("p")),
    /Chain.onContentPolicy: two different providers are called "p"/
  ],
  "two providers with one name in tiers": [
    () => Chain.fromTiers([{ models: named("p").models }, { models: named("p").models }]),
    /two different providers are called "p"/
  ],
  "an unknown strategy of a tier": [
    () => Chain.fromTiers([{ models: named("p").models, strategy: nonsense("best") }]),
    /the strategy is one of sequential/
  ],
  "a provider instead of a model": [
    () => Chain.make(nonsense<Model.Model<Backend.Backend>>(Scripted.make("p", [["one"]]))),
    /link 1 is neither a model nor a chain; .*provider.model\("name"\)/
  ],
  "no special chain": [
    () => Chain.onContextExceeded(named("p"), nonsense<ReturnType<typeof named>>(undefined)),
    /Chain.onContextExceeded: the other chain is not a chain/
  ],
  "a model instead of a special chain": [
    () =>
      Chain.onContentPolicy(
        named("p"),
        nonsense<ReturnType<typeof named>>(Model.make(Backend.make("q", {}), "m"))
      ),
    /Chain.onContentPolicy: the other chain is not a chain/
  ],
  "an API key that is a number": [() => Credential.make("a", { apiKey: nonsense(7) }), /apiKey is not a key/],
  "a string for enabled": [
    () => Credential.make("a", { enabled: nonsense("no") }),
    /enabled is "no"; it has to be true or false/
  ],
  "a base URL that is a number": [() => Credential.make("a", { baseUrl: nonsense(7) }), /baseUrl is 7/],
  "a backend's base URL that is a number": [
    () => Backend.make("p", {}, { baseUrl: nonsense(7) }),
    /baseUrl is 7; it has to be a string/
  ],
  "an empty chain": [
    () => nonsense<(...links: ReadonlyArray<never>) => unknown>(Chain.make)(),
    /chain is empty/
  ],
  "an invalid policy of a chain": [
    () => Chain.withPolicy(Chain.make(Model.make(Backend.make("p", {}), "m")), { attempts: 0 }),
    /attempts is 0; it has to be a whole number, at least 1/
  ],
  "an invalid policy of a backend": [
    () => Backend.make("p", {}, { policy: { fallbackReserve: 2 } }),
    /policy of p: fallbackReserve is 2; .*0 to 1/
  ],
  "an invalid policy of a model": [
    () => Model.make(Backend.make("p", {}), "m", { policy: { deadline: -1 } }),
    /policy of p\/m: deadline is -1/
  ],
  "an invalid policy of a scripted provider": [
    () => Scripted.make("p", [["one"]], { policy: { fallbackReserve: 2 } }),
    /fallbackReserve is 2/
  ],
  "delays of NaN": [() => Backoff.fullJitter([Number.NaN]), /delay 0 is NaN/],
  "a negative number of retries": [() => Backoff.fullJitter([1], -1), /times is -1/],
  "doubling from NaN": [() => Backoff.doubling(Number.NaN, 5), /base is NaN/],
  "a number of chunks that is NaN": [() => Commit.chunks(Number.NaN), /count is NaN/],
  "no chunks": [() => Commit.chunks(0), /Commit.chunks: count is 0; it has to be a whole number, at least 1/],
  "half a chunk": [() => Commit.chunks(1.5), /count is 1.5/],
  "a record of 0 decisions": [
    () => Decisions.make({ capacity: 0 }),
    /Decisions.make: capacity is 0; .*at least 1/
  ],
  "a record of NaN decisions": [() => Decisions.make({ capacity: Number.NaN }), /capacity is NaN/],
  "recent traffic of 0 targets": [
    () => RecentTraffic.make({ capacity: -3 }),
    /RecentTraffic.make: capacity is -3; .*at least 1/
  ],
  "recent traffic without steps": [
    () => RecentTraffic.make({ steps: 0 }),
    /steps is 0; it has to be a whole number/
  ],
  "recent traffic with infinitely many steps": [
    () => RecentTraffic.make({ steps: Number.POSITIVE_INFINITY }),
    /steps is Infinity/
  ],
  "steps of length 0": [() => RecentTraffic.make({ stepMillis: 0 }), /stepMillis is 0; .*more than 0/],
  "a ramp that begins above 1": [() => Ramp.make({ from: 2 }), /share from 0 to 1/],
  "a ramp with a negative length": [() => Ramp.make({ over: -1 }), /over is -1/],
  "a transport with 0 connections": [() => UndiciTransport.make({ connections: 0 }), /connections is 0/],
  "a limiter with a negative timeout": [
    () => RateLimits.make({ timeout: -1 }),
    /RateLimits.make: timeout is -1/
  ]
}

/** Invalid policies. */
const policies: Record<string, readonly [object, RegExp]> = {
  "no attempts": [{ attempts: 0 }, /attempts is 0/],
  "half an attempt": [{ attempts: 1.5 }, /attempts is 1.5/],
  "attempts of NaN": [{ attempts: Number.NaN }, /attempts is NaN/],
  "a reserve of 2": [{ fallbackReserve: 2 }, /fallbackReserve is 2; it has to be a share from 0 to 1/],
  "a negative deadline": [{ deadline: -1 }, /deadline is -1/],
  "a negative deadline as text": [{ deadline: "-1 seconds" }, /deadline is "-1 seconds"/],
  "a maxWait of NaN": [{ maxWait: Number.NaN }, /maxWait is NaN/],
  "a duration that cannot be parsed": [{ deadline: "soon" }, /deadline is "soon"/],
  "an unknown value of whenAllBenched": [{ whenAllBenched: "panic" }, /"tryAnyway", "wait", "fail"/],
  "an unknown value of malformedEvents": [{ malformedEvents: "keep" }, /"fail", "drop"/],
  "an unknown commit point": [{ commit: { _tag: "Soon" } }, /commit._tag is "Soon"/],
  "a commit point after 0 chunks": [{ commit: { _tag: "Chunks", count: 0 } }, /commit.count is 0/],
  "an unknown timeout": [{ timeouts: { first: 1 } }, /timeouts.first is unknown \(known: connect/],
  "a negative timeout": [{ timeouts: { idle: -5 } }, /timeouts.idle is -5/],
  "a threshold of 0": [{ threshold: { transient: 0 } }, /threshold.transient is 0/],
  "retries below none": [{ retries: { times: -1 } }, /retries.times is -1/],
  "retries without delays": [{ retries: { backoff: [] } }, /retries.backoff has to be a list/],
  "a negative cooldown": [{ cooldown: { transient: { base: -1 } } }, /cooldown.transient.base is -1/],
  "a first cooldown above the longest": [
    { cooldown: { transient: { base: "1 minute", max: "5 seconds" } } },
    /cooldown.transient.base is longer than max/
  ],
  "the same in a rule": [
    { rules: { Unknown: { rest: { base: 2, max: 1 } } } },
    /rules.Unknown.rest.base is longer than max/
  ],
  "a deadline of 0": [{ deadline: 0 }, /deadline has no length; it has to be longer than zero/],
  "an answer timeout of 0": [{ timeouts: { answer: "0 millis" } }, /timeouts.answer has no length/],
  "an unknown cooldown": [{ cooldown: { all: {} } }, /cooldown.all is unknown/],
  "an unknown rule": [{ rules: { Tired: {} } }, /rules.Tired is not a failure class \(known: RateLimit/],
  "an unknown value of retry": [{ rules: { Unknown: { retry: "often" } } }, /rules.Unknown.retry is "often"/],
  "an unknown value of next": [{ rules: { Unknown: { next: "home" } } }, /rules.Unknown.next is "home"/],
  "an unknown scope": [
    { rules: { Unknown: { rest: { scope: "all" } } } },
    /rules.Unknown.rest.scope is "all"/
  ],
  "an unknown option": [{ attemps: 3 }, /attemps is unknown \(known: .*attempts/]
}

const died = (effect: Effect.Effect<unknown, unknown, Scope.Scope>) =>
  Effect.map(Effect.exit(Effect.scoped(effect)), (exit) =>
    Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? Cause.pretty(exit.cause) : "it did not die"
  )

describe("invalid options are rejected", () => {
  for (const [what, [make, message]] of Object.entries(refused)) {
    it(what, () => {
      assert.throws(make, message)
    })
  }
  for (const [what, [policy, message]] of Object.entries(policies)) {
    it(`a policy with ${what}`, () => {
      assert.throws(() => Policy.make(policy), message)
    })
  }

  it.effect("by a runtime, whose construction dies", () =>
    Effect.gen(function* () {
      const make = (options: object) =>
        died(Effect.provide(Failover.make(options), BenchRegistry.layerMemory))
      assert.match(yield* make({ retryBudget: Number.NaN }), /retryBudget is NaN/)
      assert.match(yield* make({ retryBudget: -1 }), /retryBudget is -1/)
      assert.match(yield* make({ limiter: {} }), /limiter has a take that is undefined/)
      assert.match(yield* make({ observer: "log" }), /observer is "log"; it has to be a function/)
      assert.match(yield* make({ policy: { rules: { Tired: {} } } }), /rules.Tired/)
    })
  )

  it.effect("by a call", () =>
    Effect.gen(function* () {
      const provider = Scripted.make("p", [["one"]])
      const chain = Chain.make(Model.make(provider, "m"))
      const runtime = Effect.provide(Failover.layer())
      const use = (call: object, effect: unknown = () => Effect.succeed(1)) =>
        died(
          runtime(
            Failover.use(
              chain,
              nonsense<() => Effect.Effect<number>>(effect),
              nonsense<Failover.CallOptions>(call)
            )
          )
        )
      assert.match(yield* use({ classify: 7 }), /classify is 7; it has to be a function/)
      assert.match(yield* use({}, Effect.succeed(1)), /Failover.use: it has to be a function of the backend/)
      const stream = (call: object) =>
        died(
          runtime(
            Stream.runDrain(
              Failover.useStream(chain, () => Stream.make(1), nonsense<Failover.CallOptions>(call))
            )
          )
        )
      assert.match(yield* stream({ phase: 7 }), /phase is 7/)
      assert.match(yield* stream({ isBusy: true }), /isBusy is true/)
      assert.match(yield* stream({ commit: { _tag: "Soon" } }), /commit is invalid: _tag is "Soon"/)
      assert.match(yield* stream({ commit: { _tag: "Chunks" } }), /commit is invalid: count is NaN/)
      assert.match(
        yield* died(runtime(Failover.complete(nonsense<typeof chain>(provider), "q"))),
        /Failover: the chain is not a chain; it has to be one such as Chain.make\(model\)/
      )
      for (const [options, message] of [
        [{ deadline: -1 }, /deadline is -1/],
        [{ deadline: Number.NaN }, /deadline is NaN/],
        [{ attempts: 0 }, /attempts is 0/],
        [{ attempts: Number.NaN }, /attempts is NaN/],
        [{ whenAllBenched: "panic" }, /whenAllBenched is "panic"/]
      ] as const) {
        const call = nonsense<Failover.CallOptions>(options)
        const ask = Effect.provide(Failover.complete(chain, "q", call), Failover.layer())
        assert.match(yield* died(ask), message)
      }
      assert.lengthOf(provider.calls, 0)
    })
  )

  it.live("by providers over HTTP", () =>
    Effect.gen(function* () {
      const build = (make: Effect.Effect<unknown, unknown, Transport>) =>
        died(Effect.provide(make, UndiciTransport.layer()))
      const secret = Credential.make("a", { baseUrl: "sk-secret" })
      for (const make of [OpenAi.make, Anthropic.make]) {
        assert.match(yield* build(make({ baseUrl: "localhost:1234" })), /baseUrl is no HTTP address/)
        assert.match(yield* build(make({ baseUrl: "ftp://a" })), /https:\/\//)
        assert.match(yield* build(make({ name: "a b" })), /name is "a b"/)
        assert.match(yield* build(make({ maxEventBytes: 0 })), /maxEventBytes is 0/)
        assert.match(yield* build(make({ maxAnswerBytes: Number.NaN })), /maxAnswerBytes is NaN/)
        const twice = { credentials: [Credential.make("a"), Credential.make("a")] as const }
        assert.match(yield* build(make(twice)), /two credentials are called "a"/)
        const said = yield* build(make({ credentials: [secret] }))
        assert.match(said, /the credential "a": baseUrl is no HTTP address/)
        assert.notInclude(said, "sk-secret")
      }
    })
  )

  it.effect("by a router", () =>
    Effect.gen(function* () {
      const primary = Model.make(Scripted.make("p", [["one"]]), "m")
      const make = (options: object) => died(UpstreamRouter.make({ primary, check: Effect.void, ...options }))
      assert.match(yield* make({ threshold: 0 }), /threshold is 0/)
      assert.match(yield* make({ cooldown: -1 }), /cooldown is -1/)
      assert.match(yield* make({ interval: Number.NaN }), /interval is NaN/)
      assert.match(yield* make({ jitter: 2 }), /jitter is 2/)
      assert.match(yield* make({ judge: "me" }), /judge is "me"/)
      assert.match(yield* make({ check: "me" }), /check is "me"; it has to be an effect/)
      assert.match(yield* make({ policy: { attempts: 0 } }), /attempts is 0/)
      for (const rescue of [true, false]) {
        const backup = Model.make(Scripted.make("p", [["two"]]), "n")
        assert.match(yield* make({ backup, rescue }), /two different providers are called "p"/)
      }
    })
  )

  it.effect("by a health check", () =>
    Effect.gen(function* () {
      const chain = Chain.make(Model.make(Scripted.make("p", [["one"]]), "m"))
      const build = (make: Effect.Effect<unknown, unknown, BenchRegistry.BenchRegistry | Scope.Scope>) =>
        died(Effect.provide(make, BenchRegistry.layerMemory))
      const make = (options: object) =>
        build(HealthCheck.make(nonsense({ targets: [], check: () => Effect.void, ...options })))
      const makeChain = (options: object) =>
        build(
          HealthCheck.makeChain(
            nonsense<HealthCheck.ChainOptions<Scripted.Scripted, never, never>>({
              chain,
              check: () => Effect.void,
              ...options
            })
          )
        )
      assert.match(yield* make({ check: "ping" }), /check is "ping"; it has to be a function/)
      assert.match(yield* make({ targets: "p/m" }), /targets is "p\/m"; it has to be a list/)
      for (const refused of [make, makeChain]) {
        assert.match(yield* refused({ recovery: "soon" }), /recovery is "soon"; .*"timer", "check"/)
        assert.match(yield* refused({ interval: -1 }), /interval is -1/)
        assert.match(yield* refused({ timeout: "later" }), /timeout is "later"/)
      }
      assert.match(yield* makeChain({ check: 7 }), /HealthCheck.makeChain: check is 7/)
      assert.match(yield* makeChain({ policy: { attempts: 0 } }), /attempts is 0/)
    })
  )

  it.effect("by the bench, when a key is benched by hand", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry.BenchRegistry
      const bench = (options: object, key = "p/m") => died(registry.bench(key, nonsense(options)))
      assert.match(yield* bench({ for: -1 }), /BenchRegistry.bench: for is -1; it has to be a length of time/)
      assert.match(yield* bench({ for: Number.NaN }), /for is NaN/)
      assert.match(yield* bench({ for: "a while" }), /for is "a while"/)
      assert.match(yield* bench({ until: Number.NaN }), /until is NaN; it has to be a time/)
      assert.match(yield* bench({ for: 1, until: 1 }), /for and until are both given/)
      assert.match(yield* bench({}, "#"), /"#" is not a bench key; it has to be one such as "openai"/)
      assert.deepStrictEqual(yield* registry.list, [])
      yield* registry.bench("p/m", { for: "1 hour" })
      yield* registry.bench("p/n", { until: Number.POSITIVE_INFINITY })
      assert.lengthOf(yield* registry.list, 2)
    }).pipe(Effect.provide(BenchRegistry.layerMemory))
  )

  it.effect("by the models of effect/ai", () =>
    Effect.gen(function* () {
      const build = <A, E>(layer: Layer.Layer<A, E, Transport>) =>
        died(Effect.provide(Effect.void, Layer.provide(layer, UndiciTransport.layer())))
      const chat = Chain.make(
        yield* OpenAi.make({}).pipe(Effect.map((provider) => Model.make(provider, "m")))
      )
      const said: Record<string, readonly [ChainLanguageModel.Settings, RegExp]> = {
        "no tokens": [{ maxTokens: 0 }, /maxTokens is 0; it has to be a whole number, at least 1/],
        "maxTokens of NaN": [{ maxTokens: Number.NaN }, /maxTokens is NaN/],
        "endless tokens": [{ maxTokens: Number.POSITIVE_INFINITY }, /maxTokens is Infinity/],
        "a temperature of NaN": [{ temperature: Number.NaN }, /temperature is NaN; .*at least 0/],
        "a negative temperature": [{ temperature: -1 }, /temperature is -1/],
        "a topP above 1": [{ topP: 2 }, /topP is 2; it has to be a share from 0 to 1/],
        "half a topK": [{ topK: 0.5 }, /topK is 0.5/],
        "a string as stop": [{ stop: nonsense("end") }, /stop has to be a list of strings/],
        "an unknown effort": [{ effort: nonsense("huge") }, /effort is "huge"; .*"none", "minimal"/],
        "a user that is a number": [{ user: nonsense(7) }, /user is 7; it has to be a string/],
        "a body of an unknown protocol": [
          { body: nonsense({ gemini: {} }) },
          /body has to be an object .*openai, anthropic/
        ]
      }
      const sound = ChainLanguageModel.layer(chat)
      for (const [what, [settings, message]] of Object.entries(said)) {
        assert.match(yield* build(ChainLanguageModel.layer(chat, settings)), message, what)
        const ask = LanguageModel.generateText({ prompt: "q" }).pipe(
          Effect.provideService(ChainLanguageModel.CallSettings, settings),
          Effect.provide(sound)
        )
        assert.match(yield* died(ask), message, what)
      }
      const dimensions = { dimensions: 0 }
      const embedding = Layer.effect(
        EmbeddingModel.EmbeddingModel,
        EmbeddingModel.make({ embedMany: () => Effect.never })
      )
      const language = Layer.effect(
        LanguageModel.LanguageModel,
        LanguageModel.make({ generateText: () => Effect.never, streamText: () => Stream.never })
      )
      const embeddings = (options: object) =>
        build(
          FailoverEmbeddingModel.layer(
            "m",
            [FailoverEmbeddingModel.member("p", embedding)],
            nonsense(options)
          )
        )
      assert.match(yield* build(ChainEmbeddingModel.layer(chat, dimensions)), /dimensions is 0/)
      assert.match(yield* embeddings(dimensions), /dimensions is 0; it has to be a whole number, at least 1/)
      assert.match(yield* embeddings({ batchKey: "all" }), /batchKey is "all"/)
      assert.match(yield* embeddings({ buildTimeout: -1 }), /buildTimeout is -1/)
      const members = [FailoverLanguageModel.member("p/m", language)] as const
      for (const [options, message] of [
        [{ buildTimeout: Number.NaN }, /buildTimeout is NaN/],
        [{ strategy: "best" }, /strategy is "best"/],
        [{ policy: { attempts: 0 } }, /attempts is 0/]
      ] as const) {
        const layer = FailoverLanguageModel.layer(members, nonsense(options))
        assert.match(yield* build(layer), message)
      }
    }).pipe(Effect.provide(UndiciTransport.layer()))
  )

  it("but valid ones are not: one provider in many places, and every meaningful value", () => {
    const provider = Scripted.make("p", [["one"]])
    const chain = Chain.make(Model.make(provider, "m"), Chain.make(Model.make(provider, "n")))
    assert.deepStrictEqual(Chain.specs(chain), ["p/m", "p/n"])
    Policy.make({
      attempts: Number.POSITIVE_INFINITY,
      deadline: Number.POSITIVE_INFINITY,
      fallbackReserve: 1,
      maxWait: 0
    })
    const [one, two] = [Scripted.make("q", [["one"]]), Scripted.make("r", [["two"]])]
    Chain.onContextExceeded(
      Chain.onContentPolicy(chain, Chain.make(one.model("m"))),
      Chain.make(two.model("m"), one.model("n"))
    )
    // Two layers of options may set base and max.
    const layered = Chain.withPolicy(chain, { cooldown: { rateLimit: { base: 4, max: 5 } } })
    Policy.make(Chain.withPolicy(layered, { cooldown: { rateLimit: { base: 40 } } }).policy)
    Policy.make({ retries: { times: 0 }, rules: { Unknown: { rest: null, retry: "never" } } })
    for (const [name, preset] of Object.entries(Policy.presets)) assert.isObject(Policy.make(preset), name)
  })
})
