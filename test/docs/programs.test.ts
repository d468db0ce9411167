import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AnyService from "../../examples/any-service.ts"
import * as OwnProvider from "../../examples/own-provider.ts"

describe("the programs in examples", () => {
  it.effect("any-service answers from the second station", () =>
    Effect.map(AnyService.main, (forecast) => assert.strictEqual(forecast, "rain in Bergen"))
  )

  it.effect("own-provider answers with the second key", () =>
    Effect.map(OwnProvider.main, (result) => assert.deepStrictEqual(result, ["parrot/grey#fresh", 2]))
  )
})
