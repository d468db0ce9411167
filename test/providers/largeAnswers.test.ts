/** Large whole answers, in any form, are judged in turns of the event loop, in a time that grows only with their size. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JudgeWhole from "../../src/providers/answers/JudgeWhole.ts"
import { finding } from "../../src/providers/answers/WholeAnswer.ts"
import { chats } from "../../src/providers/forms/Chats.ts"
import { messages } from "../../src/providers/forms/Messages.ts"
import { protocol } from "../../src/providers/protocols/OpenAiProtocol.ts"
import * as Secrets from "../../src/redaction/Secrets.ts"
import * as Turns from "../../src/util/Turns.ts"
import { target } from "../support/bench.ts"

const openAi = protocol("bearer")
const meanings = () => ({ complete: true, content: true, last: false, alive: true })
const find = (events: ReadonlyArray<string>, forms = chats) =>
  Turns.all(
    finding(Buffer.from(events.join("")), "text/event-stream", forms, meanings as never, 64 * 1024 * 1024)
  )

/** The answer that was found; copied through a text, so that the tests can read any member. */
const jsonOf = (found: ReturnType<typeof find>) =>
  JSON.parse(JSON.stringify(found?._tag === "Whole" ? found.json : undefined))

const event = (json: unknown) => `data: ${JSON.stringify(json)}\n\n`
const delta = (delta: unknown) => event({ choices: [{ index: 0, delta }] })

describe("a large answer", () => {
  it.live("is judged in turns", () =>
    Effect.gen(function* () {
      let turns = 0
      const count = () => {
        turns++
        ticking = setImmediate(count)
      }
      let ticking = setImmediate(count)
      const message = { role: "assistant", content: "a".repeat(20_000_000) }
      const body = Buffer.from(JSON.stringify({ choices: [{ index: 0, finish_reason: "stop", message }] }))
      const operation = openAi.operations["chat/completions"]
      const exchange = {
        target: target("m"),
        secrets: Secrets.make(["sk-0123456789abcdef"]),
        own: undefined,
        asked: {}
      }
      const whole = { status: 200, headers: { "content-type": "application/json" }, body }
      const answer = yield* JudgeWhole.judge(openAi, operation, exchange, whole, body.length)
      clearImmediate(ticking)
      assert.isAtLeast(turns, 20_000_000 / 2 ** 21)
      assert.isTrue(JSON.stringify(answer.json) === body.toString())
    })
  )

  it("that came as events has each call, piece and citation once, in a time that grows with their number", () => {
    const calls = Array.from({ length: 40_000 }, (_, index) =>
      delta({
        tool_calls: [{ index, id: `c${index}`, function: { name: "f", arguments: "{}" } }],
        refs: [{ n: index }]
      })
    )
    const startedAt = process.cpuUsage()
    const found = find(calls)
    const { refs, tool_calls } = jsonOf(found).choices[0].message
    assert.strictEqual(tool_calls.length, 40_000)
    assert.strictEqual(tool_calls[39_999].id, "c39999")
    assert.strictEqual(refs.length, 40_000)
    const citations = Array.from({ length: 40_000 }, (_, n) =>
      event({ type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation: { n } } })
    )
    const cited = find([event({ type: "message_start", message: {} }), ...citations], messages)
    assert.strictEqual(jsonOf(cited).content[0].citations.length, 40_000)
    // Copying for each of them took 22 seconds.
    assert.isBelow(process.cpuUsage(startedAt).user / 1000, 3_000)
  })

  it("that came as events is not looked through where one of them has too many values", () => {
    const startedAt = process.cpuUsage()
    assert.isUndefined(find([`data: ${"[".repeat(2_000_000)}\n\n`]))
    assert.isUndefined(find([delta({ content: "x" }), `data: {"z":[${"{},".repeat(2_000_000)}{}]}\n\n`]))
    const json = `{"k":${"[[],".repeat(500)}1${"]".repeat(500)}}`
    assert.isUndefined(find(Array.from({ length: 10_000 }, () => `data: ${json}\n\n`)))
    assert.isBelow(process.cpuUsage(startedAt).user / 1000, 10_000)
  })

  it("has the arguments of a call in pieces, in a time that grows with their length", () => {
    const count = 20_000
    for (const [isNamed, isIndexed] of [
      [false, true],
      [true, true],
      [false, false]
    ]) {
      const pieces = Array.from({ length: count }, (_, at) => {
        const called = {
          ...((isNamed || at === 0) && { name: "f" }),
          arguments: at === 0 ? '{"a":["x"' : ',"abcdefg"'
        }
        return { choices: [{ delta: { tool_calls: [{ index: isIndexed ? 0 : at, function: called }] } }] }
      })
      const startedAt = process.cpuUsage()
      const whole = JSON.stringify(chats.toWhole(pieces, true))
      const { user } = process.cpuUsage(startedAt)
      assert.strictEqual(whole.split("abcdefg").length, count)
      assert.isBelow(user / 1_000, 1_500)
    }
  })

  it("has a long text in the arguments of a call, one character in each piece, in a time that grows with their length", () => {
    const count = 200_000
    const pieces = Array.from({ length: count }, (_, at) => ({
      choices: [
        {
          delta: { tool_calls: [{ index: 0, function: { arguments: at === 0 ? '{"a":"' : "}ab"[at % 3] } }] }
        }
      ]
    }))
    const startedAt = process.cpuUsage()
    const whole = JSON.stringify(chats.toWhole(pieces, true))
    const { user } = process.cpuUsage(startedAt)
    assert.isAbove(whole.length, count)
    // A look at the end of all arguments with each piece took 4 seconds.
    assert.isBelow(user / 1_000, 1_500)
  })

  it("has the pieces of a call behind many blocks, in a time that grows with their number", () => {
    const count = 40_000
    const start = (index: number, content_block: object) => ({
      type: "content_block_start",
      index,
      content_block
    })
    const piece = (index: number) => ({
      type: "content_block_delta",
      index,
      delta: { type: "input_json_delta", partial_json: index === 0 ? '{"a":1' : " " }
    })
    const events = [
      { type: "message_start", message: {} },
      start(count, { type: "tool_use", id: "c", name: "f" }),
      ...Array.from({ length: count }, (_, index) => start(index, { type: "text", text: "" })),
      ...Array.from({ length: count }, (_, index) => piece(index)),
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "}" } }
    ]
    const startedAt = process.cpuUsage()
    const whole = JSON.parse(JSON.stringify(messages.toWhole(events, false)))
    const { user } = process.cpuUsage(startedAt)
    assert.deepStrictEqual(whole.content[0].input, { a: 1 })
    assert.isBelow(user / 1_000, 1_500)
  })
})
