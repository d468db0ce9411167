import Anthropic from "@anthropic-ai/sdk"
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, message, openai, provider, start } from "../../support/gateway.ts"
import { claude, gpt } from "../../support/translate/models.ts"

const quick = { retries: { times: 0 }, threshold: { transient: 100 } }

/** Both protocols, each with the other one as the target's. */
const crossings = [
  {
    from: "openai",
    to: "anthropic",
    path: "/v1/chat/completions",
    body: chat,
    own: openai,
    foreign: anthropic,
    said: "choices.0.message.content",
    lastWord: "data: [DONE]",
    dropped: ["seed", { seed: 1 }],
    names: ["code", "rate_limit_exceeded"]
  },
  {
    from: "anthropic",
    to: "openai",
    path: "/v1/messages",
    body: message,
    own: anthropic,
    foreign: openai,
    said: "content.0.text",
    lastWord: '"type":"message_stop"',
    dropped: ["top_k", { top_k: 5 }],
    names: ["type", "rate_limit_error"]
  }
] as const

/** The first events of a stream, up to and including its first content. */
const begun = (events: ReadonlyArray<string>) =>
  events.slice(0, events.findIndex((event) => event.includes("hel")) + 1)

for (const { body, dropped, foreign, from, lastWord, own, path, said, to } of crossings) {
  describe(`a request in ${own.name}'s protocol to a target with ${foreign.name}'s`, () => {
    /** A gateway with one target of each protocol: `own/m` and `foreign/m`. */
    const make = (config: object = {}) =>
      Effect.gen(function* () {
        const [native, other] = [yield* FaultServer.make, yield* FaultServer.make]
        const url = yield* start({
          providers: { own: provider(from, native), foreign: provider(to, other) },
          models: { there: ["own/m", "foreign/m"], back: ["foreign/m", "own/m"], alone: "foreign/m" },
          policy: quick,
          ...config
        })
        const post = (model: string, more: object = {}) => ask(`${url}${path}`, { body: body(model, more) })
        return { native, other, post, url }
      })

    it.live("is answered in the caller's protocol, with the names of what was left out", () =>
      Effect.gen(function* () {
        const { other, post } = yield* make()
        other.play(FaultServer.json(foreign.answer), FaultServer.json(foreign.answer))
        const got = yield* post("alone", dropped[1])
        assert.strictEqual(got.status, 200)
        assert.strictEqual(got.at(said), "hello 漢🦊")
        assert.deepInclude(got.headers, {
          "content-type": "application/json",
          "x-failover-dropped": dropped[0],
          "x-failover-target": "foreign/m#k1",
          "x-failover-trail": "ok"
        })
        assert.strictEqual(other.requests[0]?.path, foreign.path)
        assert.strictEqual(JSON.parse(other.requests[0]?.body ?? "").model, "m")
        assert.notProperty((yield* post("alone")).headers, "x-failover-dropped")
      })
    )

    it.live("fails over there and back", () =>
      Effect.gen(function* () {
        const { native, other, post } = yield* make()
        const limited = [FaultServer.json(own.error("rate_limit_error", "Slow down"), 429)] as const
        native.play(...limited, FaultServer.json(own.answer))
        other.play(
          FaultServer.json(foreign.answer),
          FaultServer.json(foreign.error("overloaded_error", "Overloaded"), 529)
        )
        const there = yield* post("there")
        assert.deepStrictEqual(
          [there.status, there.at(said), there.headers["x-failover-trail"]],
          [200, "hello 漢🦊", "rate-limit,ok"]
        )
        const { native: native2, other: other2, post: post2 } = yield* make()
        native2.play(FaultServer.json(own.answer))
        other2.play(FaultServer.json(foreign.error("overloaded_error", "Overloaded"), 529))
        const back = yield* post2("back")
        assert.deepStrictEqual(
          [back.status, back.at(said), back.headers["x-failover-trail"], back.text],
          [200, "hello 漢🦊", "overloaded,ok", JSON.stringify(own.answer)]
        )
      })
    )

    it.live("streams, and fails over there and back before the first content", () =>
      Effect.gen(function* () {
        const cut = (events: ReadonlyArray<string>): FaultServer.Behaviour => [
          FaultServer.sseHead,
          ...begun(events)
            .slice(0, -1)
            .map((send) => ({ send })),
          { cut: true }
        ]
        const { native, other, post } = yield* make()
        native.play(cut(own.events), FaultServer.sse(own.events))
        other.play(FaultServer.sse(foreign.events), cut(foreign.events))
        const there = yield* post("there", { stream: true, ...dropped[1] })
        assert.strictEqual(there.status, 200)
        assert.deepInclude(there.headers, {
          "content-type": "text/event-stream; charset=utf-8",
          "x-failover-trail": "truncated,ok",
          "x-failover-dropped": dropped[0]
        })
        assert.include(there.text, '"hel"')
        assert.include(there.text, lastWord)
        const back = yield* post("back", { stream: true })
        assert.strictEqual(back.headers["x-failover-trail"], "truncated,ok")
        assert.strictEqual(back.text, own.events.join(""))
      })
    )

    it.live(
      "with a stream that breaks ends with an error in the caller's protocol and never like a complete one",
      () =>
        Effect.gen(function* () {
          const { other, post } = yield* make({ policy: { ...quick, timeouts: { idle: "150 millis" } } })
          const opening = begun(foreign.events).join("")
          const overloaded = `${to === "anthropic" ? "event: error\n" : ""}data: ${JSON.stringify(foreign.error("overloaded_error", "Overloaded"))}\n\n`
          const breaks: ReadonlyArray<FaultServer.Behaviour> = [
            [FaultServer.sseHead, { send: opening }, { wait: 20 }, { reset: true }],
            [FaultServer.sseHead, { send: opening }, { wait: 20 }, { end: true }],
            [FaultServer.sseHead, { send: opening }, { hang: true }],
            [FaultServer.sseHead, { send: opening }, { wait: 20 }, { send: overloaded }, { end: true }]
          ]
          for (const behaviour of breaks) {
            other.play(behaviour)
            const got = yield* post("alone", { stream: true })
            assert.strictEqual(got.status, 200)
            assert.include(got.text, '"hel"')
            assert.notInclude(got.text, lastWord)
            const last = got.text.trimEnd().split("\n\n").at(-1) ?? ""
            assert.isTrue(last.startsWith(from === "anthropic" ? "event: error\ndata: {" : "data: {"), last)
            const json = JSON.parse(last.slice(last.indexOf("{")))
            assert.isString(json.error.message)
            if (from === "anthropic") assert.strictEqual(json.type, "error")
          }
        })
    )

    it.live("with a complete stream ends normally, whatever happens to the connection", () =>
      Effect.gen(function* () {
        const { other, post } = yield* make()
        const finish = foreign.events.findIndex((event) => /"stop"|"end_turn"/.test(event))
        const all = foreign.events.slice(0, finish + 1).join("")
        for (const end of [{ reset: true }, { end: true }, { hang: true }] as const) {
          other.play([FaultServer.sseHead, { send: all }, { wait: 20 }, end])
          const got = yield* post("alone", { stream: true })
          assert.include(got.text, lastWord)
          assert.notInclude(got.text, '"error"')
          assert.isFalse(got.broken)
        }
      })
    )

    it.live("that is refused gets the provider's error in the caller's protocol", () =>
      Effect.gen(function* () {
        const { other, post } = yield* make()
        other.play(FaultServer.json(foreign.error("invalid_request_error", "temperature: too hot"), 400))
        const got = yield* post("alone")
        assert.strictEqual(got.status, 400)
        assert.strictEqual(got.headers["content-type"], "application/json")
        assert.include(got.at("error.message"), "too hot")
        assert.strictEqual(got.at("error.type"), "invalid_request_error")
        assert.strictEqual(got.at("type"), from === "anthropic" ? "error" : undefined)
      })
    )

    it.live("follows the configured fallbacks of the other protocol", () =>
      Effect.gen(function* () {
        const { native, other, post } = yield* make({ fallbacks: ["foreign/spare"] })
        native.play(FaultServer.json(own.error("server_error", "down"), 500))
        other.play(FaultServer.json(foreign.answer))
        const got = yield* post("own/m")
        assert.deepStrictEqual([got.status, got.headers["x-failover-target"]], [200, "foreign/spare#k1"])
      })
    )
  })
}

// -- the official clients -----------------------------------------------------------------------------------------

/** What a call was rejected with. */
const rejected = <A>(call: () => PromiseLike<A>): Effect.Effect<unknown, A> =>
  Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error }))

/** A gateway before a model of the other protocol; the preferred target is overloaded. */
const gatewayTo = (to: "openai" | "anthropic") =>
  Effect.gen(function* () {
    const own = to === "openai" ? anthropic : openai
    const [busy, model] = [yield* FaultServer.make, yield* FaultServer.make]
    busy.play(FaultServer.json(own.error("overloaded_error", "Overloaded"), 503))
    model.answer(({ body }) => {
      const wire = (to === "openai" ? gpt : claude)(JSON.parse(body))
      return "stream" in wire && JSON.parse(body).stream === true
        ? FaultServer.sse([wire.stream])
        : FaultServer.json(wire.body, wire.status)
    })
    const url = yield* start({
      providers: {
        busy: provider(to === "openai" ? "anthropic" : "openai", busy),
        model: provider(to, model)
      },
      models: { smart: ["busy/m", `model/${to === "openai" ? "gpt-4.1" : "claude-opus-4-6"}`] },
      policy: quick,
      server: { tokens: ["let-me-in"] }
    })
    return { url, model }
  })

const parameters = {
  type: "object" as const,
  properties: { city: { type: "string" as const } },
  additionalProperties: false
}
const results: Readonly<Record<string, string>> = { weather: "sunny", time: "noon" }
const toolNames = Object.keys(results)
const question = "how is the weather?"

describe("the official openai client with a model of Anthropic's protocol", () => {
  const clientAt = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "let-me-in", maxRetries: 0 })
  const user = (content: string) => [{ role: "user" as const, content }]

  for (const stream of [false, true]) {
    it.live(`runs tools${stream ? " in streams" : ""}, with a failover in between`, () =>
      Effect.gen(function* () {
        const { model, url } = yield* gatewayTo("anthropic")
        const ran: Array<string> = []
        const tools = toolNames.map((name) => ({
          type: "function" as const,
          function: {
            name,
            description: name,
            parameters,
            parse: JSON.parse,
            function: (args: object) => {
              ran.push(`${name} ${JSON.stringify(args)}`)
              return results[name]
            }
          }
        }))
        const said = yield* Effect.promise(() => {
          const { completions } = clientAt(url).chat
          const params = { model: "smart", messages: user(question), tools }
          const runner = stream
            ? completions.runTools({ ...params, stream: true })
            : completions.runTools(params)
          return runner.finalContent()
        })
        assert.strictEqual(said, "Paris: sunny, noon")
        assert.deepStrictEqual(ran, ['weather {"city":"Paris"}', "time {}"])
        assert.strictEqual(model.requests.length, 2)
      })
    )
  }

  it.live("reads streams with their usage, and errors in them and instead of them", () =>
    Effect.gen(function* () {
      const { url } = yield* gatewayTo("anthropic")
      const client = clientAt(url)
      const streamed = async (content: string) => {
        const stream = await client.chat.completions.create({
          model: "smart",
          messages: user(content),
          stream: true,
          stream_options: { include_usage: true }
        })
        let text = ""
        let total: number | undefined
        for await (const { choices, usage } of stream) {
          text += choices[0]?.delta.content ?? ""
          total = usage?.total_tokens ?? total
        }
        return { text, total }
      }
      const whole = yield* Effect.promise(() => streamed("hi"))
      assert.deepStrictEqual(whole, { text: "Hello! How are you?", total: 35 })
      assert.instanceOf(yield* rejected(() => streamed("break")), OpenAI.APIError)
      // The target with the caller's protocol is overloaded: a refusal of the translated request is not final.
      const refused = yield* rejected(() => streamed("status 400"))
      assert.instanceOf(refused, OpenAI.APIError)
      assert.strictEqual(refused.status, 503)
    })
  )
})

describe("the official anthropic client with a model of OpenAI's protocol", () => {
  const clientAt = (url: string) => new Anthropic({ baseURL: url, apiKey: "let-me-in", maxRetries: 0 })
  const ask = (content: string) => ({
    model: "smart",
    max_tokens: 4000,
    messages: [{ role: "user" as const, content }]
  })

  for (const stream of [false, true]) {
    it.live(`runs tools${stream ? " in streams" : ""}, with a failover in between`, () =>
      Effect.gen(function* () {
        const { model, url } = yield* gatewayTo("openai")
        const ran: Array<string> = []
        const tools = toolNames.map((name) =>
          betaTool({
            name,
            description: name,
            inputSchema: parameters,
            run: (input) => {
              ran.push(`${name} ${JSON.stringify(input)}`)
              return results[name] ?? ""
            }
          })
        )
        const message = yield* Effect.promise(() => {
          const params = { ...ask(question), tools, max_iterations: 3 }
          const { messages } = clientAt(url).beta
          const runner = stream
            ? messages.toolRunner({ ...params, stream: true })
            : messages.toolRunner(params)
          return runner.runUntilDone()
        })
        assert.deepInclude(message.content[0], { type: "text", text: "Paris: sunny, noon" })
        assert.deepStrictEqual(ran, ['weather {"city":"Paris"}', "time {}"])
        assert.strictEqual(model.requests.length, 2)
      })
    )
  }

  it.live("reads streams with their usage, and errors in them and instead of them", () =>
    Effect.gen(function* () {
      const { url } = yield* gatewayTo("openai")
      const streamed = (content: string) => clientAt(url).messages.stream(ask(content)).finalMessage()
      const whole = yield* Effect.promise(() => streamed("hi"))
      assert.deepInclude(whole.content[0], { type: "text", text: "Hello! How are you?" })
      assert.deepInclude(whole.usage, { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 })
      assert.instanceOf(yield* rejected(() => streamed("break")), Anthropic.APIError)
      assert.instanceOf(yield* rejected(() => streamed("status 503")), Anthropic.InternalServerError)
    })
  )
})

describe("a conversation", () => {
  it.live("sends no unsigned thoughts to Claude", () =>
    Effect.gen(function* () {
      const [a, c] = [yield* FaultServer.make, yield* FaultServer.make]
      c.play(FaultServer.json(anthropic.answer))
      const url = yield* start({
        providers: { a: provider("openai", a), c: provider("anthropic", c) },
        policy: quick
      })
      const messages = [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm", signature: "" },
            { type: "text", text: "hello" }
          ]
        },
        { role: "user", content: "go on" }
      ]
      const got = yield* ask(`${url}/v1/messages`, { body: message("c/claude-sonnet-5", { messages }) })
      assert.strictEqual(got.status, 200)
      assert.deepStrictEqual(JSON.parse(c.requests[0]?.body ?? "").messages[1].content, [
        { type: "text", text: "hello" }
      ])
    })
  )

  it.live("that one account stores is refused if the chain has other targets", () =>
    Effect.gen(function* () {
      const [a, c] = [yield* FaultServer.make, yield* FaultServer.make]
      c.play(FaultServer.json(anthropic.answer))
      const url = yield* start({
        providers: { a: provider("openai", a), c: provider("anthropic", c) },
        policy: quick
      })
      const post = (model: string, more: object = {}) =>
        ask(`${url}/v1/messages`, { body: message(model, { thread: { id: "t" }, ...more }) })
      for (const got of [yield* post("a/m"), yield* post("c/m", { fallbacks: ["c/n"] })]) {
        assert.deepStrictEqual([got.status, got.at("error.type")], [400, "invalid_request_error"])
      }
      assert.strictEqual(c.requests.length, 0)
      assert.strictEqual((yield* post("c/m")).status, 200)
    })
  )

  it.live(
    "with a limit that is too high for a model of the other protocol is sent again with a lower one",
    () =>
      Effect.gen(function* () {
        const c = yield* FaultServer.make
        const tooMany = anthropic.error(
          "invalid_request_error",
          "max_tokens: 900000 > 64000, which is the maximum allowed number of output tokens for m"
        )
        c.play(FaultServer.json(tooMany, 400), FaultServer.json(anthropic.answer))
        const url = yield* start({ providers: { c: provider("anthropic", c) }, policy: quick })
        const got = yield* ask(`${url}/v1/chat/completions`, {
          body: chat("c/m", { max_completion_tokens: 900_000 })
        })
        assert.strictEqual(got.status, 200)
        assert.deepStrictEqual(
          c.requests.map(({ body }) => JSON.parse(body).max_tokens),
          [900_000, 64_000]
        )
      })
  )
})
