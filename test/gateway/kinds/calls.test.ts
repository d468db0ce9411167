/** Tool calls in forms that real servers send: each arrives once, with its own id and all of its arguments. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]
const schema = { type: "object", properties: { city: { type: "string" } } }

interface Called {
  readonly id: string
  readonly input: unknown
}

/** The calls that a caller of messages gets. */
const toMessages = (reply: Reply, stream: boolean, protocol: "openai" | "anthropic" = "openai") =>
  Effect.gen(function* () {
    const { post } = yield* stage({ corp: { protocol, reply: () => reply } })
    const got = yield* post("/v1/messages", {
      model: "corp/m",
      max_tokens: 99,
      stream,
      tools: [{ name: "weather", input_schema: schema }],
      messages: hi
    })
    if (!stream) return ((got.json as Json).content as Array<Json>).map(({ id, input }) => ({ id, input }))
    const blocks: Array<Json> = []
    for (const event of dataOf(got.text)) {
      if (event.type === "content_block_start") blocks.push({ ...event.content_block, json: "" })
      if (event.type === "content_block_delta") blocks[event.index]!.json += event.delta.partial_json ?? ""
    }
    return blocks.map(({ id, json }): Called => ({ id, input: JSON.parse(json === "" ? "{}" : json) }))
  })

/** The calls that a caller of responses gets; their arguments have to be JSON. */
const toResponses = (reply: Reply, stream: boolean, protocol: "openai" | "anthropic" = "openai") =>
  Effect.gen(function* () {
    const { post } = yield* stage({ corp: { protocol, reply: () => reply } })
    const got = yield* post("/v1/responses", {
      model: "corp/m",
      stream,
      store: false,
      tools: [{ type: "function", name: "weather", parameters: schema }],
      input: hi
    })
    const response = stream ? dataOf(got.text).at(-1)!.response : (got.json as Json)
    return (response.output as Array<Json>).map(
      ({ arguments: args, call_id }): Called => ({ id: call_id, input: JSON.parse(args) })
    )
  })

const callers = { messages: toMessages, responses: toResponses }
const piece = (...calls: ReadonlyArray<Json>) => chunk({ tool_calls: calls })
const begin = (index: unknown, id: string | undefined, args: unknown) => ({
  index,
  id,
  type: "function",
  function: { name: "weather", arguments: args }
})
const paris = { id: "a", input: { city: "Paris" } }
const oslo = { id: "b", input: { city: "Oslo" } }

const streams: Readonly<Record<string, readonly [ReadonlyArray<Json>, ReadonlyArray<Called>]>> = {
  "with indexes as texts, interleaved": [
    [
      piece(begin("0", "a", '{"city":')),
      piece(begin("1", "b", '{"city":')),
      piece({ index: "0", function: { arguments: '"Paris"}' } }),
      piece({ index: "1", function: { arguments: '"Oslo"}' } })
    ],
    [paris, oslo]
  ],
  // https://github.com/NousResearch/hermes-agent/pull/35718
  "whose pieces have all arguments so far": [
    [
      piece(begin(0, "a", '{"')),
      piece(begin(0, "a", '{"city')),
      piece(begin(0, "a", '{"city":')),
      piece(begin(0, "a", '{"city":"Paris"')),
      piece(begin(0, "a", '{"city":"Paris"}')),
      piece(begin(0, "a", '{"city":"Paris"}'))
    ],
    [paris]
  ],
  "whose arguments contain an object that begins like them": [
    [piece(begin(0, "a", '{"city":')), piece({ index: 0, function: { arguments: '{"city":"Paris"}}' } })],
    [{ id: "a", input: { city: { city: "Paris" } } }]
  ],
  // https://github.com/HKUDS/nanobot/pull/3943
  "that share an id": [
    [piece(begin(0, "a", '{"city":"Paris"}')), piece(begin(1, "a", '{"city":"Oslo"}'))],
    [paris, { ...oslo, id: "a_1" }]
  ],
  "that share an id, without indexes": [
    [piece(begin(undefined, "a", '{"city":"Paris"}')), piece(begin(undefined, "a", '{"city":"Oslo"}'))],
    [paris, { ...oslo, id: "a_1" }]
  ],
  // https://github.com/vllm-project/vllm/pull/54964
  "whose arguments are a text inside of a text": [
    [
      piece(begin(0, "a", '"{\\"city')),
      piece({ index: 0, function: { arguments: '\\":\\"Paris\\"}"' } }),
      piece(begin(0, "b", '"{\\"city\\":\\"Oslo\\"}"'))
    ],
    [paris, oslo]
  ],
  "that are not in a list": [[chunk({ tool_calls: begin(0, "a", '{"city":"Paris"}') })], [paris]],
  "without arguments": [
    [piece(begin(0, "a", "")), piece(begin(1, "b", " "))],
    [
      { id: "a", input: {} },
      { id: "b", input: {} }
    ]
  ]
}

describe("streamed calls", () => {
  for (const [caller, callsOf] of Object.entries(callers))
    for (const [what, [events, calls]] of Object.entries(streams))
      it.live(`${what}: ${caller}`, () =>
        Effect.gen(function* () {
          const got = yield* callsOf({ events: [...events, chunk({}, "tool_calls"), "[DONE]"] }, true)
          assert.deepStrictEqual<unknown>(got, calls)
        })
      )
})

const whole = (...calls: ReadonlyArray<readonly [id: string, args: unknown]>) => ({
  json: completion(
    {
      content: null,
      tool_calls: calls.map(([id, args]) => ({
        id,
        type: "function",
        function: { name: "weather", arguments: args }
      }))
    },
    "tool_calls"
  )
})

const answers: Readonly<Record<string, readonly [Reply, ReadonlyArray<Called>]>> = {
  // https://github.com/HKUDS/nanobot/issues/4059
  "that share an id": [
    whole(["a", '{"city":"Paris"}'], ["a", '{"city":"Oslo"}']),
    [paris, { ...oslo, id: "a_1" }]
  ],
  // https://github.com/quarkiverse/quarkus-langchain4j/pull/2642
  "whose arguments are a text inside of a text": [whole(["a", '"{\\"city\\":\\"Paris\\"}"']), [paris]],
  "that are not in a list": [
    { json: completion({ content: null, tool_calls: begin(0, "a", '{"city":"Paris"}') }, "tool_calls") },
    [paris]
  ],
  "without arguments": [
    whole(["a", ""], ["b", null], ["c", undefined]),
    ["a", "b", "c"].map((id) => ({ id, input: {} }))
  ]
}

describe("calls of a whole answer", () => {
  for (const [caller, callsOf] of Object.entries(callers))
    for (const [what, [reply, calls]] of Object.entries(answers))
      it.live(`${what}: ${caller}`, () =>
        Effect.gen(function* () {
          assert.deepStrictEqual<unknown>(yield* callsOf(reply, false), calls)
        })
      )
})

describe("calls of Anthropic's protocol", () => {
  const uses = [paris, { ...oslo, id: "a" }].map(({ id, input }) => ({
    type: "tool_use",
    id,
    name: "weather",
    input
  }))

  // https://github.com/HKUDS/nanobot/issues/4473
  it.live("that share an id, whole", () =>
    Effect.gen(function* () {
      const got = yield* toResponses({ json: message(uses, "tool_use") }, false, "anthropic")
      assert.deepStrictEqual<unknown>(got, [paris, { ...oslo, id: "a_1" }])
    })
  )

  it.live("that share an id, in a stream", () =>
    Effect.gen(function* () {
      const events = [
        { type: "message_start", message: { ...message([]), stop_reason: null } },
        ...uses.flatMap((content_block, index) => [
          { type: "content_block_start", index, content_block },
          { type: "content_block_stop", index }
        ]),
        { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 5 } },
        { type: "message_stop" }
      ]
      const got = yield* toResponses({ events }, true, "anthropic")
      assert.deepStrictEqual<unknown>(got, [paris, { ...oslo, id: "a_1" }])
    })
  )
})
