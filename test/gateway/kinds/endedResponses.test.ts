import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { dataOf, type Json, type Reply, stage } from "../../support/kinds.ts"

const created = {
  type: "response.created",
  response: { id: "resp_1", object: "response", status: "in_progress", model: "m", output: [], usage: null }
}
const text = "It is mild."
const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text, annotations: [] }]
}
const call = {
  id: "fc_1",
  type: "function_call",
  call_id: "c1",
  name: "bash",
  arguments: '{"a":1}',
  status: "completed"
}
const added = (item: Json, output_index: number) => ({
  type: "response.output_item.added",
  output_index,
  item
})
const done = (item: Json, output_index: number) => ({ type: "response.output_item.done", output_index, item })
const delta = (delta: string, output_index = 0) => ({
  type: "response.output_text.delta",
  item_id: "msg_1",
  output_index,
  content_index: 0,
  delta
})
const deltas = [delta("It "), delta("is "), delta("mild.")]
const open = { ...message, status: "in_progress", content: [] }
const part = {
  type: "response.content_part.added",
  item_id: "msg_1",
  output_index: 0,
  content_index: 0,
  part: { type: "output_text", text: "", annotations: [] }
}
const finished = [
  created,
  added(open, 0),
  part,
  ...deltas,
  done(message, 0),
  added({ ...call, arguments: "" }, 1),
  done(call, 1)
]

const served = (reply: Reply) =>
  stage(
    {
      a: { protocol: "openai", reply: () => reply, more: { responses: true } },
      b: {
        protocol: "openai",
        reply: () => ({ json: { ...created.response, status: "completed", output: [message] } }),
        more: { responses: true }
      }
    },
    { models: { smart: ["a/m", "b/m"] } }
  )

const ask = { model: "smart", input: "hi" }

describe("a response whose events end without response.completed", () => {
  it.live("in [DONE] is complete, whole", () =>
    Effect.gen(function* () {
      const { post } = yield* served({ events: [...finished, "[DONE]"] })
      const got = yield* post("/v1/responses", ask)
      assert.deepStrictEqual([got.status, got.headers["x-failover-target"]], [200, "a/m#k"])
      assert.deepStrictEqual(
        [got.at("status"), got.at("id"), got.at("output")],
        ["completed", "resp_1", [message, call]]
      )
    })
  )

  it.live("in [DONE] is complete, streamed: clients get the event they wait for", () =>
    Effect.gen(function* () {
      const { post, url } = yield* served({ events: [...finished, "[DONE]"] })
      const got = yield* post("/v1/responses", { ...ask, stream: true })
      assert.strictEqual(got.headers["x-failover-target"], "a/m#k")
      const last = dataOf(got.text).at(-1)!
      assert.deepStrictEqual(
        [last.type, last.response.status, last.response.id, last.response.output],
        ["response.completed", "completed", "resp_1", [message, call]]
      )
      assert.notInclude(got.text, "[DONE]")
      const sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
      const whole = yield* Effect.promise(() => sdk.responses.stream(ask).finalResponse())
      assert.strictEqual(whole.output_text, text)
    })
  )

  for (const [name, events] of [
    ["in [DONE], in the middle of an item", [...finished.slice(0, 4), "[DONE]"]],
    ["at the end of the connection", finished],
    ["at the end of the connection, in the middle of an item", finished.slice(0, 4)]
  ] as const) {
    it.live(`${name}, is truncated, whole and streamed`, () =>
      Effect.gen(function* () {
        const { post } = yield* served({ events })
        const got = yield* post("/v1/responses", ask)
        assert.deepStrictEqual([got.status, got.headers["x-failover-trail"]], [200, "truncated,ok"])
        const streamed = yield* post("/v1/responses", { ...ask, stream: true })
        const types = dataOf(streamed.text).map(({ type }) => type)
        assert.deepStrictEqual(types.slice(-2), ["response.failed", "error"])
        assert.notInclude(streamed.text, "[DONE]")
      })
    )
  }

  it.live("of a relay that sends nothing but deltas, in [DONE], has its text in both", () =>
    Effect.gen(function* () {
      const bare = deltas.map(({ delta, type }) => ({ type, delta }))
      const { post } = yield* served({ events: [...bare, "[DONE]"] })
      const got = yield* post("/v1/responses", ask)
      assert.strictEqual(got.headers["x-failover-target"], "a/m#k")
      const said = (response: Json) => response.output[0].content[0].text
      assert.deepStrictEqual([got.at("status"), said(got.json as Json)], ["completed", text])
      const streamed = yield* post("/v1/responses", { ...ask, stream: true })
      const sent = dataOf(streamed.text)
      assert.deepStrictEqual(
        sent.slice(-2).map(({ type }) => type),
        ["response.output_item.done", "response.completed"]
      )
      assert.strictEqual(said(sent.at(-1)!.response), text)
      assert.isString(sent.at(-1)!.response.id)
    })
  )

  it.live("and without content, in [DONE], is empty", () =>
    Effect.gen(function* () {
      const { post } = yield* served({ events: [created, "[DONE]"] })
      for (const stream of [false, true]) {
        const got = yield* post("/v1/responses", { ...ask, stream })
        assert.strictEqual(got.headers["x-failover-trail"], "empty,ok")
      }
    })
  )
})
