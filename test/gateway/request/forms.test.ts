/** Servers that send a whole answer instead of events, or events instead of a whole answer, with any content type. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, message, provider, start } from "../../support/gateway.ts"

const policy = { retries: { times: 0 }, threshold: { transient: 100 } }

const completion = {
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "hello 漢🦊",
        tool_calls: [{ id: "t1", type: "function", function: { name: "f", arguments: '{"x":1}' } }]
      },
      finish_reason: "tool_calls"
    }
  ],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
}
const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason }]
})
const chunks = [
  chunk({ role: "assistant", content: "hel" }),
  chunk({ content: "lo 漢🦊" }),
  chunk({
    tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "f", arguments: '{"x"' } }]
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
  chunk({}, "tool_calls")
]
const sse = (events: ReadonlyArray<object>) =>
  events
    .map((event) => {
      const name = "type" in event ? `event: ${event.type}\n` : ""
      return `${name}data: ${JSON.stringify(event)}\n\n`
    })
    .join("")
const chatEvents = `${sse(chunks)}data: [DONE]\n\n`

const whole = {
  id: "m1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [
    { type: "text", text: "hello 漢🦊" },
    { type: "tool_use", id: "t1", name: "f", input: { x: 1 } }
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 }
}
const messageEvents = sse([
  { type: "message_start", message: { ...whole, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hello 漢🦊" } },
  { type: "content_block_stop", index: 0 },
  {
    type: "content_block_start",
    index: 1,
    content_block: { type: "tool_use", id: "t1", name: "f", input: {} }
  },
  { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"x":1}' } },
  { type: "content_block_stop", index: 1 },
  {
    type: "message_delta",
    delta: { stop_reason: "tool_use", stop_sequence: null },
    usage: { output_tokens: 2 }
  },
  { type: "message_stop" }
])

const response = {
  id: "r1",
  object: "response",
  status: "completed",
  model: "m",
  output: [
    {
      id: "i1",
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "output_text", text: "hello 漢🦊", annotations: [] }]
    },
    { id: "i2", type: "function_call", status: "completed", call_id: "t1", name: "f", arguments: '{"x":1}' }
  ],
  usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 }
}
const responseEvents = sse([
  { type: "response.created", response: { ...response, output: [], status: "in_progress" } },
  {
    type: "response.output_text.delta",
    item_id: "i1",
    output_index: 0,
    content_index: 0,
    delta: "hello 漢🦊"
  },
  { type: "response.completed", response }
])

const ollama = [
  {
    model: "m",
    created_at: "2026-11-01T00:00:00Z",
    message: { role: "assistant", content: "hello " },
    done: false
  },
  {
    model: "m",
    created_at: "2026-11-01T00:00:00Z",
    message: { role: "assistant", content: "漢🦊" },
    done: false
  },
  {
    model: "m",
    created_at: "2026-11-01T00:00:00Z",
    message: {
      role: "assistant",
      content: "",
      tool_calls: [{ function: { name: "f", arguments: { x: 1 } } }]
    },
    done: true,
    done_reason: "stop",
    prompt_eval_count: 3,
    eval_count: 2
  }
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join("")

type Protocol = "openai" | "anthropic"

/** What a target of a protocol may send instead of, or as, an answer. */
const bodies: Readonly<Record<Protocol, ReadonlyArray<readonly [name: string, body: string]>>> = {
  openai: [
    ["a whole answer", JSON.stringify(completion)],
    ["a whole answer in many lines", JSON.stringify(completion, null, 2)],
    ["events", chatEvents],
    ["events behind a byte order mark", `\ufeff${chatEvents}`],
    ["events behind a comment", `: keep-alive\n\n${chatEvents}`],
    ["a list of chunks", JSON.stringify(chunks)],
    [
      "a list of chunks in many lines",
      `[\n${chunks.map((each) => JSON.stringify(each, null, 2)).join(",\n")}\n]`
    ],
    ["one chunk a line", chunks.map((each) => `${JSON.stringify(each)}\n`).join("")],
    ["Ollama's lines", ollama]
  ],
  anthropic: [
    ["a whole answer", JSON.stringify(whole)],
    ["events", messageEvents],
    ["events behind a byte order mark", `\ufeff${messageEvents}`]
  ]
}

const labels = ["application/json", "text/event-stream", "text/html; charset=utf-8", "text/plain", undefined]

const calls = {
  openai: { path: "/v1/chat/completions", body: chat },
  anthropic: { path: "/v1/messages", body: message }
} as const

const reply = (
  body: string | Uint8Array,
  label: string | undefined,
  more: Readonly<Record<string, string>> = {}
): FaultServer.Behaviour => [
  { head: 200, headers: { ...(label !== undefined && { "content-type": label }), ...more } },
  { send: body },
  { end: true }
]

/** The text and the calls of an answer in any protocol and form. */
const saidIn = (text: string): readonly [said: string, args: string] => {
  const events = text.startsWith("{")
    ? [JSON.parse(text)]
    : text.split("\n").flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : []))
  let [said, args] = ["", ""]
  for (const event of events) {
    for (const { delta, message } of event.choices ?? []) {
      const part = delta ?? message
      said += part.content ?? ""
      for (const call of part.tool_calls ?? []) args += call.function.arguments
    }
    for (const block of event.content ?? []) {
      said += block.text ?? ""
      if (block.input !== undefined) args += JSON.stringify(block.input)
    }
    said += event.delta?.text ?? ""
    args += event.delta?.partial_json ?? ""
  }
  return [said, args]
}

for (const target of ["openai", "anthropic"] as const) {
  for (const caller of ["openai", "anthropic"] as const) {
    describe(`a caller of ${caller} gets from a target of ${target}`, () => {
      for (const stream of [false, true]) {
        it.live(
          `${stream ? "events" : "a whole answer"}, whatever the form and content type of the answer`,
          () =>
            Effect.gen(function* () {
              const server = yield* FaultServer.make
              const url = yield* start({ providers: { p: provider(target, server) }, policy })
              const { body, path } = calls[caller]
              for (const [name, sent] of bodies[target]) {
                for (const label of labels) {
                  server.play(reply(sent, label))
                  const got = yield* ask(`${url}${path}`, { body: body("p/m", { stream }) })
                  const what = `${name} as ${label}: ${got.text}`
                  assert.strictEqual(got.status, 200, what)
                  assert.deepStrictEqual(saidIn(got.text), ["hello 漢🦊", '{"x":1}'], what)
                  assert.include(
                    got.headers["content-type"],
                    stream ? "text/event-stream" : "application/json",
                    what
                  )
                  if (stream) assert.include(got.text, caller === "openai" ? "[DONE]" : "message_stop", what)
                  else assert.isObject(got.json, what)
                }
              }
            })
        )
      }
    })
  }
}

describe("a caller of responses", () => {
  it.live("gets the requested form, whole or as a stream", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { p: { ...provider("openai", server), responses: true } },
        policy
      })
      for (const sent of [JSON.stringify(response), responseEvents]) {
        for (const label of labels) {
          server.play(reply(sent, label), reply(sent, label))
          const body = { model: "p/m", input: "hi" }
          const got = yield* ask(`${url}/v1/responses`, { body })
          assert.deepStrictEqual(got.at("output"), response.output)
          const streamed = yield* ask(`${url}/v1/responses`, { body: { ...body, stream: true } })
          assert.include(streamed.text, "event: response.completed\n")
          assert.include(streamed.text, '"delta":"hello 漢🦊"')
        }
      }
    })
  )
})

describe("an answer with a wrong content-encoding", () => {
  it.live("is read, and the header is removed", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({ providers: { p: provider("openai", server) }, policy })
      for (const stream of [false, true]) {
        for (const body of [chatEvents, JSON.stringify(completion)]) {
          server.play(reply(body, "application/json", { "content-encoding": "gzip" }))
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("p/m", { stream }) })
          assert.strictEqual(got.status, 200, got.text)
          assert.deepStrictEqual(saidIn(got.text), ["hello 漢🦊", '{"x":1}'])
          assert.isUndefined(got.headers["content-encoding"])
        }
      }
    })
  )
})

describe("an invalid answer", () => {
  it.live("falls back to the next target", () =>
    Effect.gen(function* () {
      const [bad, good] = [yield* FaultServer.make, yield* FaultServer.make]
      const url = yield* start({
        providers: { bad: provider("openai", bad), good: provider("openai", good) },
        models: { both: ["bad/m", "good/m"] },
        policy: { ...policy, whenAllBenched: "tryAnyway" }
      })
      const cut = chatEvents.slice(0, 60)
      for (const body of [
        '{"error":{"message":"overloaded","type":"server_error"}}',
        "<html>busy</html>",
        '{"choices":[]}',
        cut,
        "[]",
        ""
      ]) {
        for (const stream of [false, true]) {
          bad.play(reply(body, "application/json"))
          good.play(reply(stream ? chatEvents : JSON.stringify(completion), undefined))
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("both", { stream }) })
          assert.strictEqual(got.status, 200, body)
          assert.deepStrictEqual(saidIn(got.text), ["hello 漢🦊", '{"x":1}'], body)
        }
      }
    })
  )
})
