/** The layers of a failover model: how members are named, built, shared and released. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as IdGenerator from "effect/ai/IdGenerator"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as EffectModel from "effect/ai/Model"
import * as Telemetry from "effect/ai/Telemetry"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { answer, errors, failing, Mock, peek, text, two } from "../support/ai.ts"

describe("the layers of the members", () => {
  it.effect("are built once, and released with the whole", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    return Effect.gen(function* () {
      yield* Effect.provide(Effect.andThen(text, text), two(a, b))
      assert.deepStrictEqual(
        [a.log, b.log],
        [
          ["build", "close"],
          ["build", "close"]
        ]
      )
    })
  })

  it.effect("share common dependencies with each other and with the application", () => {
    class Client extends Context.Service<Client, number>()("test/Client") {}
    let clients = 0
    const client = Layer.effect(
      Client,
      Effect.sync(() => ++clients)
    )
    const using = (mock: Mock) =>
      Layer.provide(Layer.effectDiscard(Client), client).pipe(Layer.provideMerge(mock.layer))
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/m", using(new Mock("A"))),
      FailoverLanguageModel.member("b/m", using(new Mock("B")))
    ])
    return Effect.gen(function* () {
      assert.strictEqual(yield* Client, 1)
      assert.strictEqual(clients, 1)
    }).pipe(Effect.provide(Layer.merge(layer, client)))
  })

  it.effect("require what the members require", () => {
    class Client extends Context.Service<Client, string>()("test/Client") {}
    const needy = Layer.unwrap(Effect.map(Client, (name) => new Mock(name).layer))
    const layer = FailoverLanguageModel.layer([FailoverLanguageModel.member("a/m", needy)])
    expectTypeOf(layer).toEqualTypeOf<
      Layer.Layer<LanguageModel.LanguageModel | BenchRegistry, never, Client>
    >()
    return Effect.map(text, (said) => assert.strictEqual(said, "needed")).pipe(
      Effect.provide(layer),
      Effect.provideService(Client, "needed")
    )
  })

  const keyed = Layer.unwrap(Effect.map(Config.String("KEY"), (key) => new Mock(key).layer))
  const noKey = ConfigProvider.layer(ConfigProvider.fromEnvRecord({}))

  it.effect("fail the whole when one cannot be built", () => {
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/m", keyed),
      FailoverLanguageModel.member("b/m", new Mock("B").layer)
    ])
    expectTypeOf(layer).toEqualTypeOf<
      Layer.Layer<LanguageModel.LanguageModel | BenchRegistry, Config.ConfigError>
    >()
    return Effect.gen(function* () {
      const failed = yield* Effect.flip(Effect.provide(text, Layer.provide(layer, noKey)))
      assert.strictEqual(failed._tag, "ConfigError")
    })
  })

  it.effect("start without an optional one, which counts as a missing model", () => {
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.optional(FailoverLanguageModel.member("a/m", keyed)),
      FailoverLanguageModel.member("b/m", new Mock("B").layer)
    ])
    expectTypeOf(layer).toEqualTypeOf<Layer.Layer<LanguageModel.LanguageModel | BenchRegistry>>()
    return Effect.gen(function* () {
      const model = yield* LanguageModel.LanguageModel
      const response = yield* model.generateText({ prompt: "hi" })
      assert.deepStrictEqual(FailoverLanguageModel.servedBy(response.content), {
        target: "b/m#default",
        attempts: 2
      })
      const rests = (yield* (yield* BenchRegistry).list).map(({ key, reason }) => `${key} ${reason}`)
      assert.deepStrictEqual(rests, ["a/m#default ModelMissing"])
    }).pipe(Effect.provide(Layer.provide(layer, noKey)))
  })
})

describe("a member", () => {
  it.effect("may be a Model, which has its own name", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.fault)), new Mock("B")]
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: "hi" })
      assert.strictEqual(FailoverLanguageModel.servedBy(response.content)?.target, "B/B-1#default")
    }).pipe(
      Effect.provide(FailoverLanguageModel.layer([a.model, b.model], { policy: { retries: { times: 0 } } }))
    )
  })

  it.effect("given twice under one name is two keys of one model", () => {
    const [first, second] = [
      new Mock("A", () => Effect.fail(errors.refused)),
      new Mock("A", () => Effect.succeed(answer("second")))
    ]
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "second")
      const rests = (yield* (yield* BenchRegistry).list).map(({ key }) => key)
      assert.deepStrictEqual(rests, ["A#default"])
    }).pipe(Effect.provide(FailoverLanguageModel.layer([first.model, second.model])))
  })

  it.effect("with an invalid name is a defect that names it", () => {
    const layer = FailoverLanguageModel.layer([FailoverLanguageModel.member("a b/m", new Mock("A").layer)])
    return Effect.gen(function* () {
      assert.match((yield* failing(Effect.provide(text, layer))).join(), /^die .*"a b\/m"/)
    })
  })

  it.effect("with a credential that another one has is a defect that names it", () => {
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/m#key", new Mock("A").layer),
      FailoverLanguageModel.member("a/m#key", new Mock("B").layer)
    ])
    return Effect.gen(function* () {
      assert.match((yield* failing(Effect.provide(text, layer))).join(), /^die .*"key"/)
    })
  })

  it.effect("is named by Model.ProviderName and ModelName while it is called", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    const names: Array<string> = []
    const say = Effect.zipWith(
      peek(EffectModel.ProviderName),
      peek(EffectModel.ModelName),
      (p, m) => void names.push(`${p}/${m}`)
    )
    a.generate = () => Effect.andThen(say, Effect.fail(errors.fault))
    b.generate = () => Effect.as(say, answer("B"))
    const layer = FailoverLanguageModel.layer([FailoverLanguageModel.member("a/m", a.layer), b.model], {
      policy: { retries: { times: 0 } }
    })
    return Effect.gen(function* () {
      yield* text
      assert.deepStrictEqual(names, ["a/m", "B/B-1"])
      assert.isUndefined(yield* peek(EffectModel.ProviderName))
    }).pipe(Effect.provide(layer))
  })

  it.effect("with the same base URL as one that had a fault is skipped", () => {
    const [first, second, other] = [
      new Mock("1", () => Effect.fail(errors.fault)),
      new Mock("2"),
      new Mock("B")
    ]
    const at = (baseUrl: string) => ({ baseUrl, policy: { retries: { times: 0 } } })
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/m#1", first.layer, at("https://eu.example")),
      FailoverLanguageModel.member("a/m#2", second.layer, at("https://eu.example")),
      FailoverLanguageModel.member("a/m#3", other.layer, at("https://us.example"))
    ])
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
      assert.strictEqual(second.calls, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("with a larger window is the next for a prompt that was too long", () => {
    const [small, same, large] = [
      new Mock("S", () => Effect.fail(errors.tooLong)),
      new Mock("T"),
      new Mock("L")
    ]
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/small", small.layer, { contextWindow: 8192 }),
      FailoverLanguageModel.member("b/same", same.layer, { contextWindow: 8192 }),
      FailoverLanguageModel.member("c/large", large.layer, { contextWindow: 128_000 })
    ])
    return Effect.map(text, (said) => assert.strictEqual(said, "L")).pipe(Effect.provide(layer))
  })

  it.effect("takes its turn with a rotating strategy", () => {
    const mocks = [new Mock("1"), new Mock("2")] as const
    const layer = FailoverLanguageModel.layer(
      [
        FailoverLanguageModel.member("a/m#1", mocks[0].layer),
        FailoverLanguageModel.member("a/m#2", mocks[1].layer)
      ],
      { strategy: "roundRobin" }
    )
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.all([text, text, text]), ["1", "2", "1"])
    }).pipe(Effect.provide(layer))
  })
})

describe("the failover model", () => {
  it.effect("can be a Model with its own name", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.throttled(60))), new Mock("B")]
    const smart = FailoverLanguageModel.model("smart", [a.model, b.model])
    return Effect.gen(function* () {
      assert.strictEqual(yield* EffectModel.ModelName, "smart")
      assert.strictEqual(yield* EffectModel.ProviderName, "effect-failover")
      assert.strictEqual(yield* text, "B")
    }).pipe(Effect.provide(smart))
  })

  it.effect("shares the bench of the process with every other one of the application", () => {
    const [a, b, c] = [new Mock("A", () => Effect.fail(errors.refused)), new Mock("B"), new Mock("C")]
    class Other extends Context.Service<Other, LanguageModel.LanguageModel>()("test/Other") {}
    const member = FailoverLanguageModel.member
    const one = FailoverLanguageModel.layer([member("a/large#key", a.layer), member("b/m", b.layer)])
    const two = FailoverLanguageModel.layer([member("a/small#key", a.layer), member("c/m", c.layer)])
    const other = Layer.provide(Layer.effect(Other, LanguageModel.LanguageModel), two)
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
      const response = yield* (yield* Other).generateText({ prompt: "hi" })
      assert.strictEqual(response.text, "C")
      assert.strictEqual(a.calls, 1)
    }).pipe(Effect.provide(Layer.merge(other, one)))
  })

  it.effect("uses the runtime of the application if there is one", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.throttled(60))), new Mock("B")]
    const events: Array<string> = []
    const layer = FailoverLanguageModel.layerNoDeps([a.model, b.model]).pipe(
      Layer.provide(Failover.layer({ observer: ({ _tag }) => void events.push(_tag) }))
    )
    return Effect.gen(function* () {
      yield* text
      assert.deepStrictEqual(events, [
        "AttemptStarted",
        "AttemptFailed",
        "AttemptStarted",
        "AttemptSucceeded",
        "RunEnded"
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("promises system messages in the history only if every member supports them", () => {
    const supported = (a: boolean | undefined, b: boolean | undefined) => {
      const mocks = [new Mock("A"), new Mock("B")] as const
      mocks[0].supportsSystem = a
      mocks[1].supportsSystem = b
      return Effect.flatMap(
        LanguageModel.LanguageModel,
        (model) => model.supportsSystemMessagesInHistory ?? Effect.succeed(false)
      ).pipe(Effect.provide(two(...mocks), { local: true }))
    }
    return Effect.gen(function* () {
      assert.isTrue(yield* supported(true, true))
      assert.isFalse(yield* supported(true, false))
      assert.isFalse(yield* supported(true, undefined))
    })
  })

  it.effect("gives its members the services of its context at build time", () => {
    const a = new Mock("A", () => Effect.succeed([{ type: "tool-call", id: "c1", name: "pay", params: {} }]))
    const kit = Toolkit.make(Tool.make("pay", { success: Schema.String, needsApproval: true }))
    const transformed: Array<string> = []
    const around = Layer.merge(
      Layer.succeed(IdGenerator.IdGenerator, { generateId: () => Effect.succeed("my-id") }),
      Layer.succeed(
        Telemetry.CurrentSpanTransformer,
        ({ response }) => void transformed.push(`${response.length} parts`)
      )
    )
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: "hi", toolkit: kit })
      const request = response.content.find((part) => part.type === "tool-approval-request")
      assert.strictEqual(request?.approvalId, "my-id")
      assert.deepStrictEqual(transformed, ["2 parts"])
    }).pipe(
      Effect.provide([
        Layer.provide(two(a, new Mock("B")), around),
        kit.toLayer({ pay: () => Effect.succeed("paid") })
      ])
    )
  })

  it.effect("passes a caller's settings for one call to the members", () => {
    class Temperature extends Context.Service<Temperature, number>()("test/Temperature") {}
    const a = new Mock("A")
    a.generate = () => Effect.map(peek(Temperature), (t) => answer(`at ${t}`))
    return Effect.gen(function* () {
      assert.strictEqual(yield* Effect.provideService(text, Temperature, 0.7), "at 0.7")
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it("keeps the types of the interface: errors, services and the parameters of tools", () => {
    const kit = Toolkit.make(
      Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.Number })
    )
    const ask = LanguageModel.generateText({ prompt: "hi", toolkit: kit })
    expectTypeOf<Effect.Error<typeof ask>>().toEqualTypeOf<AiError.AiError>()
    const listen = LanguageModel.streamText({ prompt: "hi" })
    expectTypeOf<Stream.Error<typeof listen>>().toEqualTypeOf<AiError.AiError>()
    const provided = Effect.provide(ask, FailoverLanguageModel.layer([new Mock("A").model]))
    expectTypeOf<Effect.Services<typeof provided>>().toEqualTypeOf<
      Tool.HandlersFor<{ readonly weather: (typeof kit.tools)["weather"] }>
    >()
  })

  it("does not compile with a member that is not a language model, or with a failing one as a Model", () => {
    class Other extends Context.Service<Other, string>()("test/Other") {}
    const other = FailoverLanguageModel.member("a/m", Layer.succeed(Other, "x"))
    const keyed = Layer.unwrap(Effect.map(Config.String("KEY"), (key) => new Mock(key).layer))
    const mayFail = FailoverLanguageModel.member("a/m", keyed)
    // @ts-expect-error: no language model
    const wrong = () => FailoverLanguageModel.layer([other])
    // @ts-expect-error: a Model's layer cannot fail
    const fallible = () => FailoverLanguageModel.model("smart", [mayFail])
    // @ts-expect-error: no members
    const empty = () => FailoverLanguageModel.layer([])
    assert.lengthOf([wrong, fallible, empty], 3)
  })
})
