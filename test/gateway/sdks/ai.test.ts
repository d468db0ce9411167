import { createAnthropic } from "@ai-sdk/anthropic"
import { createOpenAI } from "@ai-sdk/openai"
import { assert, describe, it } from "@effect/vitest"
import {
  APICallError,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  tool
} from "ai"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { eventually } from "../../support/gateway.ts"
import {
  begun,
  breaks,
  city,
  collect,
  failure,
  live,
  nothing,
  pixel,
  targets,
  type World,
  weatherSchema,
  words,
  world
} from "../../support/sdks.ts"
import { thought } from "../../support/translate/models.ts"

const openaiAt = (url: string) => createOpenAI({ baseURL: `${url}/v1`, apiKey: "let-me-in" })
const anthropicAt = (url: string) => createAnthropic({ baseURL: `${url}/v1`, apiKey: "let-me-in" })

/** The operations of the SDK, and the protocol of each. */
const ways = [
  {
    name: "openai.chat",
    own: "openai",
    model: (url: string, name: string): LanguageModel => openaiAt(url).chat(name)
  },
  {
    name: "openai (responses)",
    own: "openai",
    model: (url: string, name: string): LanguageModel => openaiAt(url).responses(name)
  },
  {
    name: "anthropic",
    own: "anthropic",
    model: (url: string, name: string): LanguageModel => anthropicAt(url)(name)
  }
] as const

type Way = (typeof ways)[number]

const tools = (ran: Array<unknown>) => ({
  weather: tool({
    description: "The weather",
    inputSchema: jsonSchema<{ readonly city: string }>(city),
    execute: (input) => {
      ran.push(input)
      return "sunny"
    }
  }),
  time: tool({
    description: "The time",
    inputSchema: jsonSchema<object>(nothing),
    execute: (input) => {
      ran.push(input)
      return "noon"
    }
  })
})

const schema = jsonSchema<{ readonly city: string; readonly degrees: number }>(weatherSchema)

/** The options that turn thinking on, for each provider of the SDK. */
const thinking = {
  openai: { reasoningEffort: "high", reasoningSummary: "auto", forceReasoning: true },
  anthropic: { thinking: { type: "adaptive" } }
} as const

const run = (way: Way, to: (typeof targets)[number]) => {
  const isOwn = way.own === to
  const ask = ({ url }: World, prompt: string) => ({
    model: way.model(url, to),
    prompt,
    maxRetries: 0,
    maxOutputTokens: 4000,
    onError: () => {}
  })

  live("is answered", async (world) => {
    const { finishReason, response, text, usage } = await generateText({
      ...ask(world, "hi"),
      instructions: "Be polite.",
      temperature: 0.5
    })
    assert.strictEqual(text, "Hello! How are you?")
    assert.strictEqual(finishReason, "stop")
    assert.deepInclude(usage, { inputTokens: 15, outputTokens: 20, totalTokens: 35 })
    assert.strictEqual(usage.inputTokenDetails.cacheReadTokens, 5)
    assert.strictEqual(response.headers?.["x-failover-dropped"], undefined)
    const { body } = world.asked[0]!
    assert.strictEqual(body.temperature, 0.5)
    assert.include(JSON.stringify(body), "Be polite.")
    assert.strictEqual(to === "anthropic" ? body.max_tokens : limitOf(body), 4000)
  })

  live("reads streams", async (world) => {
    const result = streamText(ask(world, "hi"))
    const said = await collect(result.textStream)
    assert.strictEqual(said.join(""), "Hello! How are you?")
    assert.isAbove(said.length, 1)
    assert.strictEqual(await result.finishReason, "stop")
    assert.deepInclude(await result.usage, { inputTokens: 15, outputTokens: 20 })
  })

  live("runs tools, several at once and in steps", async (world) => {
    const ran: Array<unknown> = []
    const { steps, text } = await generateText({
      ...ask(world, "how is the weather?"),
      tools: tools(ran),
      stopWhen: isStepCount(3)
    })
    assert.strictEqual(text, "Paris: sunny, noon")
    assert.deepStrictEqual(ran, [{ city: "Paris" }, {}])
    assert.deepStrictEqual(
      steps.map(({ finishReason }) => finishReason),
      ["tool-calls", "stop"]
    )
    assert.strictEqual(world.asked.length, 2)
  })

  live("runs tools in streams, with arguments in pieces", async (world) => {
    const ran: Array<unknown> = []
    const result = streamText({
      ...ask(world, "how is the weather?"),
      tools: tools(ran),
      stopWhen: isStepCount(3)
    })
    const parts = await collect(result.stream)
    const pieces = parts.flatMap((part) => (part.type === "tool-input-delta" ? part.delta : []))
    assert.isAbove(pieces.length, 2)
    // A call without arguments may have no pieces.
    assert.isTrue('{"city":"Paris"}{}'.startsWith(pieces.join("")))
    assert.strictEqual(await result.text, "Paris: sunny, noon")
    assert.deepStrictEqual(ran, [{ city: "Paris" }, {}])
  })

  live("forces a tool call", async (world) => {
    for (const [prompt, toolChoice, expected] of [
      ["the weather", "required", to === "anthropic" ? "any" : "required"],
      ["hi", "none", "none"],
      ["the weather", { type: "tool", toolName: "weather" }, "weather"]
    ] as const) {
      await generateText({ ...ask(world, prompt), tools: tools([]), toolChoice })
      const { tool_choice, tools: told } = world.asked.at(-1)?.body ?? {}
      if (told !== undefined) assert.include(JSON.stringify(tool_choice), `"${expected}"`)
    }
  })

  live("gets an object, whole and in pieces", async (world) => {
    const { output } = await generateText({ ...ask(world, "tell"), output: Output.object({ schema }) })
    assert.deepStrictEqual(output, { city: "Paris", degrees: 21 })
    const result = streamText({ ...ask(world, "tell"), output: Output.object({ schema }) })
    const partial = await collect(result.partialOutputStream)
    assert.isAbove(partial.length, 1)
    assert.deepStrictEqual(await result.output, { city: "Paris", degrees: 21 })
  })

  live("shows pictures", async (world) => {
    const messages: Array<ModelMessage> = [
      {
        role: "user",
        content: [
          { type: "text", text: "what is in the picture?" },
          { type: "image", image: pixel, mediaType: "image/png" },
          { type: "image", image: new URL("https://example.org/cat.png") }
        ]
      }
    ]
    const { prompt: _, ...rest } = ask(world, "")
    const { text } = await generateText({ ...rest, messages })
    assert.strictEqual(text, `I see image/png ${pixel} and https://example.org/cat.png`)
  })

  live("learns why an answer ended", async (world) => {
    for (const [question, reason] of [
      ["long", "length"],
      ["bad", "content-filter"]
    ] as const) {
      assert.strictEqual((await generateText(ask(world, question))).finishReason, reason)
      const result = streamText(ask(world, question))
      await result.consumeStream()
      assert.strictEqual(await result.finishReason, reason)
    }
  })

  // Chat completions have no field for thoughts that this provider reads.
  if (way.name !== "openai.chat") {
    live("receives thoughts, and sends them back with the results of tools", async (world) => {
      const ran: Array<unknown> = []
      const options = { ...ask(world, "think"), providerOptions: thinking }
      const { reasoningText, text } = await generateText(options)
      assert.deepStrictEqual([reasoningText, text], [thought, "42"])
      const result = streamText(options)
      assert.strictEqual(await result.reasoningText, thought)
      const { steps } = await generateText({
        ...options,
        prompt: "think about the weather",
        tools: tools(ran),
        stopWhen: isStepCount(3)
      })
      assert.strictEqual(steps.at(-1)?.text, "Paris: sunny, noon")
    })
  }

  live("maps errors, and which of them may be retried", async (world) => {
    for (const [status, statusCode, isRetryable] of [
      [429, 429, true],
      [500, 502, true]
    ] as const) {
      const error = await failure(generateText(ask(world, `status ${status}`)))
      assert.isTrue(APICallError.isInstance(error), String(error))
      assert.deepInclude(error, { statusCode, isRetryable })
    }
    const unknown = await failure(
      generateText({ ...ask(world, "hi"), model: way.model(world.url, "nobody") })
    )
    assert.deepInclude(unknown, { statusCode: 404, isRetryable: false })
    const refused = { type: "error", error: { type: "invalid_request_error", message: "No such thing" } }
    breaks(world, to, FaultServer.json(to === "anthropic" ? refused : { error: refused.error }, 400))
    const bad = await failure(generateText(ask(world, "hi")))
    assert.deepInclude(bad, { statusCode: 400, isRetryable: false })
    assert.include(String(bad), "No such thing")
  })

  live("waits for retry-after before it retries", async (world) => {
    const error = to === "anthropic" ? "rate_limit_error" : "tokens"
    breaks(
      world,
      to,
      FaultServer.json({ type: "error", error: { type: error, message: "Slow down" } }, 429, {
        "retry-after": "1"
      })
    )
    const thrown = await failure(generateText(ask(world, "hi")))
    assert.isTrue(APICallError.isInstance(thrown))
    assert.strictEqual((thrown as APICallError).responseHeaders?.["retry-after"], "1")
    const began = Date.now()
    const answer = generateText({ ...ask(world, "hi"), maxRetries: 1 })
    world.restore(to)
    assert.strictEqual((await answer).text, "Hello! How are you?")
    assert.isBelow(Date.now() - began, 1900) // its own first wait is two seconds
  })

  live("gets an error for a stream that breaks, and never a complete end", async (world) => {
    const opening = begun(to, way.name)
    for (const behaviour of [
      [FaultServer.sseHead, { send: opening }, { wait: 20 }, { reset: true }],
      [FaultServer.sseHead, { send: opening }, { wait: 20 }, { end: true }],
      [FaultServer.sseHead, { send: opening }, { hang: true }]
    ] satisfies ReadonlyArray<FaultServer.Behaviour>) {
      breaks(world, to, behaviour)
      const errors: Array<unknown> = []
      const result = streamText({ ...ask(world, "hi"), onError: ({ error }) => void errors.push(error) })
      const parts = await collect(result.stream)
      assert.strictEqual(
        parts.flatMap((part) => (part.type === "text-delta" ? part.text : [])).join(""),
        words
      )
      assert.isAbove(errors.length, 0)
      const finished = parts.flatMap((part) => (part.type === "finish" ? part.finishReason : []))
      assert.isTrue(
        finished.every((reason) => reason === "error" || reason === "other"),
        `it finished: ${finished}`
      )
    }
  })

  live("stops the target when it is stopped", async (world) => {
    breaks(world, to, [FaultServer.sseHead, { send: begun(to, way.name) }, { hang: true }])
    const stopped = new AbortController()
    const { textStream } = streamText({ ...ask(world, "hi"), abortSignal: stopped.signal })
    for await (const text of textStream) {
      assert.include(words, text)
      stopped.abort()
    }
    await Effect.runPromise(eventually(() => world.servers[to].requests[0]?.aborted === true))
  })

  const other = to === "openai" ? "anthropic" : "openai"
  const passed: ReadonlyArray<readonly [word: string, behaviour: FaultServer.Behaviour]> = [
    ["rate-limit", FaultServer.json({ error: { message: "Slow down" } }, 429)],
    [
      "overloaded",
      FaultServer.json({ type: "error", error: { type: "overloaded_error", message: "No" } }, 529)
    ],
    ["server-error", FaultServer.json({ error: { message: "It broke" } }, 500)],
    ["truncated", [FaultServer.sseHead, { send: ": nothing yet\n\n" }, { cut: true }]]
  ]
  for (const [word, behaviour] of passed) {
    live(`does not notice that a target of the other protocol failed: ${word}`, async (world) => {
      breaks(world, other, behaviour)
      const chain = { ...ask(world, "hi"), model: way.model(world.url, `${other}-first`) }
      const { response, text } =
        word === "truncated" ? await whole(streamText(chain)) : await generateText(chain)
      assert.strictEqual(text, "Hello! How are you?")
      assert.strictEqual(response.headers?.["x-failover-trail"], `${word},ok`)
      assert.match(String(response.headers?.["x-failover-target"]), to === "openai" ? /^gpt/ : /^claude/)
    })
  }

  live("gets the names of what was left out", async (world) => {
    if (isOwn) return
    const { response } = await generateText({ ...ask(world, "hi"), topK: 5, seed: 1, presencePenalty: 0.5 })
    const dropped = response.headers?.["x-failover-dropped"]
    if (way.name === "anthropic") assert.strictEqual(dropped, "top_k")
    else if (way.name === "openai.chat") assert.strictEqual(dropped, "presence_penalty, seed")
    for (const field of ["seed", "presence_penalty"]) {
      assert.notProperty(world.asked[0]?.body, field)
    }
  })
}

const whole = async (result: {
  readonly text: PromiseLike<string>
  readonly response: PromiseLike<{ readonly headers?: Record<string, string> }>
}) => ({ text: await result.text, response: await result.response })

const limitOf = (body: Readonly<Record<string, unknown>>) =>
  body.max_output_tokens ?? body.max_completion_tokens ?? body.max_tokens

for (const way of ways) {
  for (const to of targets) {
    describe(`the AI SDK's ${way.name} and a target with ${to}`, () => run(way, to))
  }
}

describe("the AI SDK", () => {
  it.live("embeds many texts, and completes prompts", () =>
    Effect.gen(function* () {
      const { servers, url } = yield* world
      servers.openai.answer(({ body, path }) => {
        const { input } = JSON.parse(body)
        return path.endsWith("/embeddings")
          ? FaultServer.json({
              object: "list",
              model: "m",
              data: input.map((text: string, index: number) => ({
                object: "embedding",
                index,
                embedding: [text.length, 0.5]
              })),
              usage: { prompt_tokens: 3, total_tokens: 3 }
            })
          : FaultServer.json({
              id: "cmpl-1",
              object: "text_completion",
              created: 1,
              model: "m",
              choices: [{ index: 0, text: "there was", finish_reason: "stop", logprobs: null }],
              usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
            })
      })
      const openai = openaiAt(url)
      const { embeddings, usage } = yield* Effect.promise(() =>
        embedMany({ model: openai.embedding("gpt/e"), values: ["a", "bcd"], maxRetries: 0 })
      )
      assert.deepStrictEqual(embeddings, [
        [1, 0.5],
        [3, 0.5]
      ])
      assert.strictEqual(usage.tokens, 3)
      const { text } = yield* Effect.promise(() =>
        generateText({ model: openai.completion("gpt/m"), prompt: "Once", maxRetries: 0 })
      )
      assert.strictEqual(text, "there was")
    })
  )
})
