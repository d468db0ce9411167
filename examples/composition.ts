/**
 * Failover among other services: credentials from the configuration, a database with the rights of each customer, a
 * rate limiter in front, a cache behind it, and the chain innermost.
 *
 * The order matters. A request over the limit costs nothing, a cached answer costs no call, and only what remains goes to the
 * chain. A cache around failover keeps answers, not failures.
 *
 *     npm run build && npm exec -- node examples/composition.ts
 */
import { DatabaseSync } from "node:sqlite"
import { NodeRuntime } from "@effect/platform-node"
import {
  Cache,
  Config,
  ConfigProvider,
  Console,
  Context,
  Duration,
  Effect,
  Exit,
  Layer,
  Redacted,
  Schema
} from "effect"
import { RateLimiter } from "effect/persistence"
import { Chain, Credential, Failover, Failure, ProviderService, type RunError } from "effect-failover"
import { Scripted } from "effect-failover/testing"

// -- the database: a layer, and a service that requires it -----------------------------------------------------------

class Database extends Context.Service<Database, DatabaseSync>()("example/Database") {
  static readonly layerMemory = Layer.effect(
    Database,
    Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(":memory:")),
      (database) => Effect.sync(() => database.close())
    )
  )
}

class UnknownCustomer extends Schema.TaggedError<UnknownCustomer>()("UnknownCustomer", {
  customer: Schema.String
}) {}

const Plan = Schema.Struct({ perMinute: Schema.Int })

/** What each customer has paid for. */
class Plans extends Context.Service<
  Plans,
  { readonly of: (customer: string) => Effect.Effect<typeof Plan.Type, UnknownCustomer> }
>()("example/Plans") {
  static readonly layerNoDeps = Layer.effect(
    Plans,
    Effect.map(Database, (database) => {
      database.exec("CREATE TABLE plans (customer TEXT PRIMARY KEY, perMinute INTEGER NOT NULL)")
      database.exec("INSERT INTO plans VALUES ('ada', 3), ('grace', 1)")
      const byCustomer = database.prepare("SELECT perMinute FROM plans WHERE customer = ?")
      return {
        of: (customer) =>
          Schema.decodeUnknownEffect(Plan)(byCustomer.get(customer)).pipe(
            Effect.mapError(() => new UnknownCustomer({ customer }))
          )
      }
    })
  )

  static readonly layer = this.layerNoDeps.pipe(Layer.provide(Database.layerMemory))
}

// -- the provider: its credentials are whatever the configuration names ------------------------------------------------

/** `KEYS_first=sk-… KEYS_second=sk-…`: any number of keys, in the order they are given. */
const Keys = Config.schema(Schema.Record(Schema.String, Schema.RedactedFromValue(Schema.String)), "KEYS")

class Weather extends ProviderService.Service<Weather, Scripted.Scripted>()("weather") {
  /** In an application: `OpenAi.make({ credentials })`. Here the key "spent" is out of credit. */
  static readonly layer = Layer.effect(
    Weather,
    Effect.gen(function* () {
      const keys = Object.entries(yield* Keys)
      const [first = Credential.none, ...others] = keys.map(([name, apiKey]) =>
        Credential.make(name, { apiKey })
      )
      return Scripted.make(
        Weather.provider,
        ({ credential: { apiKey } }) =>
          apiKey !== undefined && Redacted.value(apiKey) === "sk-spent"
            ? [[new Failure.AuthDead({ reason: "Balance", message: "out of credit" })]]
            : [["rain until noon"]],
        { credentials: [first, ...others] }
      )
    })
  )
}

const chain = Chain.make(Weather.model("forecast"))

// -- the application ---------------------------------------------------------------------------------------------------

class Forecasts extends Context.Service<
  Forecasts,
  {
    readonly ask: (
      customer: string,
      city: string
    ) => Effect.Effect<string, UnknownCustomer | RateLimiter.RateLimiterError | RunError.RunError>
  }
>()("example/Forecasts") {
  static readonly layerNoDeps = Layer.effect(
    Forecasts,
    Effect.gen(function* () {
      const plans = yield* Plans
      const limiter = yield* RateLimiter.RateLimiter

      // The services that the lookup needs are taken here, once. Callers of one city at the same time share a call.
      const cache = yield* Cache.makeWith(
        (city: string) => Failover.answer(chain, `What is it like in ${city}?`),
        {
          capacity: 1_000,
          timeToLive: (exit) => (Exit.isSuccess(exit) ? "10 minutes" : 0),
          requireServicesAt: "construction"
        }
      )

      return {
        ask: Effect.fn("Forecasts.ask")(function* (customer: string, city: string) {
          const { perMinute } = yield* plans.of(customer)
          yield* limiter.consume({ key: customer, limit: perMinute, window: "1 minute" })
          const { target, value } = yield* Cache.get(cache, city)
          return `${value} (${target.key})`
        })
      }
    })
  )

  static readonly layer = this.layerNoDeps.pipe(
    Layer.provide([
      Plans.layer,
      RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory)),
      Failover.layer()
    ])
  )
}

// -- what it does ------------------------------------------------------------------------------------------------------

const Environment = ConfigProvider.layer(
  ConfigProvider.fromEnvRecord({ KEYS_first: "sk-spent", KEYS_second: "sk-fresh" })
)

/** The provider stays in the context, because the end of the program reads the calls that it received. */
const Live = Forecasts.layer.pipe(Layer.provideMerge(Weather.layer), Layer.provide(Environment))

export const main = Effect.gen(function* () {
  const forecasts = yield* Forecasts
  const ask = (customer: string, city: string) =>
    forecasts.ask(customer, city).pipe(
      Effect.catchTags({
        UnknownCustomer: () => Effect.succeed("no such customer"),
        RateLimiterError: ({ reason }) =>
          Effect.succeed(
            reason._tag === "RateLimitExceeded"
              ? `too many requests, again in ${Math.ceil(Duration.toSeconds(reason.retryAfter))} s`
              : "the limiter is out of order"
          )
      }),
      Effect.tap((text) => Console.log(`${customer}, ${city}: ${text}`))
    )
  yield* ask("ada", "Oslo") // the first key is out of credit and is benched; the second answers
  yield* ask("ada", "Oslo") // from the cache
  yield* ask("ada", "Bergen") // the first key is benched and not called
  yield* ask("ada", "Tromsø") // a fourth request within a minute
  yield* ask("grace", "Oslo") // from the cache, for another customer
  yield* ask("nobody", "Oslo")
  const { calls } = yield* Weather
  yield* Console.log(`calls: ${calls.map(({ target }) => target).join(", ")}`)
  return calls.length
}).pipe(Effect.provide(Live))

if (import.meta.main) NodeRuntime.runMain(main)
