/** What is remembered of refused flags of `anthropic-beta` when many requests meet a refusal at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { resolve } from "../../../src/dialect/index.ts"
import * as Credential from "../../../src/domain/Credential.ts"
import * as Target from "../../../src/domain/Target.ts"
import { BadRequest } from "../../../src/failure/Failure.ts"
import * as Betas from "../../../src/gateway/providers/Betas.ts"
import type { GatewayProvider } from "../../../src/gateway/providers/GatewayProvider.ts"
import * as Policy from "../../../src/policy/Policy.ts"
import type { Request } from "../../../src/providers/wire/Wire.ts"

const target = Target.make({
  provider: "p",
  model: "m",
  credential: Credential.make("k"),
  policy: Policy.defaults
})

const requestWith = (flags: string): Request => ({
  operation: "messages",
  body: {},
  headers: { "anthropic-beta": flags }
})

/** A provider that answers everything, and the flags that it got. */
const provider = () => {
  const got: Array<string | undefined> = []
  const own: Partial<GatewayProvider> = {
    dialectOf: () => resolve({ protocol: "anthropic", model: "m", choices: [{ betas: "any" }] }),
    complete: ({ headers }) =>
      Effect.sync(() => {
        got.push(headers?.["anthropic-beta"])
        return { status: 200, headers: {}, body: new Uint8Array(), json: {} }
      })
  }
  return { got, provider: Betas.make(own as GatewayProvider, () => 0) }
}

const refusalOf = (flag: string) =>
  new BadRequest({
    reason: "Invalid",
    message: `Unexpected value(s) \`${flag}\` for the \`anthropic-beta\` header.`
  })

describe("a refused flag", () => {
  it.effect("is still known after 64 requests at once in which another flag was refused", () =>
    Effect.gen(function* () {
      const { got, provider: one } = provider()
      const learn = (flag: string, requests: number) => {
        const seconds = Array.from(
          { length: requests },
          () => one.secondTry!(requestWith(flag), refusalOf(flag))!
        )
        return Effect.forEach(seconds, (request) => one.complete(request, target))
      }
      yield* learn("bad-1", 1)
      yield* learn("bad-2", 64)
      yield* one.complete(requestWith("bad-1,good,bad-2"), target)
      assert.strictEqual(got.at(-1), "good")
    })
  )
})
