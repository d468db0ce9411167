/** The class of each fault, with the real providers and the real classifier. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromFile, type ProtocolName } from "../../src/config/GatewayConfig.ts"
import type { FailureClass } from "../../src/failure/Failure.ts"
import { type FaultName, faultNames } from "../../src/simulator/faults/Faults.ts"
import { builtIn, minute, report, second, targetOf, told } from "../support/simulator.ts"

const expected: Readonly<Record<FaultName, FailureClass | "answered">> = {
  throttled: "RateLimit",
  capped: "answered",
  crowded: "answered",
  hang: "Timeout",
  overloaded: "Overloaded",
  serverError: "ServerError",
  unreachable: "Connection",
  silent: "Timeout",
  slow: "answered",
  cut: "Truncated",
  invalidKey: "InvalidKey",
  noCredit: "Balance",
  modelGone: "ModelMissing",
  badRequest: "Invalid",
  contextExceeded: "ContextExceeded"
}

/** One provider that is called once, without retries. */
const alone = (protocol: ProtocolName) =>
  fromFile({ providers: { one: { protocol } }, models: { it: "one/large" }, policy: { attempts: 1 } }, [])

describe("a fault", () => {
  for (const protocol of ["openai", "anthropic"] as const) {
    for (const stream of [true, false]) {
      for (const fault of faultNames) {
        it.effect(`${fault}, in the format of ${protocol}${stream ? ", in a stream" : ""}`, () =>
          Effect.gen(function* () {
            const { requests, targets } = yield* report(
              {
                duration: second,
                requests: { perSecond: 1, stream },
                faults: [{ target: "one", fault }]
              },
              alone(protocol)
            )
            assert.strictEqual(requests.asked, 1)
            const outcome = expected[fault]
            if (outcome === "answered") {
              assert.strictEqual(requests.answered, 1)
            } else {
              assert.deepStrictEqual(targets[0]?.failures, { [outcome]: 1 })
            }
          })
        )
      }
    }
  }

  it.effect("with a share hits about that share of the calls", () =>
    Effect.gen(function* () {
      const { faults, requests } = yield* report({
        duration: 10 * minute,
        requests: { perSecond: 2 },
        faults: [{ target: "every target", fault: "slow", factor: 1.5, share: 0.25 }]
      })
      assert.isAbove(faults[0]!.calls, 0.2 * requests.asked)
      assert.isBelow(faults[0]!.calls, 0.3 * requests.asked)
    })
  )

  it.effect("affects only the targets that it covers, and only while it is active", () =>
    Effect.gen(function* () {
      const quiet = yield* report({
        duration: 3 * minute,
        faults: [{ target: "north#spare", fault: "silent", from: minute, until: 2 * minute }]
      })
      assert.strictEqual(quiet.requests.atOnce, quiet.requests.asked)
      assert.strictEqual(quiet.faults[0]?.calls, 0)
      assert.deepStrictEqual(told(quiet, "rests"), [])
    })
  )

  it.effect("that slows down a provider makes calls longer by its factor", () =>
    Effect.gen(function* () {
      const { times } = yield* report({
        duration: minute,
        answers: { firstWord: second, whole: 2 * second },
        faults: [{ target: "every target", fault: "slow", factor: 3 }]
      })
      assert.isAtLeast(times.atOnce!.p50, 2.4 * second)
      assert.isAtMost(times.atOnce!.max, 3.6 * second)
    })
  )

  it.effect("that cuts a stream loses it after its first content, and not before", () =>
    Effect.gen(function* () {
      const before = yield* builtIn("cut-streams", {
        faults: [{ target: "first provider", fault: "cut", afterWords: 0, share: 0.1 }]
      })
      assert.strictEqual(before.requests.answered, before.requests.asked)
      assert.isAbove(targetOf(before, "north/large#main").failures.Truncated ?? 0, 5)
      const after = yield* builtIn("cut-streams")
      assert.isAbove(after.requests.broken, 5)
      assert.strictEqual(after.requests.answered + after.requests.broken, after.requests.asked)
      assert.strictEqual(after.requests.broken, after.faults[0]?.calls)
    })
  )
})
