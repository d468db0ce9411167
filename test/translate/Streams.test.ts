import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import {
  chatStream,
  chatToolStream,
  claudeErrorEvent,
  claudeThinkingStream,
  claudeToolStream
} from "../support/translate/samples.ts"
import { addUp, context, dataOf, eventsOf, translateStream } from "../support/translate/support.ts"

const withUsage = context({ stream_options: { include_usage: true } })

/** The deltas of a chat stream, and the finish reasons of its choices. */
const deltasOf = (events: ReadonlyArray<Translate.OutEvent>) =>
  dataOf(events).flatMap((item) => {
    const { choices } = item as { readonly choices?: ReadonlyArray<Translate.JsonObject> }
    return (choices ?? []).map(({ delta, finish_reason }) =>
      finish_reason === null ? delta : { ...(delta as object), finish_reason }
    )
  })

describe("a stream of an Anthropic model", () => {
  it("is a chat stream, chunk by chunk", () => {
    const events = translateStream("anthropic", "openai", eventsOf(claudeToolStream), withUsage)
    const args = (json: string) => ({ tool_calls: [{ index: 0, function: { arguments: json } }] })
    assert.deepStrictEqual(deltasOf(events), [
      { role: "assistant", content: "", refusal: null },
      { content: "Okay" },
      { content: ", let's check the weather for San Francisco, CA:" },
      {
        tool_calls: [
          {
            index: 0,
            id: "toolu_01T1x1fJ34qAmk2tNTrN7Up6",
            type: "function",
            function: { name: "get_weather", arguments: "" }
          }
        ]
      },
      args('{"location":'),
      args(' "San'),
      args(" Francisc"),
      args("o,"),
      args(' CA"}'),
      { finish_reason: "tool_calls" }
    ])
    const head = {
      id: "msg_014p7gG3wDgGV9EUtLvnow3U",
      object: "chat.completion.chunk",
      created: 1700000000,
      model: "claude-opus-4-8"
    }
    for (const chunk of dataOf(events).slice(0, -2)) assert.deepInclude(chunk, { ...head, usage: null })
    assert.deepStrictEqual(dataOf(events).slice(-2), [
      {
        ...head,
        choices: [],
        usage: {
          prompt_tokens: 472,
          completion_tokens: 89,
          total_tokens: 561,
          prompt_tokens_details: { cached_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 0 }
        }
      },
      "[DONE]"
    ])
    assert.isTrue(events.every(({ event }) => event === undefined))
  })

  it("reports its usage only if requested", () => {
    const events = translateStream("anthropic", "openai", eventsOf(claudeToolStream), context())
    assert.isFalse(dataOf(events).some((chunk) => Object.hasOwn(chunk as object, "usage")))
  })

  it("streams its reasoning, and repeats it whole with its signature", () => {
    const events = translateStream("anthropic", "openai", eventsOf(claudeThinkingStream), withUsage)
    const first = "Let me solve this step by step:\n\n1. First break down 27 * 453"
    const second = "\n2. 453 = 400 + 50 + 3"
    assert.deepStrictEqual(deltasOf(events), [
      { role: "assistant", content: "", refusal: null },
      { reasoning_content: first },
      { reasoning_content: second },
      { content: "27 * 453 = 12,231" },
      {
        reasoning_details: [
          {
            type: "reasoning.text",
            text: first + second,
            signature: "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds...",
            format: "anthropic-claude-v1",
            index: 0
          }
        ]
      },
      { finish_reason: "stop" }
    ])
  })

  it("numbers parallel calls from 0, whatever the indices of their blocks", () => {
    const start = (index: number, id: string) => ({
      type: "content_block_start",
      index,
      content_block: { type: "tool_use", id, name: "f", input: {} }
    })
    const stop = (index: number) => ({ type: "content_block_stop", index })
    const events = [
      { type: "message_start", message: { id: "m" } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "a" } },
      stop(0),
      start(1, "t1"),
      stop(1),
      start(2, "t2"),
      { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"x":1}' } },
      stop(2),
      {
        type: "content_block_start",
        index: 3,
        content_block: { type: "tool_use", id: "t3", name: "f", input: { y: 2 } }
      },
      stop(3),
      { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 1 } },
      { type: "message_stop" }
    ].map((json) => ({ event: json.type, data: JSON.stringify(json) }))
    const calls = deltasOf(translateStream("anthropic", "openai", events, context())).flatMap((delta) => {
      const { tool_calls } = delta as { readonly tool_calls?: ReadonlyArray<Translate.JsonObject> }
      return tool_calls ?? []
    })
    assert.deepStrictEqual(
      calls.map(({ index, id, function: f }) => [index, id, (f as Translate.JsonObject).arguments]),
      [
        [0, "t1", ""],
        [0, undefined, "{}"],
        [1, "t2", ""],
        [1, undefined, '{"x":1}'],
        [2, "t3", ""],
        [2, undefined, '{"y":2}']
      ]
    )
  })

  it("ends with its error", () => {
    const translator = Translate.makeStreamTranslator("anthropic", "openai", context())
    const [start, ...rest] = eventsOf(claudeToolStream)
    translator.event(start!)
    assert.deepStrictEqual(translator.event(eventsOf(claudeErrorEvent)[0]!), [
      { data: '{"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded"}}' }
    ])
    assert.deepStrictEqual(
      rest.flatMap((event) => translator.event(event)),
      []
    )
    assert.deepStrictEqual(translator.end(), [])
  })

  it("gets no clean end if it was truncated", () => {
    const events = eventsOf(claudeToolStream)
    for (let cut = 0; cut < events.length; cut++) {
      const translator = Translate.makeStreamTranslator("anthropic", "openai", withUsage)
      const told = [...events.slice(0, cut).flatMap((event) => translator.event(event)), ...translator.end()]
      assert.isFalse(translator.isComplete)
      assert.isFalse(told.some(({ data }) => data === "[DONE]"))
    }
  })
})

describe("a stream of an OpenAI model", () => {
  it("is a stream of a message, event by event", () => {
    const events = translateStream("openai", "anthropic", eventsOf(chatStream), context())
    assert.deepStrictEqual(dataOf(events), [
      {
        type: "message_start",
        message: {
          id: "chatcmpl-123",
          type: "message",
          role: "assistant",
          model: "gpt-4o-mini",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: {
            input_tokens: 0,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 0,
            output_tokens: 0
          }
        }
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: {
          input_tokens: 9,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          output_tokens: 12
        }
      },
      { type: "message_stop" }
    ])
    for (const { event, data } of events) assert.strictEqual(JSON.parse(data).type, event)
  })

  it("streams the arguments of a call as they arrive", () => {
    const events = dataOf(translateStream("openai", "anthropic", eventsOf(chatToolStream), context()))
    assert.deepStrictEqual(events[1], {
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id: "call_DdmO9pD3xa9XTPNJ32zg2hcA", name: "get_weather", input: {} }
    })
    assert.deepStrictEqual(
      events.flatMap((event) => {
        const { delta } = event as { readonly delta?: Translate.JsonObject }
        return delta?.type === "input_json_delta" ? delta.partial_json : []
      }),
      ['{"', "location", '":"', "Paris", ",", " France", '"}']
    )
  })

  const chunk = (delta: object, finish_reason: string | null = null) => ({
    data: JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }] })
  })
  const piece = (index: number | undefined, json: string, id?: string, name?: string) =>
    chunk({ tool_calls: [{ index, id, function: { name, arguments: json } }] })
  const contentOf = async (events: ReadonlyArray<Translate.SseEvent>, given = context()) =>
    (await addUp("anthropic", translateStream("openai", "anthropic", events, given))).content
  const use = (id: string, input: object) => ({ type: "tool_use", id, name: "f", input })

  it("has sequential blocks even if calls are interleaved", async () => {
    const events = [
      piece(0, "", "a", "f"),
      piece(1, "", "b", "f"),
      piece(0, '{"x":'),
      piece(1, '{"y":"}'),
      chunk({ content: "and" }),
      piece(0, "1}"),
      piece(2, "", "c", "f"),
      piece(1, '"}'),
      chunk({}, "tool_calls")
    ]
    assert.deepStrictEqual(await contentOf(events), [
      use("a", { x: 1 }),
      use("b", { y: "}" }),
      { type: "text", text: "and" },
      use("c", {})
    ])
    const open = new Set<unknown>()
    for (const event of dataOf(translateStream("openai", "anthropic", events, context()))) {
      const { type, index } = event as Translate.JsonObject
      if (type === "content_block_start") open.add(index)
      if (type === "content_block_delta") assert.isTrue(open.has(index))
      if (type === "content_block_stop") open.delete(index)
      assert.isAtMost(open.size, 1)
    }
  })

  it("reads calls without an index, and with the same one for all", async () => {
    for (const index of [undefined, 0]) {
      assert.deepStrictEqual(
        await contentOf([
          piece(index, '{"x":', "a", "f"),
          piece(index, "1}"),
          piece(index, '{"x":2}', "b", "f"),
          chunk({}, "stop")
        ]),
        [use("a", { x: 1 }), use("b", { x: 2 })]
      )
    }
  })

  it("begins no call with an empty piece, whose index comes again in another call", async () => {
    assert.deepStrictEqual(
      await contentOf([
        piece(0, "", "a", "f"),
        piece(50, '{"x":1}'),
        piece(51, ""),
        piece(1, "", "b", "f"),
        piece(51, '{"x":'),
        piece(52, "2}"),
        chunk({}, "stop")
      ]),
      [use("a", { x: 1 }), use("b", { x: 2 })]
    )
  })

  it("waits for the name of a call", async () => {
    for (const named of [
      [piece(0, "", undefined, "f"), piece(0, "1}")],
      [piece(0, "1}"), piece(0, "", undefined, "f")]
    ]) {
      const events = [piece(0, '{"x":', "a"), ...named, chunk({}, "tool_calls")]
      assert.deepStrictEqual(await contentOf(events), [use("a", { x: 1 })])
    }
  })

  it("keeps consecutive signed reasoning separate", async () => {
    const signed = (text: string, signature?: string) =>
      chunk({
        reasoning: text,
        reasoning_details: [{ type: "reasoning.text", text, signature, format: "anthropic-claude-v1" }]
      })
    assert.deepStrictEqual(
      await contentOf(
        [signed("a"), signed("b", "s1"), signed("c", "s2"), chunk({ content: "d" }, "stop")],
        context({ thinking: { type: "adaptive" } })
      ),
      [
        { type: "thinking", thinking: "ab", signature: "s1" },
        { type: "thinking", thinking: "c", signature: "s2" },
        { type: "text", text: "d" }
      ]
    )
  })

  it("contains reasoning if the caller requested it", async () => {
    const events = [
      chunk({ role: "assistant", content: "" }),
      chunk({ reasoning_content: "2" }),
      chunk({ reasoning_content: "+2" }),
      chunk({ content: "4" }, "stop")
    ]
    const said = { type: "text", text: "4" }
    assert.deepStrictEqual(await contentOf(events), [said])
    assert.deepStrictEqual(await contentOf(events, context({ thinking: { type: "adaptive" } })), [
      { type: "thinking", thinking: "2+2", signature: "" },
      said
    ])
  })

  it("is complete with a finish reason, even without [DONE]", () => {
    const translator = Translate.makeStreamTranslator("openai", "anthropic", context())
    translator.event(chunk({ content: "a" }))
    assert.isFalse(translator.isComplete)
    translator.event(chunk({}, "length"))
    assert.isTrue(translator.isComplete)
    const end = dataOf(translator.end()) as ReadonlyArray<Translate.JsonObject>
    assert.deepStrictEqual(
      end.map(({ type }) => type),
      ["content_block_stop", "message_delta", "message_stop"]
    )
    assert.deepStrictEqual(translator.end(), [])
  })

  it("gets no clean end if it was truncated", () => {
    const events = eventsOf(chatToolStream).slice(0, -2)
    const told = translateStream("openai", "anthropic", events, context())
    assert.isFalse(told.some(({ event }) => event === "message_stop" || event === "message_delta"))
  })

  it("ends with its error, in any format", () => {
    for (const event of [
      { data: '{"error":{"message":"no","type":"server_error","code":null}}' },
      { event: "error", data: '{"message":"no"}' },
      { data: '{"error":"no"}' }
    ]) {
      const translator = Translate.makeStreamTranslator("openai", "anthropic", context())
      translator.event(chunk({ content: "a" }))
      assert.deepStrictEqual(translator.event(event), [
        { event: "error", data: '{"type":"error","error":{"type":"api_error","message":"no"}}' }
      ])
      assert.deepStrictEqual(translator.event(chunk({}, "stop")), [])
      assert.deepStrictEqual(translator.end(), [])
    }
  })
})

describe("the text of events", () => {
  it("is that of an event stream", () => {
    assert.strictEqual(
      Translate.encode([{ event: "ping", data: '{"type":"ping"}' }, { data: "[DONE]" }]),
      'event: ping\ndata: {"type":"ping"}\n\ndata: [DONE]\n\n'
    )
  })
})
