import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, openai, provider, start } from "../../support/gateway.ts"

/** What was parsed from JSON. */
type Wild = ReturnType<typeof JSON.parse>

const policy = { retries: { times: 0 }, threshold: { transient: 100 } }

interface Call {
  readonly name: string
  readonly members?: object
}

/** The answer of a chat server: members of its message, calls, text; whole or in pieces of a few characters. */
interface Said {
  readonly members?: Readonly<Record<string, unknown>>
  readonly calls?: ReadonlyArray<Call>
  readonly text?: string
}

const whole = ({ calls = [], members, text }: Said) => ({
  id: "c1",
  object: "chat.completion",
  model: "m",
  choices: [
    {
      index: 0,
      finish_reason: calls.length > 0 ? "tool_calls" : "stop",
      message: {
        role: "assistant",
        content: text ?? null,
        ...members,
        ...(calls.length > 0 && {
          tool_calls: calls.map(({ members, name }, index) => ({
            id: `call_${name}${index}`,
            type: "function",
            function: { name, arguments: `{"at":${index}}` },
            ...members
          }))
        })
      }
    }
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1 }
})

const events = ({ calls = [], members = {}, text }: Said) => {
  const chunk = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  const out = [chunk({ role: "assistant", content: "" })]
  for (const [name, value] of Object.entries(members)) {
    const parts = typeof value === "string" ? (value.match(/[\s\S]{1,700}/gu) ?? []) : [value]
    for (const part of parts) out.push(chunk({ [name]: part }))
  }
  if (text !== undefined) out.push(chunk({ content: text }))
  calls.forEach(({ members, name }, index) => {
    out.push(
      chunk({
        tool_calls: [
          { index, id: `call_${name}${index}`, type: "function", function: { name, arguments: "" } }
        ]
      }),
      chunk({ tool_calls: [{ index, function: { arguments: `{"at":` }, ...members }] }),
      chunk({ tool_calls: [{ index, function: { arguments: `${index}}` } }] })
    )
  })
  out.push(chunk({}, calls.length > 0 ? "tool_calls" : "stop"), "data: [DONE]\n\n")
  return out
}

/** The data of the events of a stream. */
const dataOf = (text: string): ReadonlyArray<Wild> =>
  text.split("\n").flatMap((line) => (/^data: \{/.test(line) ? [JSON.parse(line.slice(6))] : []))

/** The blocks that a client of messages makes from an answer and sends back. */
const blocksOf = (text: string, isStream: boolean): Array<Wild> => {
  if (!isStream) return JSON.parse(text).content
  const blocks: Array<Wild> = []
  for (const event of dataOf(text)) {
    if (event.type === "content_block_start") blocks.push({ ...event.content_block, json: "" })
    const block = blocks.at(-1)!
    if (event.type !== "content_block_delta") continue
    const { delta } = event
    if (delta.type === "text_delta") block.text += delta.text
    if (delta.type === "thinking_delta") block.thinking += delta.thinking
    if (delta.type === "signature_delta") block.signature = delta.signature
    if (delta.type === "input_json_delta") block.json += delta.partial_json
  }
  return blocks.map(({ json, ...block }) =>
    block.type === "tool_use" ? { ...block, input: JSON.parse(json || "{}") } : block
  )
}

const itemsOf = (text: string, isStream: boolean): Array<Wild> =>
  isStream
    ? dataOf(text).find(({ type }) => type === "response.completed")!.response.output
    : JSON.parse(text).output

const question = { role: "user", content: "How is the weather?" }

/** Both clients that are translated: their first requests, and how they continue. */
const clients = {
  messages: {
    path: "/v1/messages",
    first: (more: object = {}) => ({
      max_tokens: 4000,
      thinking: { type: "enabled", budget_tokens: 2000 },
      messages: [question],
      ...more
    }),
    next: (text: string, isStream: boolean) => {
      const content = blocksOf(text, isStream)
      const results = content.flatMap(({ id, type }) =>
        type === "tool_use" ? [{ type: "tool_result", tool_use_id: id, content: "sunny" }] : []
      )
      return { messages: [question, { role: "assistant", content }, { role: "user", content: results }] }
    }
  },
  responses: {
    path: "/v1/responses",
    first: (more: object = {}) => ({
      input: [question],
      store: false,
      include: ["reasoning.encrypted_content"],
      ...more
    }),
    next: (text: string, isStream: boolean) => {
      const output = itemsOf(text, isStream)
      const results = output.flatMap(({ call_id, type }) =>
        type === "function_call" ? [{ type: "function_call_output", call_id, output: "sunny" }] : []
      )
      return { input: [question, ...output, ...results] }
    }
  }
} as const

type ClientName = keyof typeof clients

const gateway = (servers: Readonly<Record<string, FaultServer.FaultServer>>, more: object = {}) =>
  start({
    providers: Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [
        name,
        { ...provider(name.startsWith("claude") ? "anthropic" : "openai", server), responses: false }
      ])
    ),
    policy,
    ...more
  })

/** A first turn, and the second one as its client sends it. Returns the request that the server received then. */
const twoTurns = (
  client: ClientName,
  isStream: boolean,
  said: Said,
  options: {
    readonly more?: object
    readonly model?: string
    readonly isRestarted?: boolean
    readonly change?: (text: string) => string
  } = {}
) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make
    server.play(
      isStream ? FaultServer.sse(events(said)) : FaultServer.json(whole(said)),
      FaultServer.json(whole({ text: "Sunny." }))
    )
    const { first, next, path } = clients[client]
    const model = options.model ?? "a/deepseek-v4"
    const url = yield* gateway({ a: server })
    const body = { model, stream: isStream, ...first(options.more) }
    const got = yield* ask(`${url}${path}`, { body })
    assert.strictEqual(got.status, 200, got.text)
    const other = options.isRestarted === true ? yield* gateway({ a: server }) : url
    const second = JSON.stringify({ ...body, stream: false, ...next(got.text, isStream) })
    const then = yield* ask(`${other}${path}`, { body: options.change?.(second) ?? second })
    assert.strictEqual(then.status, 200, then.text)
    const asked = JSON.parse(server.requests[1]?.body ?? "{}")
    return { first: got.text, second, asked, messages: asked.messages as Array<Wild> }
  })

const assistant = (messages: ReadonlyArray<Wild>) => messages.find(({ role }) => role === "assistant")!

const signature = (length: number, seed = 1) =>
  Buffer.from(Array.from({ length }, (_, at) => (at * at * 31 + at * seed) % 251)).toString("base64")

const google = (length: number, seed?: number) => ({
  extra_content: { google: { thought_signature: signature(length, seed) } }
})

for (const client of ["messages", "responses"] as const) {
  for (const isStream of [false, true]) {
    describe(`to a client of ${client}, ${isStream ? "in a stream" : "whole"}, what a model left is sent back to it:`, () => {
      it.live("its thoughts, with the call they led to", () =>
        Effect.gen(function* () {
          const said = {
            members: { reasoning_content: "I need the weather." },
            calls: [{ name: "weather" }]
          }
          for (const isRestarted of [false, true]) {
            const { messages } = yield* twoTurns(client, isStream, said, { isRestarted })
            assert.strictEqual(assistant(messages).reasoning_content, "I need the weather.")
            assert.strictEqual(assistant(messages).tool_calls[0].id, "call_weather0")
            assert.strictEqual(messages.at(-1)!.tool_call_id, "call_weather0")
          }
        })
      )

      it.live("thoughts of any letters, and of 100 KB", () =>
        Effect.gen(function* () {
          for (const thought of ["  漢字 🦊 \n\té\u2028  ", "Let me think about it… ".repeat(4600)]) {
            const said = { members: { reasoning: thought }, calls: [{ name: "weather" }] }
            const { messages } = yield* twoTurns(client, isStream, said, { isRestarted: true })
            assert.strictEqual(assistant(messages).reasoning, thought)
          }
        })
      )

      it.live("the fields of each of several calls", () =>
        Effect.gen(function* () {
          const [one, two] = [google(200, 3), google(2500, 5)]
          const calls = [{ name: "weather", members: one }, { name: "time", members: two }, { name: "date" }]
          const { first, messages } = yield* twoTurns(
            client,
            isStream,
            { calls },
            { model: "a/gemini-3-pro", isRestarted: true }
          )
          const called = assistant(messages).tool_calls
          assert.deepStrictEqual(
            called.map(({ extra_content }: Wild) => extra_content),
            [one.extra_content, two.extra_content, undefined]
          )
          assert.deepStrictEqual(
            called.map(({ function: { arguments: json } }: Wild) => JSON.parse(json)),
            [{ at: 0 }, { at: 1 }, { at: 2 }]
          )
          assert.deepStrictEqual(
            messages.filter(({ role }) => role === "tool").map(({ tool_call_id }) => tool_call_id),
            called.map(({ id }: Wild) => id)
          )
          const ids = first.match(/"(?:id|call_id)":"call_[^"]*"/g) ?? []
          assert.isAtLeast(ids.length, 3)
          for (const id of ids) assert.match(id, /:"[a-zA-Z0-9_-]{1,16384}"$/)
          assert.notInclude(first, signature(200, 3))
        })
      )

      it.live("OpenRouter's details, as they were", () =>
        Effect.gen(function* () {
          const details = [
            { type: "reasoning.text", text: "I need it.", format: "google-gemini-v1", index: 0 },
            {
              type: "reasoning.encrypted",
              data: signature(300),
              id: "t1",
              format: "google-gemini-v1",
              index: 1
            }
          ]
          const said = {
            members: { reasoning: "I need it.", reasoning_details: details },
            calls: [{ name: "weather" }]
          }
          const { messages } = yield* twoTurns(client, isStream, said, { model: "a/google/gemini-3-pro" })
          assert.deepStrictEqual(assistant(messages).reasoning_details, details)
        })
      )

      it.live("not if it was modified", () =>
        Effect.gen(function* () {
          const said = {
            members: { reasoning_content: "I need the weather." },
            calls: [{ name: "weather", members: google(90) }]
          }
          const { messages } = yield* twoTurns(client, isStream, said, {
            model: "a/gemini-3-pro",
            change: (text) => text.replaceAll(/(efc1_.{30})./g, (_, head) => `${head}!`).replaceAll("!", "A")
          })
          const { reasoning_content, tool_calls } = assistant(messages)
          // One letter in 64 was an A before.
          assert.isTrue(reasoning_content === undefined || tool_calls[0].extra_content === undefined)
          assert.notInclude(JSON.stringify(messages), "efc1_")
        })
      )

      it.live("and to no other target", () =>
        Effect.gen(function* () {
          const [a, b, claude] = [yield* FaultServer.make, yield* FaultServer.make, yield* FaultServer.make]
          const said = {
            members: { reasoning_content: "I need the weather." },
            calls: [{ name: "weather", members: google(90) }]
          }
          a.play(
            isStream ? FaultServer.sse(events(said)) : FaultServer.json(whole(said)),
            FaultServer.json(whole({ text: "Sunny." }))
          )
          b.play(FaultServer.json(openai.answer))
          claude.play(FaultServer.json(anthropic.answer))
          const url = yield* gateway({ a, b, claude })
          const { first, next, path } = clients[client]
          const got = yield* ask(`${url}${path}`, {
            body: { model: "a/gemini-3-pro", stream: isStream, ...first() }
          })
          for (const [server, model] of [
            [b, "b/gemini-3-pro"],
            [a, "a/deepseek-v4"],
            [claude, "claude/claude-opus-4-6"]
          ] as const) {
            const body = { ...first(), ...next(got.text, isStream), model }
            const then = yield* ask(`${url}${path}`, { body })
            assert.strictEqual(then.status, 200, then.text)
            const sent = server.requests.at(-1)?.body ?? ""
            assert.notInclude(sent, "I need the weather.")
            assert.notInclude(sent, "efc1_")
            assert.notInclude(sent, "thought_signature")
            assert.include(sent, "call_weather0")
          }
        })
      )
    })
  }
}

describe("a client of messages that requested no thoughts", () => {
  for (const isStream of [false, true]) {
    it.live(
      `carries them with the first call ${isStream ? "of a stream" : "of an answer"}, and what is too long is kept`,
      () =>
        Effect.gen(function* () {
          for (const [thought, isRestarted] of [
            ["I need the weather.", true],
            [signature(100_000), false]
          ] as const) {
            const said = {
              members: { reasoning_content: thought },
              calls: [{ name: "weather" }, { name: "time" }]
            }
            const more = { thinking: undefined }
            const { first, messages } = yield* twoTurns("messages", isStream, said, { more, isRestarted })
            assert.notInclude(first, '"thinking"')
            assert.strictEqual(assistant(messages).reasoning_content, thought)
            assert.strictEqual(assistant(messages).tool_calls[0].id, "call_weather0")
          }
        })
    )

    it.live(`or hides them carries them without showing them${isStream ? " in a stream" : ""}`, () =>
      Effect.gen(function* () {
        const said = { members: { reasoning_content: "I need the weather." }, calls: [{ name: "weather" }] }
        const more = { thinking: { type: "adaptive", display: "omitted" } }
        const { first, messages } = yield* twoTurns("messages", isStream, said, { more, isRestarted: true })
        assert.notInclude(first, "I need the weather.")
        assert.strictEqual(assistant(messages).reasoning_content, "I need the weather.")
      })
    )
  }
})

describe("a conversation that began elsewhere", () => {
  const unsigned = {
    messages: [
      question,
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "I need the weather.", signature: "" },
          { type: "tool_use", id: "toolu_1", name: "weather", input: {} }
        ]
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny" }] }
    ]
  }
  const send = (model: string, body: object, path = "/v1/messages") =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(whole({ text: "Sunny." })))
      const url = yield* gateway({ a: server })
      const got = yield* ask(`${url}${path}`, { body: { model, max_tokens: 100, ...body } })
      assert.strictEqual(got.status, 200, got.text)
      return assistant(JSON.parse(server.requests[0]?.body ?? "{}").messages)
    })

  it.live("sends unsigned thoughts to a server that requires them", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* send("a/deepseek-v4", unsigned)).reasoning_content, "I need the weather.")
      assert.notProperty(yield* send("a/gpt-5.2", unsigned), "reasoning_content")
      const input = [
        question,
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "I need the weather." }] },
        { type: "function_call", call_id: "call_1", name: "weather", arguments: "{}" },
        { type: "function_call_output", call_id: "call_1", output: "sunny" }
      ]
      const sent = yield* send("a/deepseek-v4", { input, max_tokens: undefined }, "/v1/responses")
      assert.strictEqual(sent.reasoning_content, "I need the weather.")
    })
  )

  it.live("does not give a signature of Anthropic's to others, and DeepSeek a blank thought behind it", () =>
    Effect.gen(function* () {
      const text = JSON.stringify(unsigned).replace('"signature":""', '"signature":"EqQBCkYIAxgCKkA"')
      assert.strictEqual((yield* send("a/deepseek-v4", JSON.parse(text))).reasoning_content, " ")
      assert.notProperty(yield* send("a/other", JSON.parse(text)), "reasoning_content")
    })
  )
})

/** What a client of chats sends back of an answer besides its calls. OpenCode leaves out the signature of a thought. */
const givenBack = [
  ["nothing but its calls", false, { content: null }],
  ["nothing but its calls, from a stream", true, { content: null }],
  [
    "the text and a thought without its signature",
    false,
    { content: "So.", reasoning_content: "I need it." }
  ],
  ["the same, from a stream", true, { content: "So.", reasoning_content: "I need it." }]
] as const

describe("Claude gets its signed thoughts again, before all else, from a client of chats that gives back", () => {
  for (const [what, isStream, returned] of givenBack) {
    it.live(what, () =>
      Effect.gen(function* () {
        const claude = yield* FaultServer.make
        const content = [
          { type: "thinking", thinking: "I need it.", signature: "EqQBCkYI" },
          { type: "redacted_thinking", data: "b3BhcXVl" },
          { type: "tool_use", id: "toolu_1", name: "weather", input: {} }
        ]
        const event = (type: string, more: object) =>
          `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
        const block = (index: number, start: object, ...deltas: ReadonlyArray<object>) => [
          event("content_block_start", { index, content_block: start }),
          ...deltas.map((delta) => event("content_block_delta", { index, delta })),
          event("content_block_stop", { index })
        ]
        const stream = [
          event("message_start", { message: { id: "m", role: "assistant", content: [], usage: {} } }),
          ...block(
            0,
            { type: "thinking", thinking: "", signature: "" },
            { type: "thinking_delta", thinking: "I need " },
            { type: "thinking_delta", thinking: "it." },
            { type: "signature_delta", signature: "EqQBCkYI" }
          ),
          ...block(1, content[1]!),
          ...block(2, { ...content[2] }, { type: "input_json_delta", partial_json: "{}" }),
          event("message_delta", { delta: { stop_reason: "tool_use" }, usage: {} }),
          event("message_stop", {})
        ]
        claude.play(
          isStream
            ? FaultServer.sse(stream)
            : FaultServer.json({ id: "m", role: "assistant", content, stop_reason: "tool_use" }),
          FaultServer.json(anthropic.answer)
        )
        const url = yield* gateway({ claude })
        const asked = {
          model: "claude/claude-opus-4-6",
          reasoning_effort: "high",
          messages: [question],
          tools: [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }]
        }
        const first = yield* ask(`${url}/v1/chat/completions`, { body: { ...asked, stream: isStream } })
        assert.strictEqual(first.status, 200, first.text)
        const { id } = isStream
          ? dataOf(first.text).find(({ choices }) => choices[0]?.delta.tool_calls !== undefined)!.choices[0]
              .delta.tool_calls[0]
          : JSON.parse(first.text).choices[0].message.tool_calls[0]
        assert.match(id, /^toolu_1_[a-zA-Z0-9_-]+$/)
        const messages = [
          question,
          {
            role: "assistant",
            ...returned,
            tool_calls: [{ id, type: "function", function: { name: "weather", arguments: "{}" } }]
          },
          { role: "tool", tool_call_id: id, content: "sunny" }
        ]
        const second = yield* ask(`${url}/v1/chat/completions`, { body: { ...asked, messages } })
        assert.strictEqual(second.status, 200, second.text)
        const sent = JSON.parse(claude.requests[1]?.body ?? "").messages
        const text = returned.content === null ? [] : [{ type: "text", text: returned.content }]
        assert.deepStrictEqual(sent[1].content, [...content.slice(0, 2), ...text, ...content.slice(2)])
        assert.strictEqual(sent[2].content[0].tool_use_id, "toolu_1")
        assert.isUndefined(second.headers["x-failover-dropped"])
      })
    )
  }
})

describe("a server that refuses thoughts under any name", () => {
  it.live("is not given the ones it had", () =>
    Effect.gen(function* () {
      const groq = yield* FaultServer.make
      const said = { members: { reasoning: "I need the weather." }, calls: [{ name: "weather" }] }
      groq.play(FaultServer.json(whole(said)), FaultServer.json(whole({ text: "Sunny." })))
      const url = yield* gateway({ groq })
      const { first, next, path } = clients.messages
      const body = { model: "groq/qwen3-32b", ...first() }
      const got = yield* ask(`${url}${path}`, { body })
      const then = yield* ask(`${url}${path}`, { body: { ...body, ...next(got.text, false) } })
      assert.strictEqual(then.status, 200, then.text)
      assert.notInclude(groq.requests[1]?.body, "I need the weather.")
      assert.include(groq.requests[1]?.body, "call_weather0")
    })
  )
})
