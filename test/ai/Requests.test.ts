/** What a chain's requests look like on the wire: ids, images, caches, names of tools, settings. */
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ChainLanguageModel from "../../src/ai/ChainLanguageModel.ts"
import * as Chain from "../../src/domain/Chain.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import * as FaultServer from "../support/FaultServer.ts"

const claudeSays = (content: ReadonlyArray<object>, stop_reason = "end_turn") =>
  FaultServer.json({
    id: "m",
    type: "message",
    role: "assistant",
    model: "claude",
    content,
    stop_reason,
    usage: { input_tokens: 1, output_tokens: 1 }
  })

const gptSays = (message: object, finish_reason = "stop") =>
  FaultServer.json({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "gpt",
    choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason }]
  })

/** Sends a request to one of two servers, and returns the body that the server received. */
const sent = <E>(
  protocol: "openai" | "anthropic",
  call: Effect.Effect<unknown, E, LanguageModel.LanguageModel>,
  answer = protocol === "openai" ? gptSays({ content: "hi" }) : claudeSays([{ type: "text", text: "hi" }])
) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make
    server.play(answer)
    const providers = Layer.merge(
      OpenAi.layer({ baseUrl: `${server.origin}/v1`, apiKey: Redacted.make("k") }),
      Anthropic.layer({ baseUrl: server.origin, apiKey: Redacted.make("k") })
    ).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
    const model = protocol === "openai" ? OpenAi.model("gpt-5.2") : Anthropic.model("claude-sonnet-5")
    const layer = Layer.provide(ChainLanguageModel.layer(Chain.make(model)), providers)
    yield* Effect.provide(call, Layer.fresh(layer))
    return JSON.parse(server.requests[0]?.body ?? "{}")
  })

const ask = (...content: ReadonlyArray<Prompt.UserMessagePart>) =>
  LanguageModel.generateText({ prompt: Prompt.fromMessages([Prompt.userMessage({ content })]) })

describe("a request of a chain", () => {
  it.live("gives two calls with the same id different ids, each with its own result", () =>
    Effect.gen(function* () {
      const call = (city: string) =>
        Prompt.toolCallPart({ id: "call_0", name: "weather", params: { city }, providerExecuted: false })
      const result = (sky: string) =>
        Prompt.toolResultPart({
          id: "call_0",
          name: "weather",
          result: sky,
          isFailure: false,
          providerExecuted: false
        })
      const prompt = Prompt.fromMessages([
        Prompt.userMessage({ content: [Prompt.textPart({ text: "hi" })] }),
        Prompt.assistantMessage({ content: [call("Oslo"), call("Rome")] }),
        Prompt.toolMessage({ content: [result("rain"), result("sun")] })
      ])
      const { messages } = yield* sent("anthropic", LanguageModel.generateText({ prompt }))
      const [, calls, results] = messages
      const ids = calls.content.map(({ id }: { readonly id: string }) => id)
      assert.strictEqual(new Set(ids).size, 2)
      assert.deepStrictEqual(
        results.content.map((part: { readonly tool_use_id: string; readonly content: unknown }) => [
          part.tool_use_id,
          JSON.stringify(part.content).includes("rain") ? "rain" : "sun"
        ]),
        [
          [ids[0], "rain"],
          [ids[1], "sun"]
        ]
      )
    })
  )

  it.live("declares an image by its bytes, whatever the caller declared", () =>
    Effect.gen(function* () {
      const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0])
      const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0])
      const body = yield* sent(
        "anthropic",
        ask(
          Prompt.filePart({ mediaType: "image/*", data: png }),
          Prompt.filePart({ mediaType: "image/jpg", data: jpeg }),
          Prompt.filePart({ mediaType: "image/png", data: jpeg })
        )
      )
      assert.deepStrictEqual(
        body.messages[0].content.map(
          ({ source }: { readonly source: { readonly media_type: string } }) => source.media_type
        ),
        ["image/png", "image/jpeg", "image/jpeg"]
      )
    })
  )

  it.live("sends cache control to Anthropic", () =>
    Effect.gen(function* () {
      const options = { anthropic: { cacheControl: { type: "ephemeral" } } }
      const prompt = Prompt.fromMessages([
        Prompt.systemMessage({ content: "Be brief.", options }),
        Prompt.userMessage({ content: [Prompt.textPart({ text: "a long text", options })] })
      ])
      const body = yield* sent("anthropic", LanguageModel.generateText({ prompt }))
      assert.deepStrictEqual(body.system[0].cache_control, { type: "ephemeral" })
      assert.deepStrictEqual(body.messages[0].content[0].cache_control, { type: "ephemeral" })
      const other = yield* sent("openai", LanguageModel.generateText({ prompt }))
      assert.notInclude(JSON.stringify(other), "cache")
    })
  )

  for (const protocol of ["openai", "anthropic"] as const) {
    it.live(
      `gives tools names that the server takes, and their own names back to the caller: ${protocol}`,
      () =>
        Effect.gen(function* () {
          const Weather = Toolkit.make(
            Tool.make("weather.get", {
              parameters: Schema.Struct({ city: Schema.String }),
              success: Schema.String
            })
          )
          const seen: Array<string> = []
          const call = LanguageModel.generateText({
            prompt: "hi",
            toolkit: Weather,
            disableToolCallResolution: true
          }).pipe(
            Effect.tap(({ toolCalls }) => Effect.sync(() => seen.push(...toolCalls.map(({ name }) => name)))),
            Effect.provide(Weather.toLayer({ "weather.get": () => Effect.succeed("clear") }))
          )
          const server = yield* FaultServer.make
          server.answer((request) => {
            const { tools } = JSON.parse(request.body)
            const name: string = protocol === "openai" ? tools[0].function.name : tools[0].name
            assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/)
            return protocol === "openai"
              ? gptSays(
                  {
                    tool_calls: [
                      { id: "1", type: "function", function: { name, arguments: '{"city":"Oslo"}' } }
                    ]
                  },
                  "tool_calls"
                )
              : claudeSays([{ type: "tool_use", id: "t1", name, input: { city: "Oslo" } }], "tool_use")
          })
          const providers = Layer.merge(
            OpenAi.layer({ baseUrl: `${server.origin}/v1`, apiKey: Redacted.make("k") }),
            Anthropic.layer({ baseUrl: server.origin, apiKey: Redacted.make("k") })
          ).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
          const model = protocol === "openai" ? OpenAi.model("gpt-5.2") : Anthropic.model("claude-sonnet-5")
          yield* Effect.provide(
            call,
            Layer.fresh(Layer.provide(ChainLanguageModel.layer(Chain.make(model)), providers))
          )
          assert.deepStrictEqual(seen, ["weather.get"])
        })
    )
  }

  it.live("keeps an outer limit that the inner settings do not override", () =>
    Effect.gen(function* () {
      const text = LanguageModel.generateText({ prompt: "hi" })
      const { withSettings } = ChainLanguageModel
      const body = yield* sent(
        "anthropic",
        withSettings(withSettings(text, { user: "inner" }), { maxTokens: 200, user: "outer" })
      )
      assert.deepStrictEqual([body.max_tokens, body.metadata.user_id], [200, "inner"])
    })
  )

  it.live("keeps an outer setting where the inner one is undefined, and merges bodies", () =>
    Effect.gen(function* () {
      const { withSettings } = ChainLanguageModel
      const inner = { maxTokens: undefined, body: { anthropic: { service_tier: "auto" } } }
      const outer = { maxTokens: 200, body: { anthropic: { inference_geo: "eu" } } }
      const body = yield* sent(
        "anthropic",
        withSettings(withSettings(LanguageModel.generateText({ prompt: "hi" }), inner), outer)
      )
      assert.deepStrictEqual([body.max_tokens, body.service_tier, body.inference_geo], [200, "auto", "eu"])
    })
  )

  it.live("sends the cache control of a tool's result to Anthropic", () =>
    Effect.gen(function* () {
      const options = { anthropic: { cacheControl: { type: "ephemeral" } } }
      const prompt = Prompt.make([
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: [Prompt.toolCallPart({ id: "c1", name: "look", params: {}, providerExecuted: false })]
        },
        {
          role: "tool",
          content: [
            Prompt.toolResultPart({
              id: "c1",
              name: "look",
              isFailure: false,
              result: "seen",
              providerExecuted: false,
              options
            })
          ]
        }
      ])
      const body = yield* sent("anthropic", LanguageModel.generateText({ prompt }))
      assert.include(JSON.stringify(body.messages.at(-1)), '"cache_control":{"type":"ephemeral"}')
    })
  )
})
