/** Chains: how they are built, for services of any kind. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as ProviderService from "../../src/domain/ProviderService.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, fault, play } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer())
const a = Backend.make("a", {})
const b = Backend.make("b", {})
const x = Model.make(a, "x")
const y = Model.make(a, "y")
const z = Model.make(b, "z")

describe("a chain", () => {
  it("keeps the order of its models", () => {
    assert.deepStrictEqual(Chain.specs(Chain.make(z, x, y)), ["b/z", "a/x", "a/y"])
  })

  it("flattens the chains in it, however deep", () => {
    const nested = Chain.make(x, Chain.make(Chain.make(z), y))
    assert.deepStrictEqual(Chain.specs(nested), ["a/x", "b/z", "a/y"])
  })

  it("names no model twice: its first place and the options there count", () => {
    const known = Model.make(a, "x", { contextWindow: 1_000 })
    const chain = Chain.make(known, Chain.make(z, x), z)
    assert.deepStrictEqual(Chain.specs(chain), ["a/x", "b/z"])
    assert.strictEqual(chain.models[0]?.contextWindow, 1_000)
  })

  it("distinguishes models of the same name by their providers", () => {
    assert.deepStrictEqual(Chain.specs(Chain.make(Model.make(a, "x"), Model.make(b, "x"))), ["a/x", "b/x"])
  })

  it("leaves the policies and the special chains of those in it behind", () => {
    const special = Chain.onContentPolicy(Chain.withPolicy(Chain.make(x), { attempts: 1 }), Chain.make(z))
    assert.deepStrictEqual(Chain.make(special, y), { models: [x, y] })
  })

  it("is not changed by what is made of it", () => {
    const chain = Chain.make(x)
    Chain.withPolicy(chain, { attempts: 1 })
    Chain.onContextExceeded(chain, Chain.make(y))
    assert.deepStrictEqual(chain, { models: [x] })
  })

  const Links = Schema.Array(Schema.Literals(["a/1", "a/2", "b/1", "b/2", "b/3"]))
  it.prop(
    "holds the models of all its links, each once, in the order in which they were first named",
    [Schema.Array(Links)],
    ([groups]) => {
      const link = (spec: string) => Model.make(spec.startsWith("a") ? a : b, spec.slice(2))
      const chain = Chain.fromLinks(groups.map((group) => Chain.fromLinks(group.map(link))))
      assert.deepStrictEqual(Chain.specs(chain), [...new Set(groups.flat())])
    }
  )
})

describe("a chain of services", () => {
  class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {}
  class Backup extends ProviderService.Service<Backup, Scripted.Scripted>()("backup") {}
  const chain = Chain.make(Primary.model("large"), Backup.model("small"))

  it.effect("takes its providers from the context", () =>
    Effect.gen(function* () {
      const primary = Scripted.make("primary", [[fault("Timeout")]])
      const backup = Scripted.make("backup", [["fine"]])
      const answer = Failover.complete(chain, "q").pipe(
        Effect.provide([Layer.succeed(Primary, primary), Layer.succeed(Backup, backup)])
      )
      assert.strictEqual(yield* answer, "fine")
      assert.deepStrictEqual(calls(primary, backup), ["0 primary/large", "0 backup/small"])
    }).pipe(runtime)
  )

  it.effect("uses the provider of each request's own context", () =>
    Effect.gen(function* () {
      const alone = Chain.make(Primary.model("large"))
      const ask = (text: string) =>
        Failover.complete(alone, "q").pipe(Effect.provideService(Primary, Scripted.make("primary", [[text]])))
      assert.strictEqual(yield* ask("one"), "one")
      assert.strictEqual(yield* ask("two"), "two")
      assert.deepStrictEqual(yield* Effect.all([ask("three"), ask("four")], { concurrency: 2 }), [
        "three",
        "four"
      ])
    }).pipe(runtime)
  )
})

describe("a service that has nothing to do with language models", () => {
  const weather = (name: string, today: Effect.Effect<string, "closed">) =>
    Backend.make(name, { today }, { credentials: [Credential.make("ann"), Credential.make("bob")] })

  it.effect("fails over by the classes that classify returns", () =>
    Effect.gen(function* () {
      const chain = Chain.make(
        Model.make(weather("oslo", Effect.fail("closed")), "forecast"),
        Model.make(weather("bergen", Effect.succeed("rain")), "forecast")
      )
      const asked: Array<string> = []
      const today = Failover.use(
        chain,
        (backend, target) => {
          asked.push(target.key)
          return backend.service.today
        },
        {
          classify: (error, target) =>
            new Failure.AuthDead({ reason: "Forbidden", message: `${target.key} ${error}` })
        }
      )
      assert.strictEqual(yield* today, "rain")
      assert.deepStrictEqual(asked, ["oslo/forecast#ann", "oslo/forecast#bob", "bergen/forecast#ann"])
    }).pipe(runtime)
  )

  it.effect("keeps the context of its caller", () =>
    Effect.gen(function* () {
      const City = Context.Service<string>("test/City")
      const chain = Chain.make(Model.make(weather("oslo", Effect.succeed("")), "forecast"))
      const value = yield* Failover.use(chain, () => City.use((city) => Effect.succeed(city))).pipe(
        Effect.provideService(City, "Bergen")
      )
      const stream = Failover.useStream(chain, () =>
        Stream.fromEffect(City.use((city) => Effect.succeed(city)))
      )
      assert.strictEqual(value, "Bergen")
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.provideService(stream, City, "Oslo")), ["Oslo"])
    }).pipe(runtime)
  )

  it.effect("moves on after errors without a classification", () =>
    Effect.gen(function* () {
      const chain = Chain.make(
        Model.make(weather("oslo", Effect.fail("closed")), "forecast"),
        Model.make(weather("bergen", Effect.succeed("rain")), "forecast")
      )
      // The type requires `classify`, but not all code is type-checked.
      const untyped = (backend: ReturnType<typeof weather>) => backend.service.today as Effect.Effect<never>
      const { benches, value } = yield* play(Failover.use(chain, untyped))
      assert.strictEqual(value, "rain")
      assert.deepStrictEqual(benches, [])
    }).pipe(runtime)
  )

  it.effect("may answer with an empty value", () =>
    Effect.gen(function* () {
      const chain = Chain.make(Model.make(weather("oslo", Effect.succeed("")), "forecast"))
      assert.isUndefined(yield* Failover.use(chain, () => Effect.undefined))
    }).pipe(runtime)
  )
})
