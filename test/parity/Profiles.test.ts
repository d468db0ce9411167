/** Named profiles with a circuit breaker each, as in rustyclaw's failover. See docs/parity.md. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Backend, BenchRegistry, Catalog, Chain, Credential, Failover, Model, Policy } from "effect-failover"
import { ConfigFile, parse, withDefaults } from "effect-failover/gateway"
import { Scripted } from "effect-failover/testing"
import { ask, broken, chainOf, chance, isBenched, keysOf, under, withKeys } from "../support/parity.ts"

const test = under({ policy: Policy.sequentialProfiles })

const fine = [["fine"]] as const
const failing = [[broken]] as const

describe("profiles and health", () => {
  test("a credential is a named profile with its provider, key, base URL, switch and requests per minute", () =>
    Effect.gen(function* () {
      const work = Credential.make("work", {
        apiKey: "sk-work",
        baseUrl: "https://work.test/v1",
        enabled: true,
        rpm: 60
      })
      const acme = Backend.make("acme", undefined, { credentials: [work] })
      const target = yield* Failover.use(Chain.make(Model.make(acme, "m")), (_, at) => Effect.succeed(at))
      const { apiKey, baseUrl, enabled, name, rpm } = target.credential
      assert.deepStrictEqual(
        [target.provider, name, baseUrl, enabled, rpm],
        ["acme", "work", "https://work.test/v1", true, 60]
      )
      assert.strictEqual(apiKey && Redacted.value(apiKey), "sk-work")
      assert.strictEqual(target.endpoint, "https://work.test/v1")

      const limited = Scripted.make("limited", [["fine"]], {
        credentials: [Credential.make("work", { rpm: 60 }), Credential.make("spare")]
      })
      const ofWork = () => keysOf(limited).filter((name) => name === "work").length
      yield* Effect.replicateEffect(ask(chainOf(limited)), 100)
      assert.deepStrictEqual([ofWork(), limited.calls.length], [60, 100], "a minute's worth, then the next")
      yield* TestClock.adjust("10 seconds")
      yield* Effect.replicateEffect(ask(chainOf(limited)), 100)
      assert.deepStrictEqual([ofWork(), limited.calls.length], [70, 200], "and what ten seconds give back")
      assert.isFalse(yield* isBenched("limited#work"), "it has not failed")
    }))

  test("sequential profiles are tried in their order, and the first healthy one serves", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: fine, second: fine, third: fine })
      const registry = yield* BenchRegistry.BenchRegistry
      yield* ask(chainOf(acme))
      yield* ask(chainOf(acme))
      yield* registry.bench("acme#first")
      yield* ask(chainOf(acme))
      assert.deepStrictEqual(keysOf(acme), ["first", "first", "second"])
    }))

  test("round robin goes one profile further with every request, over the healthy ones", () =>
    Effect.gen(function* () {
      const scripts = { first: fine, second: fine, third: fine }
      const acme = withKeys("acme", scripts, { strategy: "roundRobin" })
      const registry = yield* BenchRegistry.BenchRegistry
      yield* Effect.replicateEffect(ask(chainOf(acme)), 4)
      assert.deepStrictEqual(keysOf(acme), ["first", "second", "third", "first"])
      yield* registry.bench("acme#second")
      yield* Effect.replicateEffect(ask(chainOf(acme)), 3)
      assert.deepStrictEqual(keysOf(acme).slice(4), ["third", "third", "first"])
    }))

  test("random takes any of the healthy profiles", () =>
    Effect.gen(function* () {
      const scripts = { first: fine, second: fine, third: fine }
      const acme = withKeys("acme", scripts, { strategy: "random" })
      const registry = yield* BenchRegistry.BenchRegistry
      for (const number of [0, 0.5, 0.99]) yield* chance(number)(ask(chainOf(acme)))
      assert.deepStrictEqual(keysOf(acme), ["first", "second", "third"])
      yield* registry.bench("acme#third")
      yield* chance(0.99)(ask(chainOf(acme)))
      assert.deepStrictEqual(keysOf(acme).slice(3), ["second"])
    }))

  test("a disabled profile is never called", () =>
    Effect.gen(function* () {
      const credentials = [Credential.make("off", { enabled: false }), Credential.make("on")] as const
      const acme = Scripted.make("acme", failing, { credentials })
      yield* Effect.replicateEffect(ask(chainOf(acme)), 2)
      assert.deepStrictEqual(keysOf(acme), ["on", "on"])
    }))

  test("an open profile is skipped", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: failing, second: fine })
      yield* Effect.replicateEffect(ask(chainOf(acme)), 3)
      const before = acme.calls.length
      assert.strictEqual(yield* ask(chainOf(acme)), "fine")
      assert.deepStrictEqual(keysOf(acme).slice(before), ["second"])
    }))

  test("a circuit opens with the third failure in a row, for all models of the profile", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: failing, second: fine })
      yield* Effect.replicateEffect(ask(chainOf(acme)), 2)
      assert.isFalse(yield* isBenched("acme#first"))
      yield* ask(chainOf(acme))
      assert.isTrue(yield* isBenched("acme#first"))
      yield* ask(Chain.make(Model.make(acme, "another")))
      assert.strictEqual(acme.calls.at(-1)?.target, "acme/another#second")
    }))

  test("how many failures open a circuit can be said", () =>
    Effect.gen(function* () {
      const policy = Policy.combine(Policy.sequentialProfiles, { threshold: { transient: 2 } })
      const acme = withKeys("acme", { first: failing, second: fine })
      const chain = Chain.withPolicy(chainOf(acme), policy)
      yield* ask(chain)
      assert.isFalse(yield* isBenched("acme#first"))
      yield* ask(chain)
      assert.isTrue(yield* isBenched("acme#first"))
    }))

  test("a circuit is half open after sixty seconds and lets one request through", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: failing, second: fine })
      yield* Effect.replicateEffect(ask(chainOf(acme)), 3)
      yield* TestClock.adjust("59 seconds")
      yield* ask(chainOf(acme))
      assert.strictEqual(keysOf(acme).at(-2), "second")
      yield* TestClock.adjust("1 second")
      yield* Effect.replicateEffect(ask(chainOf(acme)), 2)
      assert.deepStrictEqual(keysOf(acme).slice(-3), ["first", "second", "second"])
    }))

  test("an answer closes the circuit and resets the count of failures", () =>
    Effect.gen(function* () {
      const no = [broken]
      const acme = withKeys("acme", { only: [no, no, ["fine"], no, no, no, ["fine"], no, no] })
      yield* Effect.replicateEffect(ask(chainOf(acme)), 5)
      assert.isFalse(yield* isBenched("acme#only"))
      yield* ask(chainOf(acme))
      assert.isTrue(yield* isBenched("acme#only"))
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(yield* ask(chainOf(acme)), "fine")
      yield* Effect.replicateEffect(ask(chainOf(acme)), 2)
      assert.isFalse(yield* isBenched("acme#only"))
    }))

  test("a report has every profile's requests, failures, failures in a row and circuit", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: [["fine"], ...failing], second: fine })
      const other = Chain.make(Model.make(acme, "other"))
      yield* ask(chainOf(acme))
      yield* Effect.replicateEffect(ask(other), 1)
      yield* Effect.replicateEffect(ask(chainOf(acme)), 2)
      const registry = yield* BenchRegistry.BenchRegistry
      const report = yield* registry.credentials
      assert.deepStrictEqual(
        report.map(({ attempts, failures, failuresInRow, key, status }) => ({
          key,
          attempts,
          failures,
          failuresInRow,
          status
        })),
        [
          { key: "acme#first", attempts: 4, failures: 2, failuresInRow: 2, status: "free" },
          { key: "acme#second", attempts: 2, failures: 0, failuresInRow: 0, status: "free" }
        ]
      )
      yield* ask(chainOf(acme))
      const [first] = yield* registry.credentials
      assert.deepInclude(first, {
        attempts: 5,
        failures: 3,
        failuresInRow: 3,
        status: "resting",
        until: 60_000
      })
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual((yield* registry.credentials)[0]?.status, "half-open")
    }))

  test("the fallback models of a provider follow its own", () =>
    Effect.gen(function* () {
      const acme = Scripted.make("acme", ({ model }) => (model === "small" ? fine : failing))
      const catalog = yield* Effect.fromResult(
        Catalog.make({ providers: [{ backend: acme, fallbackModels: ["middle", "small"] }] })
      )
      const chain = yield* Effect.fromResult(catalog.resolve("acme/large"))
      assert.deepStrictEqual(Chain.specs(chain), ["acme/large", "acme/middle", "acme/small"])
      assert.strictEqual(yield* ask(chain), "fine")
    }))

  test("a failed request is tried three times more at most, on the profiles that come next", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { a: failing, b: failing, c: failing, d: failing, e: fine })
      const error = yield* ask(chainOf(acme))
      assert.isTrue(typeof error !== "string" && error._tag === "ChainExhausted")
      assert.deepStrictEqual(keysOf(acme), ["a", "b", "c", "d"])
    }))

  test("it can be asked whether a provider has anything to fail over to", () =>
    Effect.gen(function* () {
      const catalog = yield* Effect.fromResult(
        Catalog.make({
          providers: [
            { backend: withKeys("two", { first: fine, second: fine }) },
            { backend: withKeys("one", { only: fine }) },
            { backend: withKeys("more", { only: fine }), fallbackModels: ["small"] }
          ]
        })
      )
      assert.deepStrictEqual(["two", "one", "more"].map(catalog.hasFailover), [true, false, true])
    }))

  test("an unknown provider gives nothing and no crash", () =>
    Effect.gen(function* () {
      const catalog = yield* Effect.fromResult(
        Catalog.make({ providers: [{ backend: withKeys("one", { only: fine }) }] })
      )
      assert.isUndefined(catalog.provider("nobody"))
      assert.isFalse(catalog.hasFailover("nobody"))
      const resolved = catalog.resolve("nobody/m")
      assert.isTrue(Result.isFailure(resolved) && resolved.failure._tag === "UnknownModel")
    }))

  test("all of it is a config with defaults that is read from JSON and written to JSON", () =>
    Effect.gen(function* () {
      const json = {
        providers: {
          acme: {
            protocol: "openai",
            strategy: "roundRobin",
            fallbackModels: ["small"],
            credentials: [
              { name: "first", apiKey: "sk-1", rpm: 60 },
              { name: "second", apiKey: "sk-2", baseUrl: "https://second.test/v1", enabled: false }
            ]
          }
        },
        policy: {
          preset: "sequentialProfiles",
          cooldown: { transient: { base: "2 minutes", max: "2 minutes" } }
        }
      }
      const file = withDefaults(yield* Schema.decodeUnknownEffect(ConfigFile)(json))
      assert.deepInclude(file.policy?.threshold, { transient: 3, unknown: 3 })
      assert.deepInclude(file.providers.acme?.credentials?.[0], { enabled: true, weight: 1 })
      const written = JSON.stringify(yield* Schema.encodeEffect(ConfigFile)(file))
      assert.deepStrictEqual(withDefaults(Schema.decodeUnknownSync(ConfigFile)(JSON.parse(written))), file)

      const read = (text: string) => parse(text, { file: "config.json", folder: "/" })
      const [short, full] = [yield* read(JSON.stringify(json)), yield* read(written)]
      assert.deepStrictEqual(full.providers, short.providers)
      const rests = (options: Policy.Options) =>
        Object.entries(Policy.make(options).rules).map(([name, { next, rest }]) => ({ name, next, rest }))
      assert.deepStrictEqual(rests(full.policy), rests(short.policy))
      assert.strictEqual(Policy.make(full.policy).rules.ServerError.rest?.base, 120_000)
    }).pipe(Effect.provide(NodeServices.layer)))
})
