import Anthropic from "@anthropic-ai/sdk"
import { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import OpenAI from "openai"
import { standardResponseFormat } from "openai/helpers/standard-schema"
import {
  anthropicTools,
  city,
  collect,
  nothing,
  rejection,
  user,
  weatherSchema
} from "../support/translate/asking.ts"
import * as Gateway from "../support/translate/gateway.ts"
import { thought } from "../support/translate/models.ts"

const Weather = Schema.Struct({ city: Schema.String, degrees: Schema.Number })

for (const to of ["anthropic", "openai"] as const) {
  const live = (name: string, test: (gateway: Gateway.Gateway) => Promise<void>) =>
    it.live(name, () => Effect.flatMap(Gateway.make(to), (gateway) => Effect.promise(() => test(gateway))))

  describe(`OpenAI's client and a target with the protocol ${to}`, () => {
    const run = (name: string, test: (client: OpenAI, gateway: Gateway.Gateway) => Promise<void>) =>
      live(name, (gateway) =>
        test(new OpenAI({ apiKey: "k", baseURL: `${gateway.origin}/v1`, maxRetries: 0 }), gateway)
      )
    const usage = { prompt_tokens: 15, completion_tokens: 20, total_tokens: 35 }

    run("gets an answer", async (client) => {
      const { data, response } = await client.chat.completions
        .create({ model: "smart", messages: user("hi"), ...(to === "anthropic" ? { seed: 1 } : {}) })
        .withResponse()
      assert.strictEqual(data.choices[0]?.message.content, "Hello! How are you?")
      assert.strictEqual(data.choices[0]?.finish_reason, "stop")
      assert.deepInclude(data.usage, usage)
      assert.strictEqual(data.usage?.prompt_tokens_details?.cached_tokens, 5)
      assert.strictEqual(response.headers.get("x-failover-dropped"), to === "anthropic" ? "seed" : "")
    })

    run("gets a stream", async (client) => {
      const stream = await client.chat.completions.create({
        model: "smart",
        messages: [{ role: "system", content: "Be polite." }, ...user("hi")],
        stream: true,
        stream_options: { include_usage: true }
      })
      const chunks = await collect(stream)
      assert.strictEqual(chunks[0]?.choices[0]?.delta.role, "assistant")
      assert.isAbove(chunks.length, 4)
      assert.strictEqual(
        chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""),
        "Hello! How are you?"
      )
      assert.deepInclude(chunks.at(-1)?.usage, usage)
    })

    run("adds a stream up", async (client) => {
      const stream = client.chat.completions.stream({
        model: "smart",
        messages: user("how is the weather?"),
        stream_options: { include_usage: true },
        tools: [{ type: "function", function: { name: "weather", parameters: city } }]
      })
      const said: Array<string> = []
      const called: Array<string> = []
      stream.on("content", (delta) => said.push(delta))
      stream.on("tool_calls.function.arguments.done", (call) => called.push(`${call.name} ${call.arguments}`))
      const { choices, usage: total } = await stream.finalChatCompletion()
      assert.strictEqual(said.join(""), "Let me look.")
      assert.deepStrictEqual(called, ['weather {"city":"Paris"}', "time {}"])
      assert.strictEqual(choices[0]?.finish_reason, "tool_calls")
      assert.deepInclude(total, usage)
    })

    const ran: Array<unknown> = []
    const tools = [
      {
        type: "function" as const,
        function: {
          name: "weather",
          description: "The weather",
          parameters: city,
          parse: JSON.parse,
          function: (args: object) => {
            ran.push(args)
            return "sunny"
          }
        }
      },
      {
        type: "function" as const,
        function: {
          name: "time",
          description: "The time",
          parameters: nothing,
          parse: JSON.parse,
          function: (args: object) => {
            ran.push(args)
            return "noon"
          }
        }
      }
    ]

    for (const stream of [false, true]) {
      run(`runs tools${stream ? " in streams" : ""}`, async (client, gateway) => {
        ran.length = 0
        const params = {
          model: "smart",
          messages: user("how is the weather?"),
          tools,
          ...(to === "anthropic" ? { reasoning_effort: "high" as const } : {})
        }
        const runner = stream
          ? client.chat.completions.runTools({ ...params, stream: true })
          : client.chat.completions.runTools(params)
        assert.strictEqual(await runner.finalContent(), "Paris: sunny, noon")
        assert.deepStrictEqual(ran, [{ city: "Paris" }, {}])
        assert.strictEqual(gateway.asked.length, 2)
      })
    }

    run("gives thoughts back when an answer is sent back as it came", async (client, gateway) => {
      const question = user("how is the weather?")
      const params = {
        model: "smart",
        tools: tools.map((tool) => ({
          type: tool.type,
          function: { name: tool.function.name, parameters: nothing }
        })),
        ...(to === "anthropic" ? { reasoning_effort: "high" as const } : {})
      }
      const answer = (await client.chat.completions.create({ ...params, messages: question })).choices[0]!
        .message
      const results = (answer.tool_calls ?? []).map(({ id }) => ({
        role: "tool" as const,
        tool_call_id: id,
        content: "fine"
      }))
      // A model of this protocol does not accept its thoughts back: the protocol has no field for them.
      const { reasoning_content: _, ...said } = answer as typeof answer & {
        readonly reasoning_content?: string
      }
      const messages = [...question, said, ...results]
      const { choices } = await client.chat.completions.create({ ...params, messages })
      assert.strictEqual(choices[0]?.message.content, "Paris: fine, fine")
      if (to === "openai") return
      const asked = gateway.asked[1]!.messages as ReadonlyArray<{ readonly content: ReadonlyArray<unknown> }>
      assert.deepStrictEqual(asked[1]!.content[0], { type: "thinking", thinking: thought, signature: "c2ln" })
    })

    run("gets an answer of the requested form", async (client, gateway) => {
      const format = standardResponseFormat(Schema.toStandardSchemaV1(Weather), "weather", {
        schema: weatherSchema
      })
      const params = { model: "smart", messages: user("tell"), response_format: format }
      const whole = await client.chat.completions.parse(params)
      assert.deepStrictEqual(whole.choices[0]?.message.parsed, { city: "Paris", degrees: 21 })
      const streamed = await client.chat.completions.stream(params).finalChatCompletion()
      assert.deepStrictEqual(streamed.choices[0]?.message.parsed, { city: "Paris", degrees: 21 })
      const asked = JSON.stringify(
        gateway.asked[0]?.[to === "anthropic" ? "output_config" : "response_format"]
      )
      assert.include(asked, JSON.stringify(weatherSchema.required))
    })

    run("learns why an answer ended", async (client) => {
      for (const [question, reason] of [
        ["long", "length"],
        ["bad", "content_filter"]
      ] as const) {
        const params = { model: "smart", messages: user(question) }
        const whole = await client.chat.completions.create(params)
        assert.strictEqual(whole.choices[0]?.finish_reason, reason)
        const chunks = await collect(await client.chat.completions.create({ ...params, stream: true }))
        assert.strictEqual(
          chunks.findLast(({ choices }) => choices.length > 0)?.choices[0]?.finish_reason,
          reason
        )
      }
    })

    run("sees thoughts", async (client) => {
      const params = { model: "smart", messages: user("think"), reasoning_effort: "high" as const }
      const { choices } = await client.chat.completions.create(params)
      const message: Readonly<Record<string, unknown>> = { ...choices[0]?.message }
      assert.deepInclude(message, { reasoning_content: thought, content: "42" })
      const chunks = await collect(await client.chat.completions.create({ ...params, stream: true }))
      const thoughts = chunks.map(({ choices }) => {
        const delta: Readonly<Record<string, unknown>> = { ...choices[0]?.delta }
        return delta.reasoning_content ?? ""
      })
      assert.strictEqual(thoughts.join(""), thought)
    })

    run("understands errors", async (client) => {
      const ask = (content: string) =>
        client.chat.completions.create({ model: "smart", messages: user(content) })
      assert.instanceOf(await rejection(ask("status 429")), OpenAI.RateLimitError)
      assert.instanceOf(await rejection(ask("status 500")), OpenAI.InternalServerError)
      const streamed = (content: string) =>
        client.chat.completions.create({ model: "smart", messages: user(content), stream: true })
      assert.instanceOf(await rejection(streamed("status 503")), OpenAI.InternalServerError)
      const stream = await streamed("break")
      const error = await rejection(collect(stream))
      assert.instanceOf(error, OpenAI.APIError)
      assert.include(String(error), "Overloaded")
    })
  })

  describe(`Anthropic's client and a target with the protocol ${to}`, () => {
    const run = (name: string, test: (client: Anthropic, gateway: Gateway.Gateway) => Promise<void>) =>
      live(name, (gateway) =>
        test(new Anthropic({ apiKey: "k", baseURL: gateway.origin, maxRetries: 0 }), gateway)
      )
    const base = { model: "smart", max_tokens: 4000 }
    const usage = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 }

    run("gets an answer", async (client) => {
      const { data, response } = await client.messages
        .create({
          ...base,
          system: "Be polite.",
          messages: user("hi"),
          ...(to === "openai" ? { top_k: 5 } : {})
        })
        .withResponse()
      assert.deepInclude(data.content[0], { type: "text", text: "Hello! How are you?" })
      assert.strictEqual(data.stop_reason, "end_turn")
      assert.deepInclude(data.usage, usage)
      assert.strictEqual(response.headers.get("x-failover-dropped"), to === "openai" ? "top_k" : "")
    })

    run("gets a stream", async (client) => {
      const stream = await client.messages.create({ ...base, messages: user("hi"), stream: true })
      const types = (await collect(stream)).map(({ type }) => type)
      assert.deepStrictEqual(
        types.filter((type) => type !== "content_block_delta"),
        ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]
      )
    })

    run("adds a stream up", async (client) => {
      const stream = client.messages.stream({
        ...base,
        messages: user("how is the weather?"),
        tools: [{ name: "weather", input_schema: city }]
      })
      const said: Array<string> = []
      const blocks: Array<string> = []
      stream.on("text", (delta) => said.push(delta))
      stream.on("contentBlock", (block) => blocks.push(block.type))
      const message = await stream.finalMessage()
      assert.strictEqual(said.join(""), "Let me look.")
      assert.deepStrictEqual(blocks, ["text", "tool_use", "tool_use"])
      assert.deepStrictEqual(
        message.content.flatMap((block) => (block.type === "tool_use" ? [[block.name, block.input]] : [])),
        [
          ["weather", { city: "Paris" }],
          ["time", {}]
        ]
      )
      assert.strictEqual(message.stop_reason, "tool_use")
      assert.deepInclude(message.usage, usage)
    })

    for (const stream of [false, true]) {
      run(`runs tools${stream ? " in streams" : ""}`, async (client, gateway) => {
        const ran: Array<unknown> = []
        const params = {
          ...base,
          messages: user("how is the weather?"),
          tools: anthropicTools(ran),
          max_iterations: 3
        }
        const runner = stream
          ? client.beta.messages.toolRunner({ ...params, stream: true })
          : client.beta.messages.toolRunner(params)
        const message = await runner.runUntilDone()
        assert.deepInclude(message.content[0], { type: "text", text: "Paris: sunny, noon" })
        assert.deepStrictEqual(ran, [{ city: "Paris" }, {}])
        assert.strictEqual(gateway.asked.length, 2)
      })
    }

    run("gets an answer of the requested form", async (client, gateway) => {
      const params = {
        ...base,
        messages: user("tell"),
        output_config: { format: jsonSchemaOutputFormat(weatherSchema) }
      }
      const whole = await client.messages.parse(params)
      assert.deepStrictEqual(whole.parsed_output, { city: "Paris", degrees: 21 })
      const streamed = await client.messages.stream(params).finalMessage()
      assert.deepStrictEqual(streamed.parsed_output, { city: "Paris", degrees: 21 })
      const asked = JSON.stringify(
        gateway.asked[0]?.[to === "anthropic" ? "output_config" : "response_format"]
      )
      assert.include(asked, JSON.stringify(weatherSchema.required))
    })

    run("learns why an answer ended", async (client) => {
      for (const [question, reason] of [
        ["long", "max_tokens"],
        ["bad", "refusal"]
      ] as const) {
        const params = { ...base, messages: user(question) }
        assert.strictEqual((await client.messages.create(params)).stop_reason, reason)
        assert.strictEqual((await client.messages.stream(params).finalMessage()).stop_reason, reason)
      }
    })

    run("gets thoughts if it requests them", async (client) => {
      const params = { ...base, messages: user("think"), thinking: { type: "adaptive" as const } }
      for (const { content } of [
        await client.messages.create(params),
        await client.messages.stream(params).finalMessage()
      ]) {
        assert.deepInclude(content[0], { type: "thinking", thinking: thought })
        assert.deepInclude(content[1], { type: "text", text: "42" })
      }
    })

    run("understands errors", async (client) => {
      const ask = (content: string, stream = false) =>
        client.messages.create({ ...base, messages: user(content), stream })
      assert.instanceOf(await rejection(ask("status 429")), Anthropic.RateLimitError)
      assert.instanceOf(await rejection(ask("status 500")), Anthropic.InternalServerError)
      assert.instanceOf(await rejection(ask("status 503", true)), Anthropic.InternalServerError)
      const stream = client.messages.stream({ ...base, messages: user("break") })
      const error = await rejection(stream.finalMessage())
      assert.instanceOf(error, Anthropic.APIError)
      assert.include(String(error), "Overloaded")
    })
  })
}
