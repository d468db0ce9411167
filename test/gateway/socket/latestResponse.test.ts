import { assert, describe, it } from "@effect/vitest"
import { LatestResponse } from "../../../src/gateway/socket/LatestResponse.ts"

const message = (text: string, more: object = {}) => ({
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text }],
  ...more
})

describe("the latest response of a connection", () => {
  it("is measured without writing it, which takes long", () => {
    let writes = 0
    const output = [message("hello", { toJSON: () => writes++ })]
    const budget = { left: 10_000 }
    const latest = new LatestResponse(budget)
    latest.keep({ input: "hi" }, { id: "resp_1", output })
    assert.strictEqual(writes, 0)
    assert.isBelow(budget.left, 10_000 - 50)
    assert.deepStrictEqual(latest.complete({ previous_response_id: "resp_1" }).input, [
      { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
      ...output
    ])
    latest.forget()
    assert.strictEqual(budget.left, 10_000)
  })

  it("is not kept if it is larger than what is left", () => {
    const budget = { left: 1_000 }
    const latest = new LatestResponse(budget)
    latest.keep({ input: "hi" }, { id: "resp_1", output: [message("x".repeat(2_000))] })
    assert.strictEqual(budget.left, 1_000)
    const next = { previous_response_id: "resp_1", input: "more" }
    assert.strictEqual(latest.complete(next), next)
  })
})
