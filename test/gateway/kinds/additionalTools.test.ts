/** Codex sends the tools of its newer models as an item of the input, most of them in the namespace `functions`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { messageOf, said } from "../../support/conversations.ts"
import { ask } from "../../support/gateway.ts"
import { chunk, completion, type Json, type Reply, stage } from "../../support/kinds.ts"

// Codex 0.171 with `model = "gpt-6.2-sol"`; words are made up
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
const fn = (name: string) => ({ type: "function", name, description: name, strict: false, parameters: city })
const space = (name: string, tools: ReadonlyArray<object>) => ({
  type: "namespace",
  name,
  description: "",
  tools
})
const exec = { type: "custom", name: "exec", description: "Runs code", format: { type: "text" } }
const added = (...tools: ReadonlyArray<object>) => ({
  type: "additional_tools",
  id: "at_1",
  role: "developer",
  tools
})
const first = added(space("functions", [exec, fn("wait")]), space("clock", [fn("sleep")]))
const question = {
  type: "message",
  id: "msg_1",
  role: "user",
  content: [{ type: "input_text", text: "Go." }]
}

const code = JSON.stringify({ input: "text(1)" })

/** The model runs code, then sleeps, then is done. */
const chats = (stream: boolean, turn: number): Reply => {
  if (turn === 2) return said(stream, "done")
  const name = turn === 0 ? "exec" : "clock__sleep"
  const args = turn === 0 ? code : `{"city":"Oslo"}`
  const call = { id: `call_${turn}`, type: "function", function: { name, arguments: args } }
  return stream
    ? { events: [chunk({ tool_calls: [{ index: 0, ...call }] }), chunk({}, "tool_calls"), "[DONE]"] }
    : { json: completion({ content: null, tool_calls: [call] }, "tool_calls") }
}

const messages = (stream: boolean, turn: number): Reply => {
  if (turn === 2) return messageOf(stream, [{ type: "text", text: "done" }])
  const name = turn === 0 ? "exec" : "clock__sleep"
  const input = turn === 0 ? { input: "text(1)" } : { city: "Oslo" }
  return messageOf(stream, [{ type: "tool_use", id: `toolu_${turn}`, name, input }], "tool_use")
}

const outputOf = (text: string, stream: boolean): Array<Json> => {
  if (!stream) return JSON.parse(text).output
  const last = text
    .split("\n")
    .findLast((line) => line.startsWith("data: {") && line.includes("response.completed"))
  return JSON.parse(last!.slice(6)).response.output
}

const namesOf = ({ tools }: Json): ReadonlyArray<string> =>
  tools.map((tool: Json) => tool.function?.name ?? tool.name)

for (const stream of [false, true]) {
  describe(`tools in the input of a response${stream ? ", streamed" : ""}`, () => {
    for (const [protocol, reply] of [
      ["openai", chats],
      ["anthropic", messages]
    ] as const) {
      it.live(`are called by models of the protocol ${protocol}`, () =>
        Effect.gen(function* () {
          const { seen, url } = yield* stage({
            up: {
              protocol,
              ...(protocol === "openai" && { more: { responses: false } }),
              reply: (_, at) => reply(stream, at - 1)
            }
          })
          const input: Array<Json> = [first, question]
          const turn = Effect.fnUntraced(function* () {
            const body = { model: "up/m", input, stream, store: false }
            const { status, text } = yield* ask(`${url}/v1/responses`, { body })
            assert.strictEqual(status, 200, text)
            const output = outputOf(text, stream)
            input.push(...output)
            return output.at(-1)!
          })
          const ran = yield* turn()
          assert.deepInclude(ran, { type: "custom_tool_call", name: "exec", input: "text(1)" })
          assert.isUndefined(ran.namespace)
          input.push({ type: "custom_tool_call_output", call_id: ran.call_id, output: "1" })
          const slept = yield* turn()
          assert.deepInclude(slept, { type: "function_call", name: "sleep", namespace: "clock" })
          input.push({ type: "function_call_output", call_id: slept.call_id, output: "ok" })
          // The tools of a later item count from then on. Each name counts once.
          input.push(added(space("functions", [exec, fn("wait")]), space("clock", [fn("sleep"), fn("time")])))
          yield* turn()
          assert.deepStrictEqual(namesOf(seen.up![0]!.body), ["exec", "wait", "clock__sleep"])
          assert.deepStrictEqual(namesOf(seen.up![2]!.body), ["exec", "wait", "clock__sleep", "clock__time"])
        })
      )
    }
  })
}
