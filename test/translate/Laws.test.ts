import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"
import {
  Answer,
  asChat,
  asChunks,
  asCompletion,
  asMessage,
  asMessageEvents,
  Conversation
} from "../support/translate/generators.ts"
import { addUp, context, dataOf, translateStream } from "../support/translate/support.ts"

const claude = "claude-sonnet-4-0"

/** The rules of a Claude that supports schemas, which models before 4.5 do not. */
const strict = resolve({ protocol: "anthropic", model: "claude-sonnet-4-5" })
const protocols: ReadonlyArray<Translate.Protocol> = ["openai", "anthropic"]
/** The context of a caller that requests everything. */
const curious = { stream_options: { include_usage: true }, thinking: { type: "adaptive" } }

describe("a request that both protocols can express", () => {
  it.prop(
    "is the same request after the way there and back, from either side",
    [Conversation],
    ([conversation]) => {
      const chat = asChat(conversation)
      const there = Translate.translateRequest("openai", "anthropic", chat, claude, undefined, strict)
      assert.deepStrictEqual(there.dropped, [])
      const back = Translate.translateRequest("anthropic", "openai", there.body, "gpt-4.1")
      assert.deepStrictEqual(back, { body: chat, dropped: [] })
      assert.deepStrictEqual(
        Translate.translateRequest("openai", "anthropic", back.body, claude, undefined, strict),
        there
      )
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "is the same answer after the way there and back",
    [Answer],
    ([answer]) => {
      const completion = asCompletion(answer)
      const message = asMessage(answer)
      const given = context(curious)
      const [choice] = completion.choices as [{ readonly message: object }]
      assert.deepStrictEqual(
        Translate.translateAnswer("anthropic", "openai", { ...message, model: "gpt-4.1" }, given),
        { ...completion, choices: [{ ...choice, message: { ...choice.message, refusal: null } }] }
      )
      assert.deepStrictEqual(
        Translate.translateAnswer("openai", "anthropic", { ...completion, model: "claude" }, given),
        message
      )
    },
    { arbitrary: { runs: 500 } }
  )
})

describe("a translated stream", () => {
  it.effect.prop(
    "of an Anthropic model adds up to the translated answer",
    [Answer],
    ([answer]) =>
      Effect.gen(function* () {
        const given = context(curious)
        const events = translateStream("anthropic", "openai", asMessageEvents(answer), given)
        const whole = Translate.translateAnswer("anthropic", "openai", asMessage(answer), given)
        const added = yield* Effect.promise(() => addUp("openai", events))
        const thoughts = dataOf(events).flatMap((item) => {
          const { choices } = item as {
            readonly choices?: ReadonlyArray<{ readonly delta: Translate.JsonObject }>
          }
          return choices?.[0]?.delta.reasoning_content ?? []
        })
        const [choice] = added.choices as [{ readonly message: Translate.JsonObject }]
        // The official client parses the content if told to, and keeps only the last piece of an unknown field.
        const { parsed, reasoning_content, ...message } = choice.message
        assert.strictEqual(parsed, null)
        const thought = thoughts.length === 0 ? {} : { reasoning_content: thoughts.join("") }
        assert.deepStrictEqual(
          { ...added, choices: [{ ...choice, message: { ...message, ...thought } }] },
          whole
        )
      }),
    { arbitrary: { runs: 200 } }
  )

  it.effect.prop(
    "of an OpenAI model adds up to the translated answer",
    [Answer, Schema.Boolean],
    ([answer, wantsThoughts]) =>
      Effect.gen(function* () {
        const given = context(wantsThoughts ? curious : {})
        // A chat stream without signatures is one long thought.
        const unsigned = { ...answer, thoughts: answer.thoughts.slice(0, 1) }
        const completion = asCompletion(unsigned)
        const [choice] = completion.choices as [{ readonly message: Translate.JsonObject }]
        const { reasoning_details: _, ...message } = choice.message
        const whole = Translate.translateAnswer(
          "openai",
          "anthropic",
          { ...completion, choices: [{ ...choice, message }] },
          given
        )
        const events = translateStream("openai", "anthropic", asChunks(unsigned), given)
        const { parsed_output, ...added } = yield* Effect.promise(() => addUp("anthropic", events))
        assert.strictEqual(parsed_output, null)
        assert.deepStrictEqual(withoutZero(added), withoutZero(whole))
      }),
    { arbitrary: { runs: 200 } }
  )

  it.prop(
    "has one block after another, each begun once and ended once",
    [Answer],
    ([answer]) => {
      let open: unknown
      let next = 0
      for (const item of dataOf(translateStream("openai", "anthropic", asChunks(answer), context(curious)))) {
        const { type, index } = item as Translate.JsonObject
        if (type === "content_block_start") {
          assert.isUndefined(open)
          assert.strictEqual(index, next++)
          open = index
        } else if (type === "content_block_delta") assert.strictEqual(index, open)
        else if (type === "content_block_stop") {
          assert.strictEqual(index, open)
          open = undefined
        }
      }
      assert.isUndefined(open)
    },
    { arbitrary: { runs: 200 } }
  )
})

/** -0 is 0 after it was written as JSON, as in a stream. */
const withoutZero = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("any input", () => {
  /** JSON with words of the protocols in it, so that it passes the first checks. */
  const Word = Schema.Literals([
    "assistant",
    "user",
    "tool",
    "system",
    "text",
    "image_url",
    "image",
    "tool_use",
    "tool_result",
    "thinking",
    "json_schema",
    "enabled",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_start",
    "message_delta",
    "input_json_delta",
    "weather"
  ])
  const Key = Schema.Literals([
    "type",
    "role",
    "content",
    "text",
    "messages",
    "choices",
    "delta",
    "message",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "id",
    "index",
    "tools",
    "tool_choice",
    "thinking",
    "source",
    "url",
    "data",
    "image_url",
    "content_block",
    "usage",
    "finish_reason",
    "stop_reason",
    "input",
    "partial_json",
    "error",
    "response_format",
    "output_config",
    "format",
    "schema",
    "properties",
    "reasoning_details",
    "signature",
    "input_schema",
    "system",
    "metadata",
    "stop",
    "stop_sequences",
    "max_tokens"
  ])
  const Leaf = Schema.Union([Schema.Json, Word])
  const Level = <S extends Schema.Top>(inner: S) =>
    Schema.Union([
      Leaf,
      Schema.Array(inner).check(Schema.isMaxLength(4)),
      Schema.Array(Schema.Tuple([Key, inner])).check(Schema.isMaxLength(5))
    ])
  const Wild = Level(Level(Level(Leaf)))
  const Members = Schema.Array(Schema.Tuple([Key, Wild])).check(Schema.isMaxLength(8))

  /** Lists of pairs whose first item is a key become objects. */
  const bloom = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value
    const isPair = (item: unknown) => Array.isArray(item) && item.length === 2 && typeof item[0] === "string"
    return value.length > 0 && value.every(isPair)
      ? Object.fromEntries(value.map(([key, inner]) => [key, bloom(inner)]))
      : value.map(bloom)
  }
  const body = (members: ReadonlyArray<unknown>) => {
    const made = bloom(members)
    return (Array.isArray(made) ? {} : made) as Translate.JsonObject
  }

  it.prop(
    "it translates something, and leaves what it was given as it was",
    [Members],
    ([members]) => {
      const given = body(members)
      const before = JSON.stringify(given)
      for (const from of protocols) {
        for (const to of protocols) {
          const request = Translate.translateRequest(from, to, given)
          assert.isObject(request.body)
          for (const name of request.dropped) assert.match(name, /^[\w.$?-]{1,64}$/)
          assert.isObject(Translate.translateAnswer(from, to, given, context(given)))
          assert.isObject(Translate.translateError(from, to, given))
          assert.isObject(Translate.translateError(from, to, bloom(members[0]), 500))
        }
      }
      assert.isObject(Translate.withoutUnsignedThinking(given))
      assert.strictEqual(JSON.stringify(given), before)
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "a stream goes on",
    [Schema.Array(Schema.Tuple([Schema.NullOr(Word), Schema.Union([Members, Schema.String])])), Answer],
    ([wild, answer]) => {
      const strange: ReadonlyArray<Translate.SseEvent> = wild.map(([event, data]) => ({
        event: event ?? undefined,
        data: typeof data === "string" ? data : JSON.stringify(body(data))
      }))
      for (const [from, to, events] of [
        ["openai", "anthropic", asChunks(answer)],
        ["anthropic", "openai", asMessageEvents(answer)]
      ] as const) {
        const mixed = events.flatMap((event, at) => [
          ...(strange[at] === undefined ? [] : [strange[at]]),
          event
        ])
        for (const { data } of translateStream(from, to, mixed, context(curious))) {
          if (data !== "[DONE]") assert.isObject(JSON.parse(data))
        }
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "events that are malformed or unknown change nothing",
    [Answer, Schema.String],
    ([answer, noise]) => {
      const nothing: ReadonlyArray<Translate.SseEvent> = [
        { data: `{${noise}` },
        { event: "ping", data: '{"type":"ping"}' },
        { event: noise, data: "" },
        {},
        { data: "null" },
        { data: '{"type":"something_new","choices":[]}' }
      ]
      for (const [from, to, events] of [
        ["openai", "anthropic", asChunks(answer)],
        ["anthropic", "openai", asMessageEvents(answer)]
      ] as const) {
        const [first, ...rest] = events
        const mixed = [first!, ...rest.flatMap((event) => [...nothing, event])]
        assert.deepStrictEqual(
          translateStream(from, to, mixed, context(curious)),
          translateStream(from, to, events, context(curious))
        )
      }
    },
    { arbitrary: { runs: 100 } }
  )

  it("takes linear time", () => {
    const time = (size: number) => {
      const messages = Array.from({ length: size }, (_, at) => [
        { role: "user", content: [{ type: "text", text: "a" }] },
        {
          role: "assistant",
          tool_calls: [{ id: "functions.f:0", type: "function", function: { name: "f", arguments: "{}" } }]
        },
        { role: "tool", tool_call_id: "functions.f:0", content: `${at}` }
      ]).flat()
      const start = performance.now()
      const { body } = Translate.translateRequest("openai", "anthropic", { model: claude, messages })
      Translate.translateRequest("anthropic", "openai", body, "gpt-4.1")
      return performance.now() - start
    }
    time(1000)
    const base = Math.max(1, time(1000))
    assert.isBelow(time(20_000), base * 200) // twentyfold; a square would be 400
  })

  it("survives very deeply nested bodies, and those with very many parts", () => {
    const nest = (depth: number): unknown =>
      JSON.parse(`${'{"properties":{"a":'.repeat(depth)}{}${"}}".repeat(depth)}`)
    const deep = nest(20_000)
    for (const [from, to] of [
      ["openai", "anthropic"],
      ["anthropic", "openai"]
    ] as const) {
      const given = {
        model: "m",
        messages: [
          {
            role: "user",
            content: Array.from({ length: 300_000 }, () => ({ type: "text", text: "a" }))
          },
          { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: deep }] }
        ],
        response_format: { type: "json_schema", json_schema: { schema: deep } },
        output_config: { format: { type: "json_schema", schema: deep } },
        tools: [
          { name: "f", input_schema: deep, strict: true, type: "custom" },
          { type: "function", function: { name: "f", parameters: deep, strict: true } }
        ]
      }
      assert.isObject(Translate.translateRequest(from, to, given).body)
    }
  })
})
