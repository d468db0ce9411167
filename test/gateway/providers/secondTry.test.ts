import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../../src/dialect/index.ts"
import { BadRequest } from "../../../src/failure/Failure.ts"
import { overridesOf } from "../../../src/gateway/providers/SecondTry.ts"

const openai = resolve({ protocol: "openai", model: "house-model" })
const anthropic = resolve({ protocol: "anthropic", model: "claude-opus-5" })
const refusal = (message: string) => new BadRequest({ target: "a/b", reason: "Invalid", message })

describe("the second try after a refusal", () => {
  it("leaves out the effort that a server with OpenAI's protocol refuses, also in Claude's wording", () => {
    for (const words of [
      "reasoning_effort: this model has no effort parameter",
      "Unsupported value: 'reasoning_effort' 'adaptive' is not supported"
    ])
      assert.deepStrictEqual(overridesOf(refusal(words), openai, "openai"), { effort: false })
  })

  it("is not made if the rules that the wording implies have no effect in the protocol", () => {
    for (const words of ["thinking: Extra inputs are not permitted", "role 'system' is not supported"])
      assert.isUndefined(overridesOf(refusal(words), openai, "openai"))
    assert.deepStrictEqual(
      overridesOf(refusal("thinking: Extra inputs are not permitted"), anthropic, "anthropic"),
      { thinking: "none" }
    )
  })

  it("is not made if nothing would change", () => {
    const words = "output_config.effort: Extra inputs are not permitted"
    const overrides = overridesOf(refusal(words), anthropic, "anthropic")
    assert.deepStrictEqual(overrides, { thinking: "budget" })
    assert.isUndefined(overridesOf(refusal(words), Object.assign({}, anthropic, overrides), "anthropic"))
  })
})
