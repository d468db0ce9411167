import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Load from "../../src/config/Load.ts"

const load = (config: unknown, env: Record<string, string> = {}) =>
  Load.parse(JSON.stringify(config, null, 2), { file: "gateway.jsonc", folder: "/" }).pipe(
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
  )

const problems = (config: unknown) =>
  Effect.map(Effect.flip(load(config)), (error) =>
    error.problems.map(({ line, message, path }) => `${line} ${path}: ${message}`)
  )

/** A config with this policy in every place where one is allowed. */
const everywhere = (policy: unknown) => ({
  providers: { a: { protocol: "openai", policy, models: { "m.1": { policy } } } },
  models: { smart: { chain: ["a/m.1"], policy }, list: ["a/m.1"], text: "a/m.1" },
  policy
})

describe("old names in a config file", () => {
  it.effect("have the meaning of the new ones wherever a policy is allowed", () =>
    Effect.gen(function* () {
      const { notes: warnings, ...old } = yield* load(
        everywhere({
          patience: "1 second",
          reserve: 0.25,
          rules: {
            Silent: { next: "place" },
            Overloaded: { next: "place" },
            MaxTokens: { retry: "withoutTokenCap" }
          }
        })
      )
      const { notes, ...renamed } = yield* load(
        everywhere({
          maxWait: "1 second",
          fallbackReserve: 0.25,
          rules: {
            Timeout: { next: "endpoint" },
            Overloaded: { next: "endpoint" },
            MaxTokens: { retry: "withoutOutputLimit" }
          }
        })
      )
      assert.deepStrictEqual(old, renamed)
      assert.strictEqual(old.policy.fallbackReserve, 0.25)
      assert.strictEqual(old.policy.rules?.Timeout?.next, "endpoint")
      assert.deepStrictEqual(notes, [])
      const places = [
        "policy",
        "providers.a.policy",
        'providers.a.models["m.1"].policy',
        "models.smart.policy"
      ]
      assert.deepStrictEqual(
        warnings,
        places.flatMap((place) => [
          `${place}.patience: renamed to maxWait; the old name still works`,
          `${place}.reserve: renamed to fallbackReserve; the old name still works`,
          `${place}.rules.Silent: renamed to Timeout; the old name still works`,
          `${place}.rules.Silent.next: renamed to "endpoint"; the old name still works`,
          `${place}.rules.Overloaded.next: renamed to "endpoint"; the old name still works`,
          `${place}.rules.MaxTokens.retry: renamed to "withoutOutputLimit"; the old name still works`
        ])
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("take values from the environment", () =>
    Effect.gen(function* () {
      const { policy } = yield* load(
        { providers: { a: { protocol: "openai" } }, policy: { reserve: "env:SHARE" } },
        { SHARE: "0.25" }
      )
      assert.strictEqual(policy.fallbackReserve, 0.25)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("are a problem beside the new names", () =>
    Effect.gen(function* () {
      const policy = { maxWait: 1, patience: 2, rules: { Timeout: {}, Silent: {} } }
      assert.deepStrictEqual(yield* problems({ policy, providers: { a: { protocol: "openai" } } }), [
        "4 policy.patience: was renamed to maxWait, which is here too; remove one",
        "7 policy.rules.Silent: was renamed to Timeout, which is here too; remove one"
      ])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("are in the paths of problems with their values", () =>
    Effect.gen(function* () {
      const policy = { patience: "soon", rules: { Silent: { next: "plaice" } } }
      const found = yield* problems({ policy, providers: { a: { protocol: "openai" } } })
      assert.deepStrictEqual(
        found.map((problem) => problem.split(": ")[0]),
        ["3 policy.patience", "6 policy.rules.Silent.next"]
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("are unknown outside of policies", () =>
    Effect.gen(function* () {
      const found = yield* problems({ providers: { a: { protocol: "openai", patience: 1 } }, reserve: 1 })
      assert.lengthOf(found, 2)
      for (const problem of found) assert.include(problem, "there is no such field")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("are looked for in anything that is JSON", () =>
    Effect.gen(function* () {
      for (const config of [null, [], "x", { policy: [], models: 1, providers: { a: null, b: [] } }]) {
        assert.isNotEmpty(yield* problems(config))
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
