import Anthropic from "@anthropic-ai/sdk"
import { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import {
  anthropicTools,
  begun,
  breaks,
  city,
  collect,
  cuts,
  failure,
  failures,
  hello,
  live,
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

const at = ({ url }: World) => new Anthropic({ baseURL: url, apiKey: "let-me-in", maxRetries: 0 })

const usage = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 }

const run = (to: Target) => {
  const ask = (content: string) => ({ model: to, max_tokens: 4000, messages: user(content) })

  live("is answered", async (world) => {
    const message = await at(world).messages.create({
      ...ask("hi"),
      system: [{ type: "text", text: "Be polite." }],
      stop_sequences: ["."],
      ...{ temperature: 0.5 } // in the API, not in the types
    })
    assert.deepInclude(message.content[0], { type: "text", text: hello })
    assert.strictEqual(message.stop_reason, "end_turn")
    assert.deepInclude(message.usage, usage)
    const { body } = world.asked[0]!
    assert.strictEqual(body.temperature, 0.5)
    if (to === "openai") {
      assert.deepInclude(body, { max_completion_tokens: 4000, stop: "." })
      assert.deepStrictEqual(body.messages, [
        { role: "system", content: "Be polite." },
        { role: "user", content: "hi" }
      ])
    }
  })

  live("is streamed and added up", async (world) => {
    const stream = at(world).messages.stream(ask("hi"))
    const said: Array<string> = []
    stream.on("text", (delta) => said.push(delta))
    const message = await stream.finalMessage()
    assert.strictEqual(said.join(""), hello)
    assert.isAbove(said.length, 1)
    assert.strictEqual(message.stop_reason, "end_turn")
    assert.deepInclude(message.usage, usage)
  })

  for (const stream of [false, true]) {
    live(`runs tools${stream ? " in streams" : ""}`, async (world) => {
      const ran: Array<unknown> = []
      const params = {
        ...ask("how is the weather?"),
        tools: anthropicTools(ran),
        max_iterations: 3
      }
      const { messages } = at(world).beta
      const runner = stream ? messages.toolRunner({ ...params, stream: true }) : messages.toolRunner(params)
      const message = await runner.runUntilDone()
      assert.deepInclude(message.content[0], { type: "text", text: "Paris: sunny, noon" })
      assert.deepStrictEqual(ran, [{ city: "Paris" }, {}])
    })
  }

  live("forces tool calls, and limits how many at once", async (world) => {
    for (const [type, expected] of [
      ["auto", "auto"],
      ["any", to === "openai" ? "required" : "any"],
      ["tool", "weather"]
    ] as const) {
      const more = { disable_parallel_tool_use: true }
      await at(world).messages.create({
        ...ask("hi"),
        tools: [{ name: "weather", input_schema: city }],
        tool_choice: type === "tool" ? { type, name: "weather", ...more } : { type, ...more }
      })
      const { body } = world.asked.at(-1)!
      assert.include(JSON.stringify(body.tool_choice), `"${expected}"`)
      if (to === "openai") assert.isFalse(body.parallel_tool_calls)
    }
  })

  live("is parsed", async (world) => {
    const params = { ...ask("tell"), output_config: { format: jsonSchemaOutputFormat(weatherSchema) } }
    const whole = await at(world).messages.parse(params)
    assert.deepStrictEqual(whole.parsed_output, { city: "Paris", degrees: 21 })
    const streamed = await at(world).messages.stream(params).finalMessage()
    assert.deepStrictEqual(streamed.parsed_output, { city: "Paris", degrees: 21 })
  })

  live("shows pictures", async (world) => {
    const { content } = await at(world).messages.create({
      ...ask(""),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "what is in the picture?" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
            { type: "image", source: { type: "url", url: "https://example.org/cat.png" } }
          ]
        }
      ]
    })
    const text = `I see image/png ${pixel} and https://example.org/cat.png`
    assert.deepInclude(content[0], { type: "text", text })
  })

  live("thinks", async (world) => {
    const params = { ...ask("think"), thinking: { type: "adaptive" as const } }
    for (const { content } of [
      await at(world).messages.create(params),
      await at(world).messages.stream(params).finalMessage()
    ]) {
      assert.deepInclude(content[0], { type: "thinking", thinking: thought })
      assert.deepInclude(content[1], { type: "text", text: "42" })
    }
  })

  live("continues after thoughts, which only their own provider gets back", async (world) => {
    const params = { ...ask("think"), thinking: { type: "adaptive" as const } }
    const { content } = await at(world).messages.create(params)
    for (const target of targets) {
      const messages = [...params.messages, { role: "assistant" as const, content }, ...user("hi")]
      const next = await at(world).messages.create({ ...params, model: target, messages })
      assert.deepInclude(next.content[0], { type: "text", text: hello })
      const isGiven = JSON.stringify(world.asked.at(-1)?.body).includes(thought)
      assert.strictEqual(isGiven, to === "anthropic" && target === "anthropic")
    }
  })

  live("has a stop reason", async (world) => {
    for (const [question, reason] of [
      ["long", "max_tokens"],
      ["bad", "refusal"]
    ] as const) {
      assert.strictEqual((await at(world).messages.create(ask(question))).stop_reason, reason)
      const streamed = await at(world).messages.stream(ask(question)).finalMessage()
      assert.strictEqual(streamed.stop_reason, reason)
    }
  })

  live("that fails has the error of its kind", async (world) => {
    const failing = (content: string) => failure(at(world).messages.create(ask(content)))
    assert.instanceOf(await failing("status 429"), Anthropic.RateLimitError)
    assert.instanceOf(await failing("status 500"), Anthropic.InternalServerError)
    const nobody = { ...ask("hi"), model: "nobody" }
    assert.instanceOf(await failure(at(world).messages.create(nobody)), Anthropic.NotFoundError)
    const error = { type: "invalid_request_error", message: "No such thing" }
    breaks(world, to, FaultServer.json({ type: "error", error }, 400))
    const refused = await failing("hi")
    assert.instanceOf(refused, Anthropic.BadRequestError)
    assert.include(String(refused), "No such thing")
  })

  live("that breaks off is an error and never a success", async (world) => {
    for (const behaviour of cuts(begun(to, "messages"))) {
      breaks(world, to, behaviour)
      const stream = at(world).messages.stream(ask("hi"))
      const said: Array<string> = []
      stream.on("text", (delta) => said.push(delta))
      assert.instanceOf(await failure(stream.finalMessage()), Anthropic.APIError)
      assert.strictEqual(said.join(""), words)
    }
  })

  const other = to === "openai" ? "anthropic" : "openai"
  for (const [word, behaviour] of failures) {
    live(`comes from it when one of the other protocol fails: ${word}`, async (world) => {
      breaks(world, other, behaviour)
      const { data, response } = await at(world)
        .messages.create({ ...ask("hi"), model: `${other}-first`, stream: true })
        .withResponse()
      const said = (await collect(data)).map((event) =>
        event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : ""
      )
      assert.strictEqual(said.join(""), hello)
      assert.strictEqual(response.headers.get("x-failover-trail"), `${word},ok`)
    })
  }

  if (to === "openai") {
    live("leaves out the tools that Anthropic runs itself, and names them", async (world) => {
      const { response } = await at(world)
        .messages.create({
          ...ask("hi"),
          ...{ top_k: 5 },
          tools: [
            { type: "web_search_20250305", name: "web_search" },
            { name: "weather", input_schema: city }
          ]
        })
        .withResponse()
      const dropped = response.headers.get("x-failover-dropped")?.split(", ")
      assert.sameMembers(dropped ?? [], ["top_k", "tools.web_search_20250305"])
      assert.lengthOf(world.asked[0]?.body.tools as ReadonlyArray<unknown>, 1)
    })
  }
}

for (const to of targets) {
  describe(`a message to Anthropic's client from a target with ${to}`, () => run(to))
}

describe("Anthropic's client", () => {
  it.live("counts tokens at a target with its protocol, and gets an estimate otherwise", () =>
    Effect.gen(function* () {
      const made = yield* world
      const client = at(made)
      made.servers.anthropic.play(FaultServer.json({ input_tokens: 42 }))
      const count = (model: string) => client.messages.countTokens({ model, messages: user("hi") })
      assert.strictEqual((yield* Effect.promise(() => count("anthropic"))).input_tokens, 42)
      assert.isAbove((yield* Effect.promise(() => count("openai"))).input_tokens, 0)
    })
  )
})
