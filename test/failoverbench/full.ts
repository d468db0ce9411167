/**
 * The sixteen scenarios with the published timings and exactly `examples/failoverbench.jsonc`: two to three minutes, and a table
 * at the end. The exit code is 1 if one of them does not pass.
 *
 *     npm exec -- node test/failoverbench/full.ts              with a gateway of its own, on a free port
 *     npm exec -- node test/failoverbench/full.ts --config F   with another config file
 *     npm exec -- node test/failoverbench/full.ts --gateway U  with a running gateway, by its base URL
 *     npm exec -- node test/failoverbench/full.ts --direct     without a gateway: the official client with two retries
 *     … --only S01,S15                                         only these
 *
 * The wall listens on port 8401.
 */
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as Caller from "./Caller.ts"
import { type Played, play, type Stage } from "./Play.ts"
import { type Scenario, scenarios } from "./Scenarios.ts"
import * as System from "./System.ts"
import * as Wall from "./Wall.ts"

const { values: options } = parseArgs({
  options: {
    config: { type: "string", default: System.exampleFile },
    gateway: { type: "string" },
    direct: { type: "boolean", default: false },
    only: { type: "string" }
  }
})

const only = options.only?.toUpperCase().split(",")

const stage = Effect.gen(function* () {
  const wall = yield* Wall.make({ port: 8401, scale: 1 })
  if (options.direct) {
    const caller = Caller.make({ baseUrl: wall.baseUrl, maxRetries: 2, timeout: 30_000 })
    return { wall, caller, scale: 1, hasFallbacks: false, nameOf: (model: string) => model }
  }
  const baseUrl = options.gateway ?? (yield* System.start(yield* System.read(options.config)))
  return { wall, caller: Caller.make({ baseUrl }), scale: 1, nameOf: System.nameOf }
})

const row = ({ id, title }: Scenario, { missed, seen, verdict }: Played): string =>
  [
    id,
    title.padEnd(48),
    verdict.padEnd(8),
    `${seen.seconds.toFixed(1)} s`.padStart(7),
    `${seen.primary.length}`.padStart(8),
    `${seen.fallback.length}`.padStart(9),
    ` ${missed.join("; ")}`
  ].join(" ")

const run = (on: Stage) =>
  Effect.gen(function* () {
    console.log(`id  ${"fault".padEnd(48)} verdict     took  primary  fallback  missed`)
    const verdicts: Array<string> = []
    for (const scenario of scenarios) {
      if (only !== undefined && !only.includes(scenario.id)) continue
      const played = yield* play(scenario, on)
      verdicts.push(played.verdict)
      console.log(row(scenario, played))
    }
    const count = (verdict: string) => verdicts.filter((one) => one === verdict).length
    console.log(["pass", "partial", "safe", "fail"].map((name) => `${count(name)} ${name}`).join(", "))
    return count("pass") === verdicts.length
  })

const isPerfect = await Effect.runPromise(
  stage.pipe(Effect.flatMap(run), Effect.scoped, Effect.timeout("15 minutes"))
)
process.exitCode = isPerfect ? 0 : 1
