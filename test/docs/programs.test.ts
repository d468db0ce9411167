import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AnyService from "../../examples/any-service.ts"
import * as OwnProvider from "../../examples/own-provider.ts"
import * as Providers from "../../examples/providers.ts"

describe("the programs in examples", () => {
  it.effect("any-service answers from the second station", () =>
    Effect.map(AnyService.main, (forecast) => assert.strictEqual(forecast, "rain in Bergen"))
  )

  it.effect("own-provider answers with the second key", () =>
    Effect.map(OwnProvider.main, (result) => assert.deepStrictEqual(result, ["parrot/grey#fresh", 2]))
  )

  it.live("providers answers from the second provider, whole and as a stream", () =>
    Effect.map(Providers.main, ({ text, tried }) => {
      assert.deepStrictEqual(tried, [
        "openai/gpt-5.2#throttled",
        "openai/gpt-5.2#revoked",
        "groq/llama-4#fresh"
      ])
      assert.match(text, /to you.*\[DONE\]/s)
    })
  )
})
