import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, openai, provider, start } from "../../support/gateway.ts"

const quick = { retries: { times: 0 }, threshold: { transient: 100 } }

const said = {
  object: "response",
  status: "completed",
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "own" }] }]
}

/** A gateway with a target of each protocol: `gpt/m` and `claude/m`. */
const gateway = Effect.gen(function* () {
  const [gpt, claude] = [yield* FaultServer.make, yield* FaultServer.make]
  gpt.play(FaultServer.json(said))
  claude.play(FaultServer.json(anthropic.answer))
  const url = yield* start({
    providers: { gpt: provider("openai", gpt), claude: provider("anthropic", claude) },
    models: { both: ["claude/m", "gpt/m"], alone: "claude/m" },
    policy: quick,
    server: { tokens: ["let-me-in", "me-too"] }
  })
  const post = (body: object, token = "let-me-in") =>
    ask(`${url}/v1/responses`, { body, headers: { authorization: `Bearer ${token}` } })
  const asked = (server: FaultServer.FaultServer) => JSON.parse(server.requests.at(-1)?.body ?? "{}")
  return { gpt, claude, post, asked }
})

describe("a request for a response", () => {
  it.live(
    "that continues an earlier one is served by a provider with the Responses API, or refused with a reason",
    () =>
      Effect.gen(function* () {
        const { claude, post } = yield* gateway
        for (const held of [
          { input: "hi", previous_response_id: "resp_1" },
          { input: "hi", conversation: "conv_1" },
          { input: [{ type: "item_reference", id: "msg_nobody_knows" }] }
        ]) {
          const got = yield* post({ model: "both", ...held })
          assert.deepStrictEqual([got.status, got.headers["x-failover-target"]], [200, "gpt/m#k1"])
          const refused = yield* post({ model: "alone", ...held })
          assert.deepStrictEqual([refused.status, refused.at("error.code")], [400, "stateful_request"])
          assert.include(String(refused.at("error.message")), "`store: false`")
        }
        assert.lengthOf(claude.requests, 0)
      })
  )

  it.live("in the background is refused, because it could not be fetched", () =>
    Effect.gen(function* () {
      const { gpt, post } = yield* gateway
      const got = yield* post({ model: "both", input: "hi", background: true })
      assert.deepStrictEqual([got.status, got.at("error.code")], [400, "background_unsupported"])
      assert.lengthOf(gpt.requests, 0)
    })
  )

  for (const stream of [false, true]) {
    it.live(`may refer to earlier items by id${stream ? ", when it was streamed as well" : ""}`, () =>
      Effect.gen(function* () {
        const { asked, claude, gpt, post } = yield* gateway
        if (stream) claude.play(FaultServer.sse(anthropic.events), FaultServer.json(anthropic.answer))
        const first = yield* post({ model: "alone", input: "hi", stream })
        const id = /"(msg_[^"]+)"/.exec(first.text)?.[1]
        const input = [
          { role: "user", content: "hi" },
          { type: "item_reference", id }
        ]
        const again = { model: "alone", input: [...input, { role: "user", content: "and?" }] }
        assert.strictEqual((yield* post(again)).status, 200)
        assert.deepStrictEqual(asked(claude).messages, [
          { role: "user", content: "hi" },
          { role: "assistant", content: "hello 漢🦊" },
          { role: "user", content: "and?" }
        ])
        // The id is unknown to a target with the called protocol as well.
        assert.strictEqual((yield* post({ ...again, model: "gpt/m" })).status, 200)
        assert.deepInclude(asked(gpt).input[1], { type: "message", role: "assistant" })
        // Another caller cannot use the id.
        assert.strictEqual((yield* post(again, "me-too")).status, 400)
      })
    )
  }

  it.live("that is not to be stored is not kept", () =>
    Effect.gen(function* () {
      const { post } = yield* gateway
      const first = yield* post({ model: "alone", input: "hi", store: false })
      const reference = { type: "item_reference", id: first.at("output.0.id") }
      assert.match(String(reference.id), /^msg_/)
      assert.strictEqual((yield* post({ model: "alone", input: [reference] })).status, 400)
    })
  )

  it.live("keeps the thoughts of one provider from another", () =>
    Effect.gen(function* () {
      const { asked, claude, gpt, post } = yield* gateway
      const thinking = { type: "thinking", thinking: "Hm.", signature: "c2ln" }
      const answer = { ...anthropic.answer, content: [thinking, { type: "text", text: "42" }] }
      claude.play(FaultServer.json(answer))
      const first = yield* post({ model: "alone", input: "hi", store: false })
      const input = [...(first.at("output") as ReadonlyArray<unknown>), { role: "user", content: "and?" }]
      yield* post({ model: "alone", input })
      assert.deepStrictEqual(asked(claude).messages.at(-2).content[0], thinking)
      yield* post({ model: "gpt/m", input })
      assert.notInclude(gpt.requests.at(-1)?.body, "reasoning")
    })
  )

  it.live("is answered by a server of OpenAI's protocol that has only chats, with responses: false", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { small: { ...provider("openai", server), responses: false } },
        policy: quick
      })
      const post = (more: object) =>
        ask(`${url}/v1/responses`, { body: { model: "small/m", input: "hi", ...more } })
      server.play(FaultServer.json(openai.answer), FaultServer.sse(openai.events))
      const got = yield* post({ top_logprobs: 3 })
      assert.strictEqual(server.requests[0]?.path, "/v1/chat/completions")
      assert.deepStrictEqual(
        [got.at("object"), got.at("output.0.content.0.text"), got.headers["x-failover-dropped"]],
        ["response", "hello 漢🦊", "top_logprobs"]
      )
      const streamed = yield* post({ stream: true })
      assert.include(streamed.text, "event: response.completed")
    })
  )

  for (const [protocol, cut] of [
    ["anthropic", anthropic.events.slice(0, -2)],
    ["openai", openai.events.slice(0, 3)]
  ] as const) {
    it.live(
      `that breaks off behind its first content ends as a failed response, from a target of ${protocol}`,
      () =>
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          server.play([FaultServer.sseHead, { send: cut.join("") }, { wait: 20 }, { reset: true }])
          const url = yield* start({
            providers: { small: { ...provider(protocol, server), responses: false } },
            policy: quick
          })
          const body = { model: "small/m", input: "hi", stream: true, max_output_tokens: 64 }
          const got = yield* ask(`${url}/v1/responses`, { body })
          const events = got.text
            .split("\n\n")
            .flatMap((event) => /^event: (.*)\ndata: (.*)$/.exec(event) ?? [])
            .filter((part) => part.startsWith("{"))
            .map((data) => JSON.parse(data))
          const [last, thrown] = events.slice(-2)
          assert.strictEqual(last.type, "response.failed")
          assert.deepStrictEqual([thrown.type, thrown.code], ["error", "stream_broken"])
          assert.deepStrictEqual(
            events.map(({ sequence_number }) => sequence_number),
            events.map((_, index) => index)
          )
          const { error, id, max_output_tokens, output, status } = last.response
          assert.strictEqual(id, events[0].response.id)
          assert.strictEqual(status, "failed")
          assert.strictEqual(max_output_tokens, 64)
          assert.strictEqual(error.code, "stream_broken")
          assert.include(error.message, "broke off")
          const [message] = output
          assert.strictEqual(message.status, "incomplete")
          const deltas = events.filter(({ type }) => type === "response.output_text.delta")
          assert.strictEqual(message.content[0].text, deltas.map(({ delta }) => delta).join(""))
          assert.isNotEmpty(message.content[0].text)
        })
    )
  }
})
