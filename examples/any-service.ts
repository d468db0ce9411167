/**
 * Failover for a service that has nothing to do with language models: two weather stations, of which the nearer one
 * is throttled. Bench and decisions are the same as for models.
 *
 *     npm run build && npm exec -- node examples/any-service.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Data, Duration, Effect } from "effect"
import { Backend, BenchRegistry, Chain, Failover, Failure } from "effect-failover"

/** What the stations' own library fails with. */
class StationError extends Data.TaggedError("StationError")<{
  readonly kind: "busy" | "broken"
  readonly comeBackInSeconds?: number
}> {}

interface Station {
  readonly today: (city: string) => Effect.Effect<string, StationError>
}

const oslo = Backend.make("oslo", {
  today: () => Effect.fail(new StationError({ kind: "busy", comeBackInSeconds: 30 }))
} satisfies Station as Station)

const bergen = Backend.make("bergen", {
  today: (city) => Effect.succeed(`rain in ${city}`)
} satisfies Station as Station)

const stations = Chain.make(oslo.model("forecast"), bergen.model("forecast"))

/** The only thing failover needs: what an error means. */
const classify = (error: StationError) =>
  error.kind === "busy"
    ? new Failure.RateLimit({
        message: "the station is busy",
        ...(error.comeBackInSeconds !== undefined && {
          retryAfter: Duration.seconds(error.comeBackInSeconds)
        })
      })
    : new Failure.Transient({ reason: "ServerError", message: "the station is broken" })

const today = (city: string) => Failover.use(stations, ({ service }) => service.today(city), { classify })

export const main = Effect.gen(function* () {
  const forecast = yield* today("Bergen")
  yield* Console.log(forecast)
  const registry = yield* BenchRegistry.BenchRegistry
  for (const { key, reason } of yield* registry.list) yield* Console.log(`${key} is benched: ${reason}`)
  return forecast
}).pipe(Effect.provide(Failover.layer()))

if (import.meta.main) NodeRuntime.runMain(main)
