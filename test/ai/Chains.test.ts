/** A language model that is a chain of our own providers, against servers that answer as documented. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as EffectModel from "effect/ai/Model"
import type * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ChainLanguageModel from "../../src/ai/ChainLanguageModel.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import { failing, recording, words } from "../support/ai.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { eventually } from "../support/providers.ts"
import * as samples from "../support/translate/samples.ts"

/** Two servers, one for each protocol. */
interface Servers {
  readonly openai: FaultServer.FaultServer
  readonly anthropic: FaultServer.FaultServer
}

const gpt = OpenAi.model("gpt-4.1")
const claude = Anthropic.model("claude-sonnet-4-5")

const keys = [
  Credential.make("primary", { apiKey: "sk-1" }),
  Credential.make("backup", { apiKey: "sk-2" })
] as const

/** Runs a test with a model that is a chain over both servers. */
const withChain = <A, E>(
  chain: Chain.Chain<ChainLanguageModel.ChatProvider, OpenAi | Anthropic>,
  test: (servers: Servers) => Effect.Effect<A, E, LanguageModel.LanguageModel | BenchRegistry>,
  options: ChainLanguageModel.Options = {}
) =>
  Effect.gen(function* () {
    const servers = { openai: yield* FaultServer.make, anthropic: yield* FaultServer.make }
    const providers = Layer.merge(
      OpenAi.layer({ baseUrl: `${servers.openai.origin}/v1`, credentials: keys }),
      Anthropic.layer({ baseUrl: servers.anthropic.origin, apiKey: Redacted.make("sk-ant") })
    ).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
    const policy = { retries: { times: 0 }, ...options.policy }
    const layer = Layer.provide(ChainLanguageModel.layer(chain, { ...options, policy }), providers)
    return yield* Effect.provide(test(servers), Layer.fresh(layer))
  })

const bodyOf = (server: FaultServer.FaultServer, at = -1): Record<string, unknown> =>
  JSON.parse(server.requests.at(at)?.body ?? "{}")

/** A stream as the documentation shows it, event by event. */
const events = (stream: string) => FaultServer.sse(stream.split(/(?<=\n\n)/))

const ask = LanguageModel.generateText({ prompt: "Hello!" })
const listen = words(
  Stream.unwrap(Effect.map(LanguageModel.LanguageModel, (m) => m.streamText({ prompt: "Hello!" })))
)

const Weather = Toolkit.make(
  Tool.make("get_weather", {
    description: "The weather in a place",
    parameters: Schema.Struct({ location: Schema.String }),
    success: Schema.Struct({ sky: Schema.String })
  })
)
const weather = Weather.toLayer({
  get_weather: ({ location }) => Effect.succeed({ sky: `clear in ${location}` })
})

describe("a whole answer", () => {
  it.live("of OpenAI has text, usage, and the target that served", () =>
    withChain(Chain.make(gpt, claude), ({ openai }) =>
      Effect.gen(function* () {
        openai.play(FaultServer.json(samples.chatCompletion))
        const response = yield* ask
        assert.strictEqual(response.text, "Hello! How can I assist you today?")
        assert.strictEqual(response.finishReason, "stop")
        assert.deepStrictEqual(
          { ...response.usage.inputTokens },
          { uncached: 19, total: 19, cacheRead: 0, cacheWrite: undefined }
        )
        assert.deepStrictEqual({ ...response.usage.outputTokens }, { total: 10, text: 10, reasoning: 0 })
        const metadata = response.content.find((part) => part.type === "response-metadata")
        assert.strictEqual(metadata?.id, "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT")
        assert.strictEqual(metadata?.modelId, "gpt-4.1-2025-04-14")
        assert.deepStrictEqual(ChainLanguageModel.servedBy(response.content), {
          target: "openai/gpt-4.1#primary",
          attempts: 1
        })
        assert.deepStrictEqual(bodyOf(openai), {
          model: "gpt-4.1",
          messages: [{ role: "user", content: "Hello!" }]
        })
      })
    )
  )

  it.live("comes from equal models in turn, by the strategy of their tier", () =>
    withChain(
      Chain.withStrategy(Chain.make(Chain.equals(gpt, claude)), "roundRobin"),
      ({ anthropic, openai }) =>
        Effect.gen(function* () {
          openai.play(FaultServer.json(samples.chatCompletion))
          anthropic.play(FaultServer.json(samples.claudeMessage))
          for (let i = 0; i < 6; i++) yield* ask
          assert.deepStrictEqual([openai.requests.length, anthropic.requests.length], [4, 2])
        })
    )
  )

  it.live("of Anthropic is the same", () =>
    withChain(Chain.make(claude, gpt), ({ anthropic }) =>
      Effect.gen(function* () {
        anthropic.play(FaultServer.json(samples.claudeMessage))
        const response = yield* ask
        assert.deepStrictEqual([response.text, response.finishReason], ["Hello!", "stop"])
        assert.deepStrictEqual([response.usage.inputTokens.total, response.usage.outputTokens.total], [12, 6])
        assert.strictEqual(
          ChainLanguageModel.servedBy(response.content)?.target,
          "anthropic/claude-sonnet-4-5#default"
        )
        assert.deepStrictEqual(bodyOf(anthropic), {
          model: "claude-sonnet-4-5",
          max_tokens: 32_000,
          messages: [{ role: "user", content: "Hello!" }]
        })
      })
    )
  )

  it.live("that is very long is read as well", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        const content = "long ".repeat(100_000)
        const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }]
        openai.play(FaultServer.json({ ...samples.chatCompletion, choices }))
        assert.strictEqual((yield* ask).text, content)
      })
    )
  )
})

describe("a chain", () => {
  it.live("rotates the keys of a provider before it falls back, and benches dead keys", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.answer((seen) =>
          seen.headers.authorization === "Bearer sk-1"
            ? FaultServer.json(
                { error: { message: "Incorrect API key provided", code: "invalid_api_key" } },
                401
              )
            : FaultServer.json(samples.chatCompletion)
        )
        const response = yield* ask
        assert.deepStrictEqual(ChainLanguageModel.servedBy(response.content), {
          target: "openai/gpt-4.1#backup",
          attempts: 2
        })
        yield* ask
        assert.deepStrictEqual([openai.requests.length, anthropic.requests.length], [3, 0])
        const rests = (yield* (yield* BenchRegistry).list).map(({ key, reason }) => `${key} ${reason}`)
        assert.deepStrictEqual(rests, ["openai#primary InvalidKey"])
      })
    )
  )

  it.live("falls back to another protocol, with the request rewritten", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(FaultServer.json({ error: { message: "overloaded" } }, 503))
        anthropic.play(FaultServer.json(samples.claudeMessage))
        const response = yield* LanguageModel.generateText({
          prompt: [
            { role: "system", content: "Be brief." },
            { role: "user", content: "Hello!" }
          ]
        })
        assert.strictEqual(response.text, "Hello!")
        assert.strictEqual(bodyOf(anthropic).system, "Be brief.")
        assert.deepStrictEqual(bodyOf(openai).messages, [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hello!" }
        ])
      })
    )
  )

  it.live("without an answer fails with an AiError for each attempt", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(
          FaultServer.json({ error: { message: "slow down", type: "rate_limit_exceeded" } }, 429, {
            "retry-after": "60"
          })
        )
        anthropic.play(
          FaultServer.json({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, 529)
        )
        assert.deepStrictEqual(yield* failing(ask), [
          "RateLimitError",
          "RateLimitError",
          "InternalProviderError"
        ])
      })
    )
  )

  it.live("stops at a request that every provider would refuse", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(
          FaultServer.json({ error: { message: "Invalid value: 'x'", type: "invalid_request_error" } }, 400)
        )
        assert.deepStrictEqual(yield* failing(ask), ["InvalidRequestError"])
        assert.lengthOf(anthropic.requests, 0)
      })
    )
  )

  it.live("leaves an output limit out that is too high for the model", () =>
    withChain(
      Chain.make(gpt),
      ({ openai }) =>
        Effect.gen(function* () {
          const message =
            "max_tokens is too large: 90000. This model supports at most 32768 completion tokens"
          openai.play(
            FaultServer.json({ error: { message, type: "invalid_request_error", param: "max_tokens" } }, 400),
            FaultServer.json(samples.chatCompletion)
          )
          yield* ask
          assert.strictEqual(bodyOf(openai, 0).max_completion_tokens, 90_000)
          assert.notProperty(bodyOf(openai, 1), "max_completion_tokens")
        }),
      { maxTokens: 90_000 }
    )
  )

  it.live("lowers the output limit where the protocol requires one", () =>
    withChain(Chain.make(claude), ({ anthropic }) =>
      Effect.gen(function* () {
        const message =
          "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for this model"
        anthropic.play(
          FaultServer.json({ type: "error", error: { type: "invalid_request_error", message } }, 400),
          FaultServer.json(samples.claudeMessage)
        )
        yield* ask
        assert.deepStrictEqual(
          [bodyOf(anthropic, 0).max_tokens, bodyOf(anthropic, 1).max_tokens],
          [32_000, 8192]
        )
      })
    )
  )

  it.live("uses its chain for prompts that are too long", () =>
    withChain(Chain.onContextExceeded(Chain.make(gpt), Chain.make(claude)), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(
          FaultServer.json({ error: { message: "too long", code: "context_length_exceeded" } }, 400)
        )
        anthropic.play(FaultServer.json(samples.claudeMessage))
        assert.strictEqual((yield* ask).text, "Hello!")
      })
    )
  )

  it("requires exactly the providers it is made of", () => {
    const layer = ChainLanguageModel.layer(Chain.make(gpt))
    expectTypeOf(layer).toEqualTypeOf<
      Layer.Layer<LanguageModel.LanguageModel | BenchRegistry, never, OpenAi>
    >()
    const both = ChainLanguageModel.model("smart", Chain.make(gpt, claude))
    expectTypeOf(both).toExtend<
      Layer.Layer<LanguageModel.LanguageModel | EffectModel.ModelName, never, OpenAi | Anthropic>
    >()
    const provided = Layer.provide(layer, OpenAi.layer())
    expectTypeOf(provided).toEqualTypeOf<
      Layer.Layer<LanguageModel.LanguageModel | BenchRegistry, never, never>
    >()
    expectTypeOf<Effect.Error<typeof ask>>().toEqualTypeOf<AiError.AiError>()
  })
})

describe("a stream", () => {
  it.live("of OpenAI gives its text as it comes, and the usage at its end", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        openai.play(events(samples.chatStream))
        const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "Hello!" }))
        assert.deepStrictEqual(
          parts.map(({ type }) => type),
          ["response-metadata", "text-start", "text-delta", "text-end", "finish"]
        )
        const finish = parts.find((part) => part.type === "finish")
        assert.deepStrictEqual([finish?.reason, finish?.usage.outputTokens.total], ["stop", 12])
        assert.deepStrictEqual(ChainLanguageModel.servedBy(parts), {
          target: "openai/gpt-4.1#primary",
          attempts: 1
        })
        assert.deepStrictEqual(bodyOf(openai).stream_options, { include_usage: true })
      })
    )
  )

  it.live("of Anthropic falls back to OpenAI if its first event is an error", () =>
    withChain(Chain.make(claude, gpt), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        anthropic.play(events(samples.claudeErrorEvent))
        openai.play(events(samples.chatStream))
        assert.strictEqual(yield* listen, "meta(chatcmpl-123) text-start Hello text-end finish")
      })
    )
  )

  it.live("that breaks after its first content ends with a typed error", () =>
    withChain(Chain.make(claude, gpt), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        const [head] = samples.claudeToolStream.split("event: content_block_stop")
        anthropic.play([...events(head ?? "").slice(0, -1), { reset: true }])
        const heard = yield* listen
        assert.match(heard, /^meta\(\w+\) text-start Okay .* !InvalidResponseError$/)
        assert.lengthOf(openai.requests, 0)
      })
    )
  )

  it.live("aborts its request when its reader stops", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        const [first, second] = samples.chatStream.split(/(?<=\n\n)/)
        openai.play([...events(`${first}${second}`).slice(0, -1), { hang: true }])
        yield* Stream.runDrain(Stream.take(LanguageModel.streamText({ prompt: "Hello!" }), 2))
        yield* eventually(() => openai.requests[0]?.aborted === true)
      })
    )
  )
})

describe("a tool", () => {
  it.live("called by OpenAI runs with its arguments", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        const kit = Toolkit.make(
          Tool.make("get_current_weather", {
            parameters: Schema.Struct({ location: Schema.String }),
            success: Schema.String
          })
        )
        openai.play(FaultServer.json(samples.chatToolCompletion))
        const response = yield* LanguageModel.generateText({ prompt: "Weather?", toolkit: kit }).pipe(
          Effect.provide(
            kit.toLayer({ get_current_weather: ({ location }) => Effect.succeed(`sun in ${location}`) })
          )
        )
        assert.deepStrictEqual(
          response.toolResults.map(({ id, result }) => [id, result]),
          [["call_abc123", "sun in Boston, MA"]]
        )
        assert.strictEqual(response.finishReason, "tool-calls")
      })
    )
  )

  it.live("called by OpenAI in a stream runs when the call is complete", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        openai.play(events(samples.chatToolStream))
        const model = yield* LanguageModel.LanguageModel
        const heard = yield* words(model.streamText({ prompt: "Weather?", toolkit: Weather }))
        assert.match(
          heard,
          /^meta\(\S+\) tool-params-start( tool-params-delta)+ tool-params-end call\(get_weather\) /
        )
        assert.match(heard, / result\(\{"sky":"clear in Paris, France"\}\) finish$/)
        assert.deepStrictEqual(bodyOf(openai).tools, [
          {
            type: "function",
            function: {
              name: "get_weather",
              description: "The weather in a place",
              parameters: Tool.getJsonSchema(Weather.tools.get_weather)
            }
          }
        ])
      }).pipe(Effect.provide(weather))
    )
  )

  it.live("called by Claude in a stream runs, and its result is sent with the next request", () =>
    withChain(Chain.make(claude, gpt), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        anthropic.play(events(samples.claudeToolStream), FaultServer.json({}, 503))
        openai.play(FaultServer.json(samples.chatCompletion))
        const chat = yield* Chat.empty
        const heard = yield* words(chat.streamText({ prompt: "Weather?", toolkit: Weather }))
        assert.match(heard, /call\(get_weather\) result\(\{"sky":"clear in San Francisco, CA"\}\) finish$/)
        yield* chat.generateText({ prompt: "Thanks.", toolkit: Weather })
        const id = "toolu_01T1x1fJ34qAmk2tNTrN7Up6"
        assert.deepStrictEqual(bodyOf(openai).messages, [
          { role: "user", content: "Weather?" },
          {
            role: "assistant",
            content: "Okay, let's check the weather for San Francisco, CA:",
            tool_calls: [
              {
                id,
                type: "function",
                function: { name: "get_weather", arguments: '{"location":"San Francisco, CA"}' }
              }
            ]
          },
          { role: "tool", tool_call_id: id, content: '{"sky":"clear in San Francisco, CA"}' },
          { role: "user", content: "Thanks." }
        ])
      }).pipe(Effect.provide(weather))
    )
  )

  it.live("with a name that is too long for OpenAI is mapped back", () => {
    const name = `mcp__server__${"x".repeat(80)}`
    const kit = Toolkit.make(Tool.dynamic(name, { parameters: { type: "object", properties: {} } }))
    return withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        openai.answer((seen) => {
          const [{ function: tool }] = JSON.parse(seen.body).tools
          const call = { id: "c1", type: "function", function: { name: tool.name, arguments: "" } }
          const message = { role: "assistant", content: null, tool_calls: [call] }
          return FaultServer.json({
            ...samples.chatCompletion,
            choices: [{ index: 0, message, finish_reason: "tool_calls" }]
          })
        })
        const response = yield* LanguageModel.generateText({
          prompt: "Go",
          toolkit: kit,
          disableToolCallResolution: true
        })
        assert.deepStrictEqual(
          response.toolCalls.map((call) => [call.name, call.params]),
          [[name, {}]]
        )
      }).pipe(Effect.provide(kit.toLayer({ [name]: () => Effect.succeed("done") })))
    )
  })

  it.live("called without an id gets one, and the toolkit judges invalid arguments", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        const call = { type: "function", function: { name: "get_weather", arguments: "{location: Oslo" } }
        const message = { role: "assistant", content: null, tool_calls: [call] }
        openai.play(
          FaultServer.json({
            ...samples.chatCompletion,
            choices: [{ index: 0, message, finish_reason: "tool_calls" }]
          })
        )
        const options = { prompt: "Weather?", toolkit: Weather }
        const response = yield* LanguageModel.generateText({
          ...options,
          disableToolCallResolution: true,
          toolCallValidation: "deferred"
        })
        assert.match(response.toolCalls[0]?.id ?? "", /^call_\w+$/)
        assert.strictEqual(response.toolCalls[0]?.params, "{location: Oslo")
        assert.deepStrictEqual(yield* failing(LanguageModel.generateText(options)), [
          "ToolParameterValidationError"
        ])
      }).pipe(Effect.provide(weather))
    )
  )

  it.live("is offered or forced as the caller chooses", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(FaultServer.json({}, 503))
        anthropic.play(FaultServer.json(samples.claudeMessage))
        for (const toolChoice of [
          "required",
          { tool: "get_weather" },
          { mode: "required", oneOf: ["get_weather"] }
        ] as const) {
          yield* LanguageModel.generateText({ prompt: "Weather?", toolkit: Weather, toolChoice })
        }
        const forced = { type: "tool", name: "get_weather" }
        assert.deepStrictEqual(
          anthropic.requests.map((_, at) => bodyOf(anthropic, at).tool_choice),
          [{ type: "any" }, forced, { type: "any" }]
        )
      }).pipe(Effect.provide(weather))
    )
  )

  it.live("defined by a provider is not supported", () => {
    const search = Tool.providerDefined({
      id: "openai.web_search",
      customName: "Search",
      providerName: "web_search"
    })
    const kit = Toolkit.make(search())
    return withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        const toolkit = yield* kit
        assert.deepStrictEqual(yield* failing(LanguageModel.generateText({ prompt: "Go", toolkit })), [
          "ToolConfigurationError"
        ])
        assert.lengthOf(openai.requests, 0)
      })
    )
  })
})

describe("thoughts", () => {
  it.live(
    "come in separate parts, and are sent back to Anthropic with their signature, and to no other provider",
    () =>
      withChain(
        Chain.make(claude, gpt),
        ({ anthropic, openai }) =>
          Effect.gen(function* () {
            anthropic.play(
              events(samples.claudeThinkingStream),
              FaultServer.json(samples.claudeMessage),
              FaultServer.json({}, 503)
            )
            openai.play(FaultServer.json(samples.chatCompletion))
            const chat = yield* Chat.empty
            const heard = yield* words(chat.streamText({ prompt: "27 * 453?" }))
            assert.strictEqual(
              heard,
              "meta(msg_01) reasoning-start reasoning-delta reasoning-delta reasoning-end text-start 27 * 453 = 12,231 text-end finish"
            )
            yield* chat.generateText({ prompt: "Sure?" })
            const [, answer] = bodyOf(anthropic).messages as ReadonlyArray<{
              readonly content: ReadonlyArray<Record<string, string>>
            }>
            assert.strictEqual(answer?.content[0]?.type, "thinking")
            assert.strictEqual(
              answer?.content[0]?.signature,
              "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds..."
            )
            assert.match(answer?.content[0]?.thinking ?? "", /^Let me solve .* 3$/s)
            yield* chat.generateText({ prompt: "Really?" })
            assert.notInclude(openai.requests[0]?.body ?? "", "signature")
            assert.notInclude(openai.requests[0]?.body ?? "", "Let me solve")
          }),
        { effort: "high" }
      )
  )

  it.live("of an OpenAI-compatible model are returned, and left out of the next request", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        const message = { role: "assistant", content: "42", reasoning_content: "hm" }
        openai.play(
          FaultServer.json({
            ...samples.chatCompletion,
            choices: [{ index: 0, message, finish_reason: "stop" }]
          })
        )
        const chat = yield* Chat.empty
        const response = yield* chat.generateText({ prompt: "6 * 7?" })
        assert.strictEqual(response.reasoningText, "hm")
        yield* chat.generateText({ prompt: "Sure?" })
        assert.deepStrictEqual((bodyOf(openai).messages as ReadonlyArray<unknown>)[1], {
          role: "assistant",
          content: "42"
        })
      })
    )
  )

  it.live("that are hidden are sent back unchanged", () =>
    withChain(Chain.make(claude), ({ anthropic }) =>
      Effect.gen(function* () {
        const content = [
          { type: "redacted_thinking", data: "EmwK" },
          { type: "text", text: "42" }
        ]
        anthropic.play(FaultServer.json({ ...samples.claudeMessage, content }))
        const chat = yield* Chat.empty
        yield* chat.generateText({ prompt: "6 * 7?" })
        yield* chat.generateText({ prompt: "Sure?" })
        const [, answer] = bodyOf(anthropic).messages as ReadonlyArray<{ readonly content: unknown }>
        assert.deepStrictEqual(answer?.content, content)
      })
    )
  )
})

describe("structured output", () => {
  const Person = Schema.Struct({ name: Schema.String, age: Schema.optionalKey(Schema.Number) })
  const who = LanguageModel.generateObject({ prompt: "Who?", schema: Person, objectName: "a person" })
  const chat = (content: string) =>
    FaultServer.json({
      ...samples.chatCompletion,
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }]
    })
  const message = (text: string) =>
    FaultServer.json({ ...samples.claudeMessage, content: [{ type: "text", text }] })

  it.live("is requested in the format of each protocol", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(FaultServer.json({}, 503))
        anthropic.play(message('{"name":"Ada"}'))
        assert.deepStrictEqual((yield* who).value, { name: "Ada" })
        const format = bodyOf(openai).response_format as { readonly json_schema: Record<string, unknown> }
        assert.deepStrictEqual([format.json_schema.name, format.json_schema.strict], ["a_person", true])
        const { schema } = format.json_schema as { readonly schema: Record<string, unknown> }
        assert.deepStrictEqual(schema.required, ["name", "age"])
        const { output_config } = bodyOf(anthropic) as {
          readonly output_config: { readonly format: Record<string, unknown> }
        }
        assert.strictEqual(output_config.format.type, "json_schema")
      })
    )
  )

  it.live("that is invalid falls back to the next model, and benches nothing", () =>
    withChain(Chain.make(gpt, claude), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(chat('{"nam'))
        anthropic.play(message('{"name":"Ada","age":36}'))
        const response = yield* who
        assert.deepStrictEqual(response.value, { name: "Ada", age: 36 })
        assert.deepStrictEqual(ChainLanguageModel.servedBy(response.content)?.attempts, 2)
        assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
      })
    )
  )

  it.live("that no model produces fails as such", () =>
    withChain(Chain.make(gpt), ({ openai }) =>
      Effect.gen(function* () {
        openai.play(chat("[]"))
        assert.deepStrictEqual(yield* failing(who), ["StructuredOutputError"])
      })
    )
  )

  it.live("with a schema that one protocol cannot express comes from the other", () => {
    interface Tree {
      readonly name: string
      readonly children: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({
      name: Schema.String,
      children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
    }).annotate({ identifier: "Tree" })
    return withChain(Chain.make(claude, gpt), ({ anthropic, openai }) =>
      Effect.gen(function* () {
        openai.play(chat('{"name":"root","children":[]}'))
        const response = yield* LanguageModel.generateObject({ prompt: "Grow", schema: Tree })
        assert.deepStrictEqual(response.value, { name: "root", children: [] })
        assert.lengthOf(anthropic.requests, 0)
      })
    )
  })
})

describe("a prompt", () => {
  const user = (part: Prompt.UserMessagePartEncoded) =>
    LanguageModel.generateText({ prompt: [{ role: "user", content: [part] }] })
  const bytes = new Uint8Array([1, 2, 3])

  it.live("may hold images and documents, as bytes, as base64 or as URLs", () =>
    withChain(Chain.make(claude), ({ anthropic }) =>
      Effect.gen(function* () {
        anthropic.play(FaultServer.json(samples.claudeMessage))
        const shown = (part: Prompt.UserMessagePartEncoded) =>
          Effect.map(user(part), () => {
            const [message] = bodyOf(anthropic).messages as ReadonlyArray<{
              readonly content: ReadonlyArray<unknown>
            }>
            return message?.content[0]
          })
        const base64 = (media_type: string, data = "AQID") => ({ type: "base64", media_type, data })
        assert.deepStrictEqual(yield* shown({ type: "file", mediaType: "image/png", data: bytes }), {
          type: "image",
          source: base64("image/png")
        })
        assert.deepStrictEqual(yield* shown({ type: "file", mediaType: "image/*", data: "AQID" }), {
          type: "image",
          source: base64("image/jpeg")
        })
        assert.deepStrictEqual(
          yield* shown({ type: "file", mediaType: "image/png", data: "data:image/gif;base64,AQID" }),
          {
            type: "image",
            source: base64("image/gif")
          }
        )
        assert.deepStrictEqual(
          yield* shown({ type: "file", mediaType: "image/png", data: new URL("https://example.com/a.png") }),
          {
            type: "image",
            source: { type: "url", url: "https://example.com/a.png" }
          }
        )
        assert.deepStrictEqual(
          yield* shown({ type: "file", mediaType: "application/pdf", fileName: "a.pdf", data: bytes }),
          {
            type: "document",
            source: base64("application/pdf"),
            title: "a.pdf"
          }
        )
        assert.deepStrictEqual(
          yield* shown({ type: "file", mediaType: "text/plain", data: new TextEncoder().encode("hi") }),
          {
            type: "document",
            source: { type: "text", media_type: "text/plain", data: "hi" }
          }
        )
      })
    )
  )

  it.live("with a file that no model accepts is the caller's fault", () =>
    withChain(Chain.make(gpt, claude), ({ openai }) =>
      Effect.gen(function* () {
        const failed = yield* failing(user({ type: "file", mediaType: "audio/wav", data: bytes }))
        assert.deepStrictEqual(failed, ["InvalidUserInputError"])
        assert.lengthOf(openai.requests, 0)
      })
    )
  )

  it.live("keeps the results of tools, with what they show, and their failures", () =>
    withChain(Chain.make(claude), ({ anthropic }) =>
      Effect.gen(function* () {
        anthropic.play(FaultServer.json(samples.claudeMessage))
        yield* LanguageModel.generateText({
          prompt: [
            { role: "user", content: "Look" },
            {
              role: "assistant",
              content: [
                { type: "tool-call", id: "c1", name: "look", params: { at: 1 } },
                { type: "tool-call", id: "c2", name: "look", params: { at: 2 } },
                { type: "tool-call", id: "p1", name: "search", params: {}, providerExecuted: true }
              ]
            },
            {
              role: "tool",
              content: [
                { type: "tool-result", id: "c1", name: "look", isFailure: true, result: { error: "dark" } },
                {
                  type: "tool-result",
                  id: "c2",
                  name: "look",
                  isFailure: false,
                  result: null,
                  modelOutput: [{ type: "file", mediaType: "image/png", data: "AQID" }]
                }
              ]
            }
          ]
        })
        const [, calls, results] = bodyOf(anthropic).messages as ReadonlyArray<{
          readonly content: ReadonlyArray<unknown>
        }>
        assert.deepStrictEqual(calls?.content, [
          { type: "tool_use", id: "c1", name: "look", input: { at: 1 } },
          { type: "tool_use", id: "c2", name: "look", input: { at: 2 } }
        ])
        assert.deepStrictEqual(results?.content, [
          { type: "tool_result", tool_use_id: "c1", content: '{"error":"dark"}', is_error: true },
          {
            type: "tool_result",
            tool_use_id: "c2",
            content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "AQID" } }]
          }
        ])
      })
    )
  )

  it.live("may hold system messages in the history only if all models use OpenAI's protocol", () => {
    const supported = Effect.flatMap(
      LanguageModel.LanguageModel,
      (model) => model.supportsSystemMessagesInHistory ?? Effect.succeed(false)
    )
    return Effect.gen(function* () {
      assert.isTrue(yield* withChain(Chain.make(gpt), () => supported))
      assert.isFalse(yield* withChain(Chain.make(gpt, claude), () => supported))
    })
  })
})

describe("settings", () => {
  it.live("of a call override those of the layer", () =>
    withChain(
      Chain.make(gpt, claude),
      ({ openai }) =>
        Effect.gen(function* () {
          openai.play(FaultServer.json(samples.chatCompletion))
          yield* ask
          yield* Effect.provideService(ask, ChainLanguageModel.CallSettings, {
            temperature: 0,
            body: { openai: { seed: 7 } }
          })
          const [first, second] = [bodyOf(openai, 0), bodyOf(openai, 1)]
          assert.deepStrictEqual(
            [first.temperature, first.max_completion_tokens, first.seed],
            [0.5, 100, undefined]
          )
          assert.deepStrictEqual([second.temperature, second.max_completion_tokens, second.seed], [0, 100, 7])
        }),
      { temperature: 0.5, maxTokens: 100 }
    )
  )

  it.live("that a model does not accept are left out for it, and named in the span", () => {
    const { spans, tracer } = recording()
    return withChain(
      Chain.make(OpenAi.model("o3")),
      ({ openai }) =>
        Effect.gen(function* () {
          openai.play(FaultServer.json(samples.chatCompletion))
          yield* Effect.withTracer(ask, tracer)
          assert.notProperty(bodyOf(openai), "temperature")
          const span = spans.find(({ name }) => name === "LanguageModel.generateText")
          const attribute = (name: string) => span?.attributes.get(name)
          assert.strictEqual(attribute("failover.dropped"), "temperature")
          assert.strictEqual(attribute("failover.target"), "openai/o3#primary")
          assert.strictEqual(attribute("gen_ai.request.model"), "o3")
          assert.strictEqual(attribute("gen_ai.usage.output_tokens"), 10)
          assert.notInclude(JSON.stringify([...(span?.attributes ?? [])]), "somebody")
        }),
      { temperature: 0.5, user: "somebody" }
    )
  })
})
