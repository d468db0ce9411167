import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import OpenAI from "openai"
import { standardResponseFormat, standardTextFormat } from "openai/helpers/standard-schema"
import type { ResponseInputItem, ResponseOutputItem } from "openai/resources/responses/responses"
import * as FaultServer from "../../support/FaultServer.ts"
import {
  begun,
  breaks,
  city,
  collect,
  cuts,
  failure,
  failures,
  hello,
  live,
  nothing,
  pixel,
  type Target,
  targets,
  user,
  type World,
  weatherSchema,
  words,
  world
} from "../../support/sdks.ts"
import { thought } from "../../support/translate/models.ts"

const at = ({ url }: World) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "let-me-in", maxRetries: 0 })

const Weather = Schema.toStandardSchemaV1(Schema.Struct({ city: Schema.String, degrees: Schema.Number }))

const chatUsage = { prompt_tokens: 15, completion_tokens: 20, total_tokens: 35 }

const chat = (to: Target) => {
  const ask = (content: string) => ({ model: to, messages: user(content) })
  const tools = (ran: Array<unknown>) =>
    [["weather", city, "sunny"] as const, ["time", nothing, "noon"] as const].map(
      ([name, parameters, result]) => ({
        type: "function" as const,
        function: {
          name,
          description: `The ${name}`,
          parameters,
          parse: JSON.parse,
          function: (args: object) => {
            ran.push(args)
            return result
          }
        }
      })
    )

  live("is answered", async (world) => {
    const { choices, usage } = await at(world).chat.completions.create({
      model: to,
      messages: [{ role: "developer", content: "Be polite." }, ...user("hi")],
      max_completion_tokens: 50
    })
    assert.deepInclude(choices[0], { finish_reason: "stop" })
    assert.strictEqual(choices[0]?.message.content, hello)
    assert.deepInclude(usage, chatUsage)
    assert.strictEqual(usage?.prompt_tokens_details?.cached_tokens, 5)
    const { body } = world.asked[0]!
    if (to === "anthropic") assert.deepInclude(body, { system: "Be polite.", max_tokens: 50 })
    else assert.strictEqual(body.max_completion_tokens, 50)
  })

  live("is streamed and added up", async (world) => {
    const stream = at(world).chat.completions.stream({
      ...ask("hi"),
      stream_options: { include_usage: true }
    })
    const said: Array<string> = []
    stream.on("content", (delta) => said.push(delta))
    const { choices, usage } = await stream.finalChatCompletion()
    assert.strictEqual(said.join(""), hello)
    assert.strictEqual(choices[0]?.finish_reason, "stop")
    assert.deepInclude(usage, chatUsage)
  })

  for (const stream of [false, true]) {
    live(`runs tools${stream ? " in streams" : ""}`, async (world) => {
      const ran: Array<unknown> = []
      const params = { ...ask("how is the weather?"), tools: tools(ran) }
      const { completions } = at(world).chat
      const runner = stream ? completions.runTools({ ...params, stream: true }) : completions.runTools(params)
      assert.strictEqual(await runner.finalContent(), "Paris: sunny, noon")
      assert.deepStrictEqual(ran, [{ city: "Paris" }, {}])
    })
  }

  live("forces tool calls, and limits how many at once", async (world) => {
    for (const [tool_choice, expected] of [
      ["auto", "auto"],
      ["none", "none"],
      ["required", to === "anthropic" ? "any" : "required"],
      [{ type: "function", function: { name: "weather" } }, "weather"]
    ] as const) {
      await at(world).chat.completions.create({
        ...ask("hi"),
        tools: [{ type: "function", function: { name: "weather", parameters: city } }],
        tool_choice,
        parallel_tool_calls: false
      })
      const { body } = world.asked.at(-1)!
      assert.include(JSON.stringify(body.tool_choice), `"${expected}"`)
      if (to === "openai") assert.isFalse(body.parallel_tool_calls)
      else if (tool_choice !== "none") {
        assert.deepInclude(body.tool_choice, { disable_parallel_tool_use: true })
      }
    }
  })

  live("is parsed", async (world) => {
    const response_format = standardResponseFormat(Weather, "weather", { schema: weatherSchema })
    const params = { ...ask("tell"), response_format }
    const whole = await at(world).chat.completions.parse(params)
    assert.deepStrictEqual(whole.choices[0]?.message.parsed, { city: "Paris", degrees: 21 })
    const streamed = await at(world).chat.completions.stream(params).finalChatCompletion()
    assert.deepStrictEqual(streamed.choices[0]?.message.parsed, { city: "Paris", degrees: 21 })
  })

  live("shows pictures", async (world) => {
    const { choices } = await at(world).chat.completions.create({
      model: to,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "what is in the picture?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
            { type: "image_url", image_url: { url: "https://example.org/cat.png" } }
          ]
        }
      ]
    })
    assert.strictEqual(
      choices[0]?.message.content,
      `I see image/png ${pixel} and https://example.org/cat.png`
    )
  })

  live("has a finish reason", async (world) => {
    for (const [question, reason] of [
      ["long", "length"],
      ["bad", "content_filter"]
    ] as const) {
      const { choices } = await at(world).chat.completions.create(ask(question))
      assert.strictEqual(choices[0]?.finish_reason, reason)
      const chunks = await collect(
        await at(world).chat.completions.create({ ...ask(question), stream: true })
      )
      const last = chunks.findLast(({ choices }) => choices.length > 0)
      assert.strictEqual(last?.choices[0]?.finish_reason, reason)
    }
  })

  live("that fails has the error of its kind", async (world) => {
    const failing = (content: string) => failure(at(world).chat.completions.create(ask(content)))
    assert.instanceOf(await failing("status 429"), OpenAI.RateLimitError)
    assert.instanceOf(await failing("status 500"), OpenAI.InternalServerError)
    const nobody = { ...ask("hi"), model: "nobody" }
    assert.instanceOf(await failure(at(world).chat.completions.create(nobody)), OpenAI.NotFoundError)
    const error = { type: "invalid_request_error", message: "No such thing" }
    breaks(world, to, FaultServer.json({ type: "error", error }, 400))
    const refused = await failing("hi")
    assert.instanceOf(refused, OpenAI.BadRequestError)
    assert.include(String(refused), "No such thing")
  })

  live("that breaks off is an error and never a success", async (world) => {
    for (const behaviour of cuts(begun(to, "chat"))) {
      breaks(world, to, behaviour)
      const stream = at(world).chat.completions.stream(ask("hi"))
      const said: Array<string> = []
      stream.on("content", (delta) => said.push(delta))
      assert.instanceOf(await failure(stream.finalChatCompletion()), OpenAI.APIError)
      assert.strictEqual(said.join(""), words)
    }
  })

  const other = to === "openai" ? "anthropic" : "openai"
  for (const [word, behaviour] of failures) {
    live(`comes from it when one of the other protocol fails: ${word}`, async (world) => {
      breaks(world, other, behaviour)
      const params = { ...ask("hi"), model: `${other}-first` }
      const { data, response } = await at(world)
        .chat.completions.create({ ...params, stream: true })
        .withResponse()
      const said = (await collect(data)).map(({ choices }) => choices[0]?.delta.content ?? "")
      assert.strictEqual(said.join(""), hello)
      assert.strictEqual(response.headers.get("x-failover-trail"), `${word},ok`)
    })
  }
}

const responses = (to: Target) => {
  const ask = (input: string) => ({ model: to, input, store: false })
  const tools = [["weather", city] as const, ["time", nothing] as const].map(([name, parameters]) => ({
    type: "function" as const,
    name,
    parameters,
    strict: true
  }))

  live("is answered", async (world) => {
    const answer = await at(world).responses.create({
      ...ask("hi"),
      instructions: "Be polite.",
      max_output_tokens: 50
    })
    assert.strictEqual(answer.output_text, hello)
    assert.strictEqual(answer.status, "completed")
    assert.deepInclude(answer.usage, { input_tokens: 15, output_tokens: 20, total_tokens: 35 })
    assert.strictEqual(answer.usage?.input_tokens_details.cached_tokens, 5)
    const { body } = world.asked[0]!
    if (to === "anthropic") assert.deepInclude(body, { system: "Be polite.", max_tokens: 50 })
  })

  live("is streamed and added up", async (world) => {
    const stream = at(world).responses.stream(ask("hi"))
    const said: Array<string> = []
    const types = new Set<string>()
    let number = 0
    stream.on("response.output_text.delta", ({ delta }) => said.push(delta))
    for await (const event of stream) {
      types.add(event.type)
      assert.strictEqual(event.sequence_number, number++)
    }
    const answer = await stream.finalResponse()
    assert.strictEqual(said.join(""), hello)
    assert.isAbove(said.length, 1)
    assert.strictEqual(answer.output_text, hello)
    assert.deepInclude(answer.usage, { input_tokens: 15, output_tokens: 20 })
    assert.deepStrictEqual(
      [...types],
      [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed"
      ]
    )
  })

  for (const isStream of [false, true]) {
    live(`calls tools and takes their results${isStream ? " in streams" : ""}`, async (world) => {
      const { responses } = at(world)
      const turn = (input: ReadonlyArray<ResponseInputItem>) => {
        const params = { ...ask(""), input: [...input], tools }
        return isStream ? responses.stream(params).finalResponse() : responses.create(params)
      }
      const question: ReadonlyArray<ResponseInputItem> = user("how is the weather?")
      const { output } = await turn(question)
      const items: ReadonlyArray<ResponseOutputItem> = output
      const calls = items.filter((item) => item.type === "function_call")
      assert.deepStrictEqual(
        calls.map(({ name, arguments: args }) => [name, args]),
        [
          ["weather", '{"city":"Paris"}'],
          ["time", "{}"]
        ]
      )
      const results = calls.map(({ call_id, name }) => ({
        type: "function_call_output" as const,
        call_id,
        output: name === "weather" ? "sunny" : "noon"
      }))
      // The model's message is sent back unchanged.
      const second = await turn([...question, ...(items as ReadonlyArray<ResponseInputItem>), ...results])
      assert.strictEqual(second.output_text, "Paris: sunny, noon")
    })
  }

  live("is parsed", async (world) => {
    const format = standardTextFormat(Weather, "weather", { schema: weatherSchema })
    const params = { ...ask("tell"), text: { format } }
    const whole = await at(world).responses.parse(params)
    assert.deepStrictEqual(whole.output_parsed, { city: "Paris", degrees: 21 })
    const streamed = await at(world).responses.stream(params).finalResponse()
    assert.deepStrictEqual(streamed.output_parsed, { city: "Paris", degrees: 21 })
  })

  live("shows pictures", async (world) => {
    const { output_text } = await at(world).responses.create({
      ...ask(""),
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "what is in the picture?" },
            { type: "input_image", detail: "auto", image_url: `data:image/png;base64,${pixel}` },
            { type: "input_image", detail: "auto", image_url: "https://example.org/cat.png" }
          ]
        }
      ]
    })
    assert.strictEqual(output_text, `I see image/png ${pixel} and https://example.org/cat.png`)
  })

  live("thinks", async (world) => {
    const params = { ...ask("think"), reasoning: { effort: "high" as const, summary: "auto" as const } }
    for (const answer of [
      await at(world).responses.create(params),
      await at(world).responses.stream(params).finalResponse()
    ]) {
      const thoughts = answer.output.flatMap((item) => (item.type === "reasoning" ? item.summary : []))
      assert.strictEqual(thoughts.map(({ text }) => text).join(""), thought)
      assert.strictEqual(answer.output_text, "42")
    }
  })

  live("has a finish reason", async (world) => {
    for (const [question, reason] of [
      ["long", "max_output_tokens"],
      ["bad", "content_filter"]
    ] as const) {
      for (const answer of [
        await at(world).responses.create(ask(question)),
        await at(world).responses.stream(ask(question)).finalResponse()
      ]) {
        assert.strictEqual(answer.status, "incomplete")
        assert.strictEqual(answer.incomplete_details?.reason, reason)
      }
    }
  })

  live("that fails has the error of its kind", async (world) => {
    const failing = (content: string) => failure(at(world).responses.create(ask(content)))
    assert.instanceOf(await failing("status 429"), OpenAI.RateLimitError)
    assert.instanceOf(await failing("status 500"), OpenAI.InternalServerError)
    const error = { type: "invalid_request_error", message: "No such thing" }
    breaks(world, to, FaultServer.json({ type: "error", error }, 400))
    const refused = await failing("hi")
    assert.instanceOf(refused, OpenAI.BadRequestError)
    assert.include(String(refused), "No such thing")
  })

  live("that breaks off is an error and never a success", async (world) => {
    for (const behaviour of cuts(begun(to, "responses"))) {
      breaks(world, to, behaviour)
      const stream = at(world).responses.stream(ask("hi"))
      const said: Array<string> = []
      stream.on("response.output_text.delta", ({ delta }) => said.push(delta))
      assert.instanceOf(await failure(stream.finalResponse()), OpenAI.APIError)
      assert.strictEqual(said.join(""), words)
    }
  })

  const other = to === "openai" ? "anthropic" : "openai"
  for (const [word, behaviour] of failures) {
    live(`comes from it when one of the other protocol fails: ${word}`, async (world) => {
      breaks(world, other, behaviour)
      const { data, response } = await at(world)
        .responses.create({ ...ask("hi"), model: `${other}-first`, stream: true })
        .withResponse()
      const said = (await collect(data)).map((event) =>
        event.type === "response.output_text.delta" ? event.delta : ""
      )
      assert.strictEqual(said.join(""), hello)
      assert.strictEqual(response.headers.get("x-failover-trail"), `${word},ok`)
    })
  }
}

for (const to of targets) {
  describe(`a chat completion of OpenAI's client from a target with ${to}`, () => chat(to))
  describe(`a response of OpenAI's client from a target with ${to}`, () => responses(to))
}

describe("OpenAI's client", () => {
  it.live(
    "completes prompts and embeds texts at a target with its protocol, and gets an error otherwise",
    () =>
      Effect.gen(function* () {
        const made = yield* world
        const client = at(made)
        made.servers.openai.play(
          FaultServer.json({
            id: "cmpl-1",
            object: "text_completion",
            created: 1,
            model: "m",
            choices: [{ index: 0, text: "there was", finish_reason: "stop", logprobs: null }]
          })
        )
        const { choices } = yield* Effect.promise(() =>
          client.completions.create({ model: "openai", prompt: "Once" })
        )
        assert.strictEqual(choices[0]?.text, "there was")
        for (const asking of [
          () => client.completions.create({ model: "anthropic", prompt: "Once" }),
          () => client.embeddings.create({ model: "anthropic", input: "a" })
        ]) {
          const error = yield* Effect.promise(() => failure(asking()))
          assert.instanceOf(error, OpenAI.BadRequestError)
          assert.deepInclude(error, { code: "wrong_protocol", param: "model" })
        }
      })
  )
})
