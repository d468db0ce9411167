/** Answers inside of something else, or sent twice: the content counts, and not its envelope. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { messageEvents } from "../../support/conversations.ts"
import { chunk, completion, dataOf, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]
const callers = {
  chats: ["/v1/chat/completions", { messages: hi }],
  messages: ["/v1/messages", { messages: hi, max_tokens: 9 }],
  responses: ["/v1/responses", { input: "hi" }]
} as const

const all = completion({ content: "all of it" })
const claudes = message([{ type: "text", text: "all of it" }])

/** What a caller reads, whole or from a stream; chats ignore what is not in a delta. */
const heard = (text: string, stream: boolean): string => {
  if (!stream) {
    const json = JSON.parse(text)
    return json.choices?.[0].message.content ?? json.content?.[0].text ?? json.output?.[0].content[0].text
  }
  return dataOf(text)
    .map(({ choices, delta, type }) => {
      if (choices !== undefined) return choices[0]?.delta?.content ?? ""
      return type === "response.output_text.delta" ? delta : (delta?.text ?? "")
    })
    .join("")
}

interface Case {
  readonly protocol: "openai" | "anthropic"
  readonly reply: Reply
  /** Only if a whole answer was requested. */
  readonly isWholeOnly?: boolean
}

const cases: Readonly<Record<string, Case>> = {
  "in an envelope with a code": {
    protocol: "openai",
    reply: { json: { code: 0, message: "success", data: all } }
  },
  "in Cloudflare's envelope": {
    protocol: "openai",
    reply: { json: { result: all, success: true, errors: [], messages: [] } }
  },
  "in the answer of an AWS Lambda": {
    protocol: "openai",
    reply: { json: { statusCode: 200, headers: {}, body: JSON.stringify(all) } }
  },
  "in a JSON text": {
    protocol: "openai",
    reply: { text: JSON.stringify(JSON.stringify(all)) },
    isWholeOnly: true
  },
  "of Claude in an envelope": { protocol: "anthropic", reply: { json: { code: 200, data: claudes } } },
  "with the whole message once more at its end": {
    protocol: "openai",
    reply: {
      events: [
        chunk({ role: "assistant", content: "all " }),
        chunk({ content: "of it" }),
        { ...all, object: "chat.completion.done" },
        "[DONE]"
      ]
    }
  },
  "with the whole message beside a delta of null at its end": {
    protocol: "openai",
    reply: {
      events: [
        chunk({ role: "assistant", content: "all of it" }),
        {
          ...chunk({}),
          choices: [{ index: 0, delta: null, message: { content: "all of it" }, finish_reason: "stop" }]
        },
        "[DONE]"
      ]
    }
  },
  "with the message so far beside each delta": {
    protocol: "openai",
    reply: {
      events: [
        { ...chunk({}), choices: [{ index: 0, delta: { content: "all " }, message: { content: "all " } }] },
        {
          ...chunk({}),
          choices: [{ index: 0, delta: { content: "of it" }, message: { content: "all of it" } }]
        },
        {
          ...chunk({}, "stop"),
          choices: [{ index: 0, delta: {}, message: { content: "all of it" }, finish_reason: "stop" }]
        },
        "[DONE]"
      ]
    }
  }
}

describe("an answer", () => {
  for (const [what, { isWholeOnly = false, protocol, reply }] of Object.entries(cases)) {
    for (const [caller, [path, body]] of Object.entries(callers)) {
      for (const stream of isWholeOnly ? [false] : [false, true]) {
        it.live(
          `${what} reaches a caller of ${caller}${stream ? ", streamed" : ""}, and nothing is benched`,
          () =>
            Effect.gen(function* () {
              const { post, seen } = yield* stage(
                {
                  one: { protocol, reply: () => reply },
                  two: { protocol: "openai", reply: () => ({ json: completion({ content: "not asked" }) }) }
                },
                { models: { smart: ["one/m", "two/m"] } }
              )
              for (let turn = 1; turn <= 2; turn++) {
                const got = yield* post(path, { ...body, model: "smart", stream })
                assert.strictEqual(got.status, 200, got.text)
                assert.strictEqual(heard(got.text, stream), "all of it", got.text)
                assert.strictEqual(seen.one!.length, turn)
              }
              assert.strictEqual(seen.two!.length, 0)
            })
        )
      }
    }
  }

  /** An event whose type is only in its name. */
  const nameless = messageEvents([
    { type: "text", text: "all of it" },
    { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } }
  ])
    .map(({ type, ...data }) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
    .join("")

  for (const [caller, [path, body]] of Object.entries(callers)) {
    for (const stream of [false, true]) {
      it.live(
        `whose events say their type only in their name reaches a caller of ${caller}${stream ? ", streamed" : ""}`,
        () =>
          Effect.gen(function* () {
            const { post } = yield* stage({
              relay: { protocol: "anthropic", reply: () => ({ text: nameless, type: "text/event-stream" }) }
            })
            const got = yield* post(path, { ...body, model: "relay/m", stream })
            assert.strictEqual(got.status, 200, got.text)
            assert.strictEqual(heard(got.text, stream), "all of it", got.text)
            assert.include(got.text, "Oslo")
          })
      )
    }
  }

  it.live("in an envelope that has an error, or no content, is not an answer", () =>
    Effect.gen(function* () {
      const bodies: ReadonlyArray<Json> = [
        { code: 429, message: "too many requests", data: null },
        { result: null, success: false, errors: [{ code: 5007, message: "no such model" }] },
        { statusCode: 503, body: JSON.stringify({ error: { message: "overloaded", type: "server_error" } }) },
        { code: 0, message: "success", data: completion({ content: "" }) }
      ]
      for (const json of bodies) {
        for (const stream of [false, true]) {
          const { post, seen } = yield* stage(
            {
              one: { protocol: "openai", reply: () => ({ json }) },
              two: {
                protocol: "openai",
                reply: () =>
                  stream
                    ? { events: [chunk({ content: "all of it" }), chunk({}, "stop"), "[DONE]"] }
                    : { json: all }
              }
            },
            { models: { smart: ["one/m", "two/m"] } }
          )
          const got = yield* post("/v1/chat/completions", { messages: hi, model: "smart", stream })
          assert.strictEqual(got.status, 200, got.text)
          assert.strictEqual(heard(got.text, stream), "all of it", got.text)
          assert.strictEqual(seen.two!.length, 1)
        }
      }
    })
  )
})

describe("how an answer ended is judged by its calls", () => {
  const call = { id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }
  const use = { type: "tool_use", id: "toolu_1", name: "weather", input: {} }

  const endings: Readonly<
    Record<string, readonly ["openai" | "anthropic", whole: Reply, streamed: Reply, hasCalls: boolean]>
  > = {
    "a message with a call that only ends": [
      "anthropic",
      { json: message([use], "end_turn") },
      { events: messageEvents([use], "end_turn") },
      true
    ],
    "a chat with a call that only ends": [
      "openai",
      { json: completion({ content: null, tool_calls: [call] }, "stop") },
      { events: [chunk({ tool_calls: [{ index: 0, ...call }] }), chunk({}, "stop"), "[DONE]"] },
      true
    ],
    "a chat without the calls it ends with": [
      "openai",
      { json: completion({ content: "all of it" }, "tool_calls") },
      { events: [chunk({ content: "all of it" }), chunk({}, "tool_calls"), "[DONE]"] },
      false
    ]
  }

  for (const [what, [protocol, whole, streamed, hasCalls]] of Object.entries(endings)) {
    for (const stream of [false, true]) {
      it.live(`${what}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const { post } = yield* stage({ p: { protocol, reply: () => (stream ? streamed : whole) } })
          const [path, body] = protocol === "openai" ? callers.messages : callers.chats
          const got = yield* post(path, { ...body, model: "p/m", stream })
          const events = stream ? dataOf(got.text) : [JSON.parse(got.text)]
          const reasons = events.map(
            ({ choices, delta, stop_reason }) =>
              choices?.[0]?.finish_reason ?? stop_reason ?? delta?.stop_reason
          )
          const expected =
            protocol === "openai" ? (hasCalls ? "tool_use" : "end_turn") : hasCalls ? "tool_calls" : "stop"
          assert.strictEqual(
            reasons.findLast((reason) => typeof reason === "string"),
            expected,
            got.text
          )
        })
      )
    }
  }
})
