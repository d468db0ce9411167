/** A config file with its defaults filled in has the same meaning. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { withDefaults } from "../../src/config/Defaults.ts"
import type { ConfigFile } from "../../src/config/file/ConfigFile.ts"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { delays } from "../support/engine.ts"

type PolicyFile = NonNullable<ConfigFile["policy"]>

/** The policy of a file, in values that can be compared. */
const meaning = Effect.fnUntraced(function* (file: ConfigFile) {
  const { policy, retryBudget = 0.2 } = fromFile(file, [])
  const { rules, ...rest } = Policy.make(policy)
  const rows: Record<string, unknown> = {}
  for (const [name, { retry, ...row }] of Object.entries(rules)) {
    rows[name] = { ...row, retry: typeof retry === "string" ? retry : yield* delays(retry, 1) }
  }
  return { ...rest, retryBudget, rows }
})

const parts: ReadonlyArray<PolicyFile> = [
  {},
  { maxWait: 1, deadline: "1 minute", attempts: 2, fallbackReserve: 0 },
  { retries: { times: 5 } },
  { retries: { backoff: ["1 second"] } },
  { retries: { backoff: [1, 2, 3] } },
  { cooldown: { transient: { base: "1 minute" }, rateLimit: { max: 1_000 } } },
  { threshold: { transient: 4 } },
  { threshold: { unknown: 1 } },
  { timeouts: { idle: 1 }, commit: { chunks: 3 }, malformedEvents: "drop", whenAllBenched: "wait" },
  { rules: { Empty: { retry: { times: 1 } }, Malformed: { retry: { backoff: [5] } } } },
  { rules: { Overloaded: { rest: null, next: "stop" }, Invalid: { rest: { base: 5 } } } }
]

describe("a config file with its defaults filled in", () => {
  for (const preset of [undefined, ...Policy.presetNames]) {
    for (const part of parts) {
      const policy: PolicyFile = preset === undefined ? part : { preset, ...part }
      it.effect(`keeps the meaning of the policy ${JSON.stringify(policy)}`, () =>
        Effect.gen(function* () {
          const file: ConfigFile = { providers: { a: { protocol: "openai" } }, policy }
          assert.deepStrictEqual(yield* meaning(withDefaults(file)), yield* meaning(file))
        })
      )
    }
  }

  it.effect("keeps the meaning of a retry budget alone", () =>
    Effect.gen(function* () {
      const file: ConfigFile = {
        providers: { a: { protocol: "openai" } },
        policy: { retries: { budget: 1 } }
      }
      assert.deepStrictEqual(yield* meaning(withDefaults(file)), yield* meaning(file))
    })
  )
})
