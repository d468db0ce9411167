/** Streams and answers of servers that deviate from the vendor's protocol. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import { addUp, context, dataOf, translateStream } from "../support/translate/support.ts"

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) => ({
  data: JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }], ...more })
})
const pieces = (...tool_calls: ReadonlyArray<object>) => chunk({ tool_calls })
const piece = (index: number | undefined, id: string | undefined, name: string | undefined, args?: unknown) =>
  pieces({ index, id, type: "function", function: { name, arguments: args } })
const finish = chunk({}, "tool_calls")
const done = { data: "[DONE]" }

const messageOf = (events: ReadonlyArray<Translate.SseEvent>, given = context()) =>
  addUp("anthropic", translateStream("openai", "anthropic", events, given))
const contentOf = async (events: ReadonlyArray<Translate.SseEvent>) => (await messageOf(events)).content
const use = (id: string, name: string, input: object) => ({ type: "tool_use", id, name, input })

const malformed = (from: Translate.Protocol, events: ReadonlyArray<Translate.SseEvent>) => {
  const translator = Translate.makeStreamTranslator(
    from,
    from === "openai" ? "anthropic" : "openai",
    context()
  )
  for (const event of events) translator.event(event)
  return translator.malformed
}

describe("the pieces of a call", () => {
  const bash = [use("a", "bash", { command: "ls" })]

  it("belong to the call with their index, although the id changes", async () => {
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "a", "bash", ""),
        piece(0, "b", undefined, '{"command":'),
        piece(0, "b", undefined, '"ls"}'),
        finish,
        done
      ]),
      bash
    )
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "a", "bash", ""),
        piece(0, "b", "bash", '{"command":'),
        piece(0, "c", "bash", '"ls"}'),
        finish,
        done
      ]),
      bash
    )
  })

  it("belong to the last call if the index is missing or increases with each piece", async () => {
    for (const index of [
      [0, undefined, undefined],
      [0, 1, 2],
      [undefined, undefined, undefined],
      [3, 4, 9]
    ]) {
      assert.deepStrictEqual(
        await contentOf([
          piece(index[0], "a", "bash", ""),
          piece(index[1], undefined, undefined, '{"command":'),
          piece(index[2], undefined, undefined, '"ls"}'),
          finish,
          done
        ]),
        bash
      )
    }
  })

  it("belong to the call with their id if the index is new or missing", async () => {
    for (const index of [undefined, 7]) {
      assert.deepStrictEqual(
        await contentOf([
          piece(0, "a", "bash", ""),
          piece(1, "b", "look", "{}"),
          piece(index, "a", undefined, '{"command":"ls"}'),
          finish,
          done
        ]),
        [...bash, use("b", "look", {})]
      )
    }
  })

  it("may hold the name in pieces, repeatedly, or last", async () => {
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "a", "ba", ""),
        piece(0, undefined, "sh", ""),
        piece(0, undefined, undefined, '{"command":"ls"}'),
        finish,
        done
      ]),
      bash
    )
    assert.deepStrictEqual(
      await contentOf([piece(0, "a", "bash", '{"command":'), piece(0, "a", "bash", '"ls"}'), finish, done]),
      bash
    )
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "a", undefined, '{"command":"ls"}'),
        piece(0, undefined, "bash"),
        finish,
        done
      ]),
      bash
    )
  })

  it("may hold the arguments as an object, or after an empty one", async () => {
    assert.deepStrictEqual(await contentOf([piece(0, "a", "bash", { command: "ls" }), finish, done]), bash)
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "a", "bash", "{}"),
        piece(0, "a", undefined, '{"command":'),
        piece(0, "a", undefined, '"ls"}'),
        finish,
        done
      ]),
      bash
    )
  })

  it("are one call per name if all have the same index", async () => {
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "a", "bash", '{"command":"ls"}'),
        piece(0, "b", "bash", '{"command":"pwd"}'),
        piece(0, "c", "look", "{}"),
        finish,
        done
      ]),
      [...bash, use("b", "bash", { command: "pwd" }), use("c", "look", {})]
    )
  })

  it("may be a legacy function call", async () => {
    const content = await contentOf([
      chunk({ function_call: { name: "bash", arguments: "" } }),
      chunk({ function_call: { arguments: '{"command":' } }),
      chunk({ function_call: { arguments: '"ls"}' } }),
      chunk({}, "function_call"),
      done
    ])
    assert.deepStrictEqual(
      (content as ReadonlyArray<Translate.JsonObject>).map(({ input, name }) => [name, input]),
      [["bash", { command: "ls" }]]
    )
  })

  it("that belong to no call make the stream malformed", () => {
    const streams: ReadonlyArray<ReadonlyArray<Translate.SseEvent>> = [
      [piece(0, "a", undefined, '{"command":"ls"}'), finish, done],
      [piece(0, "a", "bash", '{"command":"ls"}'), piece(1, "b", undefined, '{"x":1}'), finish, done],
      [piece(0, "a", "bash", '{"command":"ls"}'), piece(0, "a", undefined, "and more"), finish, done]
    ]
    for (const events of streams) {
      // A stream that its protocol has completed does not fail any more. Its reader gets a note instead.
      const told = translateStream("openai", "anthropic", events, context())
      const isTold = told.at(-1)?.event === "error"
      assert.isTrue(isTold || malformed("openai", events) !== undefined)
      assert.isFalse(told.some(({ event }) => event === "message_stop"))
    }
  })

  it("of a message may have a wrong index while one call is open, but not if none is", () => {
    const start = {
      event: "content_block_start",
      data: '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"bash","input":{}}}'
    }
    const args = (index: number | undefined) => ({
      event: "content_block_delta",
      data: JSON.stringify({
        type: "content_block_delta",
        index,
        delta: { type: "input_json_delta", partial_json: '{"command":"ls"}' }
      })
    })
    for (const index of [undefined, 0]) {
      const events = dataOf(translateStream("anthropic", "openai", [start, args(index)], context()))
      assert.include(JSON.stringify(events), "command")
    }
    assert.isString(malformed("anthropic", [args(0)]))
  })
})

describe("content after a finish reason", () => {
  it("counts until the stream ends", async () => {
    const events = [
      chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }] }, "tool_calls"),
      piece(1, "b", "g", '{"x":1}'),
      chunk({ content: "said" }),
      chunk({}, "stop"),
      done
    ]
    const message = await messageOf(events)
    assert.deepStrictEqual(message.content, [
      use("a", "f", {}),
      use("b", "g", { x: 1 }),
      { type: "text", text: "said" }
    ])
    assert.strictEqual(message.stop_reason, "tool_use")
  })

  it("counts in a message, too", async () => {
    const events = [
      { type: "message_start", message: { id: "m" } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "said" } },
      { type: "message_stop" }
    ].map((json) => ({ event: json.type, data: JSON.stringify(json) }))
    const { choices } = await addUp("openai", translateStream("anthropic", "openai", events, context()))
    assert.strictEqual(
      (choices as ReadonlyArray<{ message: Translate.JsonObject }>)[0]?.message.content,
      "said"
    )
  })
})

describe("the formats of other servers", () => {
  const stopOf = async (word: string) =>
    (await messageOf([chunk({ content: "a" }), chunk({}, word), done])).stop_reason
  const wholeOf = (word: string) =>
    Translate.translateAnswer(
      "openai",
      "anthropic",
      { choices: [{ message: { content: "a" }, finish_reason: word }] },
      context()
    ).stop_reason

  it("have finish reasons in any letter case", async () => {
    const table: ReadonlyArray<readonly [word: string, reason: string]> = [
      ["MAX_TOKENS", "max_tokens"],
      ["max_tokens", "max_tokens"],
      ["MaxTokens", "max_tokens"],
      ["max_output_tokens", "max_tokens"],
      ["SAFETY", "refusal"],
      ["PROHIBITED_CONTENT", "refusal"],
      ["sensitive", "refusal"],
      ["guardrail_intervened", "refusal"],
      ["STOP", "end_turn"],
      ["end_turn", "end_turn"],
      ["eos", "end_turn"],
      ["model_context_window_exceeded", "model_context_window_exceeded"],
      ["ERROR_LIMIT", "model_context_window_exceeded"],
      ["something_new", "end_turn"]
    ]
    for (const [word, reason] of table) {
      assert.strictEqual(await stopOf(word), reason, word)
      assert.strictEqual(wholeOf(word), reason, word)
    }
  })

  it("have them in the Anthropic protocol as well", () => {
    for (const [word, reason] of [
      ["MAX_TOKENS", "length"],
      ["length", "length"],
      ["SAFETY", "content_filter"],
      ["tool_calls", "tool_calls"]
    ] as const) {
      const body = { content: [{ type: "tool_use", id: "a", name: "f", input: {} }], stop_reason: word }
      const { choices } = Translate.translateAnswer("anthropic", "openai", body, context())
      assert.strictEqual((choices as ReadonlyArray<Translate.JsonObject>)[0]?.finish_reason, reason, word)
    }
  })

  it("have reasoning under any field name, and in content parts", async () => {
    const given = context({ thinking: { type: "adaptive" } })
    const thoughts: ReadonlyArray<object> = [
      { reasoning_content: "hm" },
      { reasoning: "hm" },
      { reasoning_text: "hm" },
      { thinking: "hm" },
      { reasoning_details: [{ type: "reasoning.summary", summary: "hm" }] },
      { thinking_blocks: [{ type: "thinking", thinking: "hm" }] },
      { content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] }
    ]
    for (const thought of thoughts) {
      const expected = { type: "thinking", thinking: "hm", signature: "" }
      const { content } = await messageOf([chunk(thought), chunk({ content: "a" }, "stop"), done], given)
      assert.deepStrictEqual((content as ReadonlyArray<unknown>)[0], expected, JSON.stringify(thought))
      const whole = Translate.translateAnswer(
        "openai",
        "anthropic",
        { choices: [{ message: { ...thought }, finish_reason: "stop" }] },
        given
      )
      assert.deepStrictEqual((whole.content as ReadonlyArray<unknown>)[0], expected, JSON.stringify(thought))
    }
  })

  it("have usage at any known path", async () => {
    const places: ReadonlyArray<object> = [
      { usage: { prompt_tokens: 15, completion_tokens: 3, prompt_cache_hit_tokens: 5 } },
      {
        x_groq: {
          usage: { prompt_tokens: 15, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 5 } }
        }
      }
    ]
    for (const more of places) {
      const { usage } = await messageOf([chunk({ content: "a" }), chunk({}, "stop", more), done])
      assert.deepInclude(usage as object, { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 3 })
    }
    const moonshot = {
      data: JSON.stringify({
        choices: [
          {
            index: 0,
            delta: {},
            finish_reason: "stop",
            usage: { prompt_tokens: 15, completion_tokens: 3, cached_tokens: 5 }
          }
        ]
      })
    }
    const { usage } = await messageOf([chunk({ content: "a" }), moonshot, done])
    assert.deepInclude(usage as object, { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 3 })
  })

  it("do not overwrite the first token count with a zero at the end", async () => {
    const events = [
      { type: "message_start", message: { id: "m", usage: { input_tokens: 15, output_tokens: 1 } } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "said" } },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn" },
        usage: { input_tokens: 0, output_tokens: 7 }
      },
      { type: "message_stop" }
    ].map((json) => ({ event: json.type, data: JSON.stringify(json) }))
    const given = context({ stream_options: { include_usage: true } })
    const { usage } = await addUp("openai", translateStream("anthropic", "openai", events, given))
    assert.deepInclude(usage as object, { prompt_tokens: 15, completion_tokens: 7, total_tokens: 22 })
  })

  it("may have a single choice with any index", async () => {
    const said = {
      data: JSON.stringify({ choices: [{ index: 1, delta: { content: "a" }, finish_reason: "stop" }] })
    }
    assert.deepStrictEqual(await contentOf([said, done]), [{ type: "text", text: "a" }])
  })
})

describe("content without a counterpart", () => {
  it("is named", () => {
    const translator = Translate.makeStreamTranslator("openai", "anthropic", context())
    translator.event(chunk({ content: "a", images: [{ type: "image_url", image_url: { url: "data:," } }] }))
    assert.deepStrictEqual(translator.dropped(), ["message.images"])
    assert.deepStrictEqual(translator.dropped(), [])
    const whole = Translate.translateWhole(
      "anthropic",
      "openai",
      { content: [{ type: "server_tool_use", id: "a", name: "web_search", input: {} }] },
      context()
    )
    assert.deepStrictEqual(whole.dropped, ["content.server_tool_use"])
  })
})
