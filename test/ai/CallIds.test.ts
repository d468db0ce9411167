/** Conversations that repeat the id of a tool call: every result stays with its own call. */
import { assert, describe, it } from "@effect/vitest"
import * as Prompt from "effect/ai/Prompt"
import * as Result from "effect/Result"
import { fromPrompt } from "../../src/ai/wire/Turns.ts"

const call = (id: string, city: string) =>
  Prompt.toolCallPart({ id, name: "weather", params: { city }, providerExecuted: false })

const result = (id: string, city: string) =>
  Prompt.toolResultPart({ id, name: "weather", result: city, isFailure: false, providerExecuted: false })

const assistant = (...content: ReadonlyArray<Prompt.ToolCallPart>) => Prompt.assistantMessage({ content })
const tools = (...content: ReadonlyArray<Prompt.ToolResultPart>) => Prompt.toolMessage({ content })
const user = (text: string) => Prompt.userMessage({ content: [Prompt.textPart({ text })] })

/** The id of the call for each city, and the id of its result. */
const paired = (...messages: ReadonlyArray<Prompt.Message>) => {
  const { turns } = Result.getOrThrow(fromPrompt(Prompt.fromMessages([user("hi"), ...messages])))
  const calls = new Map<string, string>()
  const results = new Map<string, string>()
  for (const turn of turns) {
    if (turn.role === "system") continue
    for (const part of turn.parts) {
      if (part.type === "call") calls.set(JSON.parse(part.arguments).city, part.id)
      if (part.type !== "result") continue
      const [said] = part.parts
      results.set(said?.type === "text" ? said.text : "", part.id)
    }
  }
  return { calls, results }
}

/** Asserts that every call has its own id, and that the result for each city has the id of its call. */
const fits = ({ calls, results }: ReturnType<typeof paired>) => {
  assert.strictEqual(new Set(calls.values()).size, calls.size)
  for (const [city, id] of results) assert.strictEqual(id, calls.get(city), city)
}

describe("a conversation that repeats the id of a call", () => {
  it("pairs a result with the call of the preceding answer, even if an earlier call got no result", () => {
    fits(
      paired(
        assistant(call("call_0", "Oslo")),
        user("never mind"),
        assistant(call("call_0", "Rome")),
        tools(result("call_0", "Rome"))
      )
    )
  })

  it("pairs the results of the calls of one answer in order, even over several messages", () => {
    fits(
      paired(
        assistant(call("call_0", "Oslo")),
        assistant(call("call_0", "Rome")),
        tools(result("call_0", "Oslo")),
        tools(result("call_0", "Rome")),
        assistant(call("call_0", "Bern"), call("call_0", "Riga")),
        tools(result("call_0", "Bern"), result("call_0", "Riga"))
      )
    )
  })

  it("gives every call its own id", () => {
    const conversation = [
      assistant(call("a", "Oslo"), call("a", "Rome"), call("a_2", "Bern")),
      tools(result("a", "Oslo"), result("a", "Rome"), result("a_2", "Bern"))
    ]
    fits(paired(...conversation))
    fits(
      paired(
        assistant(call("a_2", "Oslo"), call("a", "Rome"), call("a", "Bern")),
        tools(result("a_2", "Oslo"), result("a", "Rome"), result("a", "Bern"))
      )
    )
  })

  it("keeps an id that is not repeated", () => {
    const { calls, results } = paired(assistant(call("x", "Oslo")), tools(result("x", "Oslo")))
    assert.deepStrictEqual([...calls.values(), ...results.values()], ["x", "x"])
  })
})
