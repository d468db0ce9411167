/** The class of an unusable answer, and what is benched for it. */
import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ChainLanguageModel from "../../src/ai/ChainLanguageModel.ts"
import * as FailoverEmbeddingModel from "../../src/ai/FailoverEmbeddingModel.ts"
import * as Chain from "../../src/domain/Chain.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Commit from "../../src/policy/Commit.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import { error, failing, Mock, one, parts, play, two, words } from "../support/ai.ts"
import * as FaultServer from "../support/FaultServer.ts"

const benched = Effect.map(
  Effect.flatMap(BenchRegistry, (registry) => registry.list),
  (list) => list.filter(({ status }) => status !== "free").map(({ key }) => key)
)

// -- servers --------------------------------------------------------------------------------------------------------

const openaiAnswer = (message: object, finish_reason = "stop") =>
  FaultServer.json({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "gpt",
    choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  })

const openaiCall = (name: string, args: string) =>
  openaiAnswer(
    { tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: args } }] },
    "tool_calls"
  )

const claudeAnswer = (content: ReadonlyArray<object>, stop_reason = "end_turn") =>
  FaultServer.json({
    id: "m",
    type: "message",
    role: "assistant",
    model: "claude",
    content,
    stop_reason,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 }
  })

const chained = <A, E>(
  test: (servers: {
    readonly openai: FaultServer.FaultServer
    readonly anthropic: FaultServer.FaultServer
  }) => Effect.Effect<A, E, LanguageModel.LanguageModel | BenchRegistry>
) =>
  Effect.gen(function* () {
    const servers = { openai: yield* FaultServer.make, anthropic: yield* FaultServer.make }
    const providers = Layer.merge(
      OpenAi.layer({ baseUrl: `${servers.openai.origin}/v1`, apiKey: Redacted.make("sk") }),
      Anthropic.layer({ baseUrl: servers.anthropic.origin, apiKey: Redacted.make("sk-ant") })
    ).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
    const chain = Chain.make(OpenAi.model("gpt"), Anthropic.model("claude"))
    const layer = ChainLanguageModel.layer(chain, { policy: { retries: { times: 0 } } })
    return yield* Effect.provide(test(servers), Layer.fresh(Layer.provide(layer, providers)))
  })

const Weather = Toolkit.make(
  Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
)
const weather = Weather.toLayer({ weather: ({ city }) => Effect.succeed(`clear in ${city}`) })
const askWithTool = Effect.provide(LanguageModel.generateText({ prompt: "hi", toolkit: Weather }), weather)
const Answer = Schema.Struct({ sky: Schema.String })
const askForObject = LanguageModel.generateObject({ prompt: "hi", schema: Answer, objectName: "answer" })

describe("a tool call that cannot be made", () => {
  const claudeCall = { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } }

  for (const [what, name, args] of [
    ["of a tool that the model invents", "wether", '{"city":"Oslo"}'],
    ["whose parameters do not decode", "weather", '{"town":1}'],
    ["whose parameters are not JSON", "weather", "{oops"]
  ] as const) {
    it.live(`makes a chain fall back, and benches nothing: ${what}`, () =>
      chained(({ anthropic, openai }) =>
        Effect.gen(function* () {
          openai.play(openaiCall(name, args))
          anthropic.play(claudeAnswer([claudeCall], "tool_use"))
          for (let i = 0; i < 4; i++) {
            const { toolResults } = yield* askWithTool
            assert.deepStrictEqual(
              toolResults.map(({ result }) => result),
              ["clear in Oslo"]
            )
          }
          assert.strictEqual(openai.requests.length, 4)
          assert.deepStrictEqual(yield* benched, [])
        })
      )
    )
  }

  const piece = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  const called = (name: string, args?: string) => ({
    tool_calls: [{ index: 0, id: "1", type: "function", function: { name, arguments: args } }]
  })
  const streamed = (...deltas: ReadonlyArray<object>) =>
    FaultServer.sse([
      piece({ role: "assistant" }),
      ...deltas.map((delta) => piece(delta)),
      piece({}, "tool_calls"),
      "data: [DONE]\n\n"
    ])
  const more = (json: string) => ({ tool_calls: [{ index: 0, function: { arguments: json } }] })

  for (const [what, commit, bad] of [
    [
      "of a tool that the model invents",
      "first content",
      streamed(called("wether", ""), more('{"city":"Oslo"}'))
    ],
    ["of an invented tool, in one piece", "first content", streamed(called("wether", '{"city":"Oslo"}'))],
    ["of an invented tool without parameters", "first content", streamed(called("wether", "{}"))],
    ["without its parameters", "first content", streamed(called("weather", "{}"))],
    ["whose parameters do not decode", "complete", streamed(called("weather", ""), more('{"town":1}'))],
    ["whose parameters are not JSON", "complete", streamed(called("weather", "{oops"))]
  ] as const) {
    it.live(
      `makes a stream of a chain fall back before its commit point (${commit}), and benches nothing: ${what}`,
      () =>
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          server.answer(({ body }) =>
            body.includes('"gpt-2"')
              ? streamed(called("weather", ""), more('{"city":'), more('"Oslo"}'))
              : bad
          )
          const providers = OpenAi.layer({
            baseUrl: `${server.origin}/v1`,
            apiKey: Redacted.make("sk")
          }).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
          const layer = ChainLanguageModel.layer(Chain.make(OpenAi.model("gpt"), OpenAi.model("gpt-2")), {
            policy: {
              retries: { times: 0 },
              commit: commit === "complete" ? Commit.complete : Commit.firstContent
            }
          })
          yield* Effect.gen(function* () {
            for (let i = 0; i < 4; i++) {
              const said = yield* words(LanguageModel.streamText({ prompt: "hi", toolkit: Weather }))
              assert.include(said, 'call(weather) result("clear in Oslo")')
              assert.notInclude(said, "!")
            }
            assert.strictEqual(server.requests.length, 8)
            assert.deepStrictEqual(yield* benched, [])
          }).pipe(Effect.provide(weather), Effect.provide(Layer.fresh(Layer.provide(layer, providers))))
        })
    )
  }

  for (const [what, call] of [
    ["of a tool that the model invents", parts.call("1", "wether")],
    ["whose parameters do not decode", parts.call("1", "weather", { town: 1 })]
  ] as const) {
    it.effect(`makes failover models fall back before any handler has run: ${what}`, () => {
      const a = new Mock("a", () => Effect.succeed([call, parts.finish("tool-calls")]))
      const b = new Mock("b", () => Effect.succeed([parts.call("2"), parts.finish("tool-calls")]))
      let ran = 0
      const handlers = Weather.toLayer({
        weather: ({ city }) => Effect.sync(() => `${city} ${++ran}`)
      })
      return Effect.gen(function* () {
        const { toolResults } = yield* play(
          Effect.provide(LanguageModel.generateText({ prompt: "hi", toolkit: Weather }), handlers)
        )
        assert.deepStrictEqual(
          toolResults.map(({ result }) => result),
          ["Oslo 1"]
        )
        assert.deepStrictEqual([a.calls, b.calls], [1, 1])
        assert.deepStrictEqual(yield* benched, [])
      }).pipe(Effect.provide(two(a, b)))
    })
  }
})

describe("a tool call that cannot be made, of a member", () => {
  const good = [parts.call("2"), parts.finish("tool-calls")]
  const bad = parts.call("1", "weather", { town: 1 })
  for (const [what, answer] of [
    ["of a tool that the model invents", [parts.call("1", "wether"), parts.finish("tool-calls")]],
    ["whose parameters do not decode", [bad, parts.finish("tool-calls")]],
    ["beside one that can be made", [parts.call("0"), bad, parts.finish("tool-calls")]]
  ] as const) {
    it.effect(`is made once by each request, and benches nothing: ${what}`, () => {
      const a = new Mock("a", () => Effect.succeed([...answer]))
      const b = new Mock("b", () => Effect.succeed([...good]))
      const ran: Array<string> = []
      const handlers = Weather.toLayer({
        weather: ({ city }) => Effect.sync(() => `${ran.push(city)}`)
      })
      const asked = LanguageModel.generateText({ prompt: "hi", toolkit: Weather })
      return Effect.gen(function* () {
        for (let i = 0; i < 6; i++) yield* play(Effect.provide(asked, handlers))
        assert.deepStrictEqual([a.calls, b.calls, ran.length], [6, 6, 6])
        assert.deepStrictEqual(yield* benched, [])
      }).pipe(Effect.provide(two(a, b, { policy: { retries: { times: 2 } } })))
    })
  }

  for (const [what, answer] of [
    ["of a tool that the model invents", [parts.call("1", "wether"), parts.finish("tool-calls")]],
    ["whose parameters do not decode", [bad, parts.finish("tool-calls")]]
  ] as const) {
    it.effect(`makes a stream fall back, and benches nothing: ${what}`, () => {
      const a = new Mock("a", undefined, () => one(...answer))
      const b = new Mock("b", undefined, () => one(...good))
      const asked = words(LanguageModel.streamText({ prompt: "hi", toolkit: Weather }))
      return Effect.gen(function* () {
        for (let i = 0; i < 6; i++) {
          assert.strictEqual(
            yield* play(Effect.provide(asked, weather)),
            'meta() call(weather) result("clear in Oslo") finish'
          )
        }
        assert.deepStrictEqual([a.calls, b.calls], [6, 6])
        assert.deepStrictEqual(yield* benched, [])
      }).pipe(Effect.provide(two(a, b, { policy: { retries: { times: 2 } } })))
    })
  }
})

describe("an invalid object", () => {
  it.live("falls back and benches nothing, however often", () =>
    chained(({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(openaiAnswer({ content: '{"sky":7}' }))
        anthropic.play(claudeAnswer([{ type: "text", text: '{"sky":"blue"}' }]))
        for (let i = 0; i < 4; i++) assert.strictEqual((yield* askForObject).value.sky, "blue")
        assert.strictEqual(openai.requests.length, 4)
        assert.deepStrictEqual(yield* benched, [])
      })
    )
  )

  it.live("but a web page instead is a fault of its target, which is benched after a few", () =>
    chained(({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(FaultServer.text("<html>Welcome</html>", 200, { "content-type": "text/html" }))
        anthropic.play(claudeAnswer([{ type: "text", text: '{"sky":"blue"}' }]))
        for (let i = 0; i < 20; i++) assert.strictEqual((yield* askForObject).value.sky, "blue")
        assert.isAtMost(openai.requests.length, 4)
        assert.deepStrictEqual(yield* benched, ["openai/gpt#default"])
      })
    )
  )

  it.live("after a refusal of the model is a refusal, without fallback to another vendor", () =>
    chained(({ anthropic, openai }) =>
      Effect.gen(function* () {
        anthropic.play(claudeAnswer([{ type: "text", text: '{"sky":"blue"}' }]))
        for (const refusal of [
          openaiAnswer({ refusal: "I can not help with that." }),
          openaiAnswer({ content: "I can not help with that." }, "content_filter")
        ]) {
          openai.play(refusal)
          assert.deepStrictEqual(yield* failing(askForObject), ["ContentPolicyError"])
        }
        assert.strictEqual(anthropic.requests.length, 0)
      })
    )
  )

  it.live("at the output limit has that reason", () =>
    chained(({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(openaiAnswer({ content: "" }, "length"))
        anthropic.play(claudeAnswer([{ type: "text", text: '{"sk' }], "max_tokens"))
        const error = yield* Effect.flip(askForObject)
        assert.isTrue(AiError.isAiError(error))
        assert.match(error.message, /output limit/)
      })
    )
  )
})

describe("a request that a model does not support", () => {
  for (const reason of [
    new AiError.ToolConfigurationError({ toolName: "search", description: "unknown" }),
    new AiError.InvalidUserInputError({ description: "audio/wav" }),
    new AiError.UnsupportedSchemaError({ description: "tuples" })
  ]) {
    it.effect(`falls back to the next model, and benches nothing: ${reason._tag}`, () => {
      const a = new Mock("a", () => Effect.fail(error(reason)))
      const b = new Mock("b")
      return Effect.gen(function* () {
        for (let i = 0; i < 4; i++) {
          const { text } = yield* play(LanguageModel.generateText({ prompt: "hi" }))
          assert.strictEqual(text, "b")
        }
        assert.strictEqual(a.calls, 4)
        assert.deepStrictEqual(yield* benched, [])
      }).pipe(Effect.provide(two(a, b)))
    })
  }
})

describe("vectors", () => {
  const place = (vectors: (call: number) => Array<number>, calls = { count: 0 }) => ({
    calls,
    layer: Layer.effect(
      EmbeddingModel.EmbeddingModel,
      EmbeddingModel.make({
        embedMany: ({ inputs }) =>
          Effect.sync(() => ({
            results: inputs.map(() => vectors(++calls.count)),
            usage: { inputTokens: 1 }
          }))
      })
    )
  })
  const embed = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) =>
    Effect.map(model.embed("hello"), ({ vector }) => vector.length)
  )
  const failover = (a: ReturnType<typeof place>, b: ReturnType<typeof place>) =>
    FailoverEmbeddingModel.layer(
      "m",
      [FailoverEmbeddingModel.member("a", a.layer), FailoverEmbeddingModel.member("b", b.layer)],
      { policy: { retries: { times: 0 } } }
    )

  it.effect("have to be as long as those of the first accepted answer, not of a rejected one", () => {
    const a = place(() => [])
    const b = place(() => [1, 2, 3])
    return Effect.gen(function* () {
      assert.strictEqual(yield* play(embed), 3)
      assert.strictEqual(yield* play(embed), 3)
    }).pipe(Effect.provide(failover(a, b)))
  })

  it.effect("of another length are a fault of their endpoint, which is benched after a few", () => {
    const a = place((call) => (call === 1 ? [1, 2, 3] : [1, 2]))
    const b = place(() => [1, 2, 3])
    return Effect.gen(function* () {
      for (let i = 0; i < 20; i++) assert.strictEqual(yield* embed, 3)
      assert.isAtMost(a.calls.count, 4)
      assert.deepStrictEqual(yield* benched, ["a/m#default"])
    }).pipe(Effect.provide(failover(a, b)))
  })
})
