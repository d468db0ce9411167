/** Laws of every outage. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import { faultNames } from "../../src/simulator/faults/Faults.ts"
import { isLossless } from "../../src/simulator/report/Report.ts"
import { check } from "../laws/scenario.ts"
import { report } from "../support/simulator.ts"

/** Three providers; the last one has no faults. */
const config = fromFile(
  {
    providers: {
      first: { protocol: "openai", credentials: [{ name: "main" }, { name: "spare" }] },
      second: { protocol: "anthropic" },
      healthy: { protocol: "openai" }
    },
    models: { smart: ["first/large", "second/large", "healthy/small"] }
  },
  []
)

const Seconds = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const Fault = Schema.Struct({
  target: Schema.Literals(["first", "first#main", "first#spare", "first/large#main", "second"]),
  // A request that is itself invalid goes to no other target.
  fault: Schema.Literals(faultNames.filter((name) => name !== "badRequest")),
  from: Seconds(100),
  lasts: Seconds(100),
  share: Schema.Literals([1, 0.5, 0.1]),
  retryAfter: Schema.Literals([1, 7, 60, 3_600])
})

const Outage = Schema.Struct({
  faults: Schema.Array(Fault).check(Schema.isMaxLength(5)),
  stream: Schema.Boolean,
  perSecond: Schema.Literals([0.2, 1, 4]),
  seed: Seconds(1_000)
})

describe("with one healthy provider", () => {
  it.effect.prop(
    "no request is lost, whatever faults the others have",
    [Outage],
    ([{ faults, perSecond, seed, stream }]) =>
      Effect.gen(function* () {
        const played = yield* report(
          {
            duration: "2 minutes",
            seed,
            requests: { perSecond, stream },
            faults: faults.map(({ fault, from, lasts, retryAfter, share, target }) => ({
              target,
              fault,
              share,
              from: from * 1000,
              until: (from + lasts + 1) * 1000,
              ...(fault === "throttled" && { retryAfter: retryAfter * 1000 })
            }))
          },
          config
        )
        assert.isTrue(isLossless(played), JSON.stringify({ ...played.requests, faults: played.faults }))
      }),
    check(100)
  )
})
