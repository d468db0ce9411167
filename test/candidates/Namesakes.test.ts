/** Two providers with one name in one runtime: they share benches, and the log says so. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as ProviderService from "../../src/domain/ProviderService.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { dead } from "../support/engine.ts"

const provider = (
  apiKey: string | undefined,
  options: { readonly baseUrl?: string; readonly name?: string; readonly credential?: string } = {}
) =>
  Scripted.make(options.name ?? "openai", [["hello"]], {
    baseUrl: options.baseUrl,
    credentials: [Credential.make(options.credential ?? "default", apiKey === undefined ? {} : { apiKey })]
  })

class Tenants extends ProviderService.Service<Tenants, Scripted.Scripted>()("openai") {}

/** The warnings of requests that use these chains one after another, in one runtime. */
const warnings = (
  ...ways: ReadonlyArray<Scripted.Scripted | Effect.Effect<unknown, unknown, Failover.Failover>>
) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
    const chains = new Map<object, Chain.Chain<Scripted.Scripted>>()
    return Effect.forEach(ways, (way) => {
      if (Effect.isEffect(way)) return Effect.exit(way)
      const chain = chains.get(way) ?? Chain.make(way.model("m"))
      chains.set(way, chain)
      return Effect.exit(Failover.complete(chain, "a prompt"))
    }).pipe(Effect.provide(Failover.layer()), Effect.provide(Logger.layer([logger])), Effect.as(lines))
  })

const said =
  'the provider "openai" is in use twice, with different keys or base URLs for the credential "default"; ' +
  "both share benches and limits: give each a name of its own"

describe("two providers of one name in one runtime", () => {
  it.effect("that are used in turn are named once", () =>
    Effect.gen(function* () {
      const [a, b] = [provider("sk-a"), provider("sk-b")]
      assert.deepStrictEqual(yield* warnings(a, b, a, b, a), [said])
    })
  )

  it.effect("are named when every request has a chain of its own", () =>
    Effect.gen(function* () {
      const [a, b] = [provider("sk-a"), provider("sk-b")]
      const by = (which: Scripted.Scripted) =>
        Effect.suspend(() => Failover.complete(Chain.make(which.model("m")), "a prompt"))
      assert.deepStrictEqual(yield* warnings(by(a), by(b), by(a), by(b), by(a)), [said])
    })
  )

  it.effect("with credentials of other names are none", () =>
    Effect.gen(function* () {
      const [a, b] = [provider("sk-a", { credential: "one" }), provider("sk-b", { credential: "two" })]
      assert.deepStrictEqual(yield* warnings(a, b, a, b, a), [])
      const ask = (of: Scripted.Scripted) => Failover.complete(Chain.make(of.model("m")), "q")
      const answers = Effect.provide(Effect.all([ask(a), ask(b), ask(a)]), Failover.layer())
      assert.deepStrictEqual(yield* answers, ["hello", "hello", "hello"])
    })
  )

  it.effect("are named for different base URLs as well", () =>
    Effect.gen(function* () {
      const [a, b] = [
        provider(undefined, { baseUrl: "http://one.example" }),
        provider(undefined, { baseUrl: "http://two.example" })
      ]
      assert.deepStrictEqual(yield* warnings(a, b, a), [said])
    })
  )

  it.effect("are named for different base URLs where neither has a key of its own", () =>
    Effect.gen(function* () {
      const at = (baseUrl: string) => Scripted.make("openai", [["hello"]], { baseUrl })
      const [a, b] = [at("http://one.example"), at("http://two.example")]
      assert.deepStrictEqual(yield* warnings(a, b, a), [said])
      const [same, again] = [at("http://one.example"), at("http://one.example")]
      assert.deepStrictEqual(yield* warnings(same, again, same), [])
    })
  )

  it.effect("are named when a service gives another one to each request", () =>
    Effect.gen(function* () {
      const chain = Chain.make(Tenants.model("m"))
      const by = (key: string) =>
        Effect.suspend(() =>
          Effect.provideService(Failover.complete(chain, "a prompt"), Tenants, provider(key))
        )
      assert.deepStrictEqual(yield* warnings(by("sk-a"), by("sk-b"), by("sk-a"), by("sk-b")), [said])
    })
  )

  it.effect("are not named when one takes the place of the other, once or again and again", () =>
    Effect.gen(function* () {
      const keys = ["sk-a", "sk-a", "sk-b", "sk-b", "sk-c", "sk-d"].map((key) => provider(key))
      assert.deepStrictEqual(yield* warnings(...keys), [])
    })
  )

  it.effect("are not named when they have the same keys, different credentials or different names", () =>
    Effect.gen(function* () {
      const same = [provider("sk-a"), provider("sk-a")]
      const credentials = [provider("sk-a"), provider("sk-b", { credential: "other" })]
      const names = [provider("sk-a"), provider("sk-b", { name: "other" })]
      for (const [a, b] of [same, credentials, names]) {
        assert.deepStrictEqual(yield* warnings(a!, b!, a!, b!, a!), [])
      }
    })
  )

  it.effect("do not hold each other back for a dead key", () =>
    Effect.gen(function* () {
      const gone = Scripted.make("openai", [[dead("InvalidKey")]], {
        credentials: [Credential.make("default", { apiKey: "sk-a" })]
      })
      const well = provider("sk-b")
      const [a, b] = [Chain.make(gone.model("m")), Chain.make(well.model("m"))]
      yield* Effect.gen(function* () {
        for (let i = 0; i < 5; i++) {
          yield* Effect.exit(Failover.complete(a, "a prompt"))
          assert.strictEqual(yield* Failover.complete(b, "a prompt"), "hello")
          yield* TestClock.adjust("1 second")
        }
      }).pipe(Effect.provide(Failover.layer()), Effect.provide(Logger.layer([])))
    })
  )
})
