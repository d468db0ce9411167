/** Equal models in a config file. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Load from "../../src/config/Load.ts"
import { Backend, Catalog, Chain } from "../../src/index.ts"

const providers = {
  openai: { protocol: "openai", models: { "gpt-5.2": { contextWindow: 400_000 } } },
  azure: {
    protocol: "openai",
    baseUrl: "http://127.0.0.1:9/v1",
    models: { "gpt-5.2": { contextWindow: 128_000 } }
  },
  anthropic: { protocol: "anthropic" }
}

const load = (config: object) =>
  Load.parse(JSON.stringify({ providers, ...config }), { file: "gateway.jsonc", folder: "/" })

const problems = (config: object) =>
  Effect.map(Effect.flip(load(config)), (error) =>
    error.problems.map(({ message, path }) => `${path}: ${message}`)
  )

const test = (name: string, effect: () => Effect.Effect<void, unknown, NodeServices.NodeServices>) =>
  it.effect(name, () => Effect.provide(effect(), NodeServices.layer))

/** The tiers of a name: the specs of each, with their weights where they have one, and its strategy. */
const tiersOf = (
  name: string,
  config: { models: Record<string, Catalog.VirtualModel>; fallbacks: ReadonlyArray<Catalog.Link> }
) => {
  const catalog = Result.getOrThrow(
    Catalog.make({
      providers: Object.keys(providers).map((provider) => ({ backend: Backend.make(provider, {}) })),
      models: config.models,
      fallbacks: config.fallbacks
    })
  )
  return Chain.tiersOf(Result.getOrThrow(catalog.resolve(name))).map(({ models, strategy }) => [
    models
      .map(({ spec, weight }) => `${spec.provider}/${spec.model}${weight === undefined ? "" : ` ${weight}`}`)
      .join(" | "),
    ...(strategy === undefined ? [] : [strategy])
  ])
}

describe("a tier in a config file", () => {
  test("is a list in the list, with weights and a strategy in its long forms", () =>
    Effect.gen(function* () {
      const config = yield* load({
        models: {
          smart: [["openai/gpt-5.2", "azure/gpt-5.2"], "anthropic/claude-sonnet-5"],
          canary: {
            chain: [
              [
                { model: "openai/gpt-5.2", weight: 95 },
                { model: "openai/gpt-6", weight: 5 }
              ]
            ]
          },
          turns: [{ equals: ["openai/gpt-5.2", "azure/gpt-5.2"], strategy: "roundRobin" }, "smart"],
          group: [["smart", "openai/o9"]]
        },
        fallbacks: [["openai/last", "azure/last"]]
      })
      const { fallbacks, models } = config
      const of = (name: string) => tiersOf(name, { models, fallbacks })
      const last = ["openai/last | azure/last"]
      assert.deepStrictEqual(of("smart"), [
        ["openai/gpt-5.2 | azure/gpt-5.2"],
        ["anthropic/claude-sonnet-5"],
        last
      ])
      assert.deepStrictEqual(of("canary"), [["openai/gpt-5.2 95 | openai/gpt-6 5"], last])
      assert.deepStrictEqual(of("turns"), [
        ["openai/gpt-5.2 | azure/gpt-5.2", "roundRobin"],
        ["anthropic/claude-sonnet-5"],
        last
      ])
      assert.deepStrictEqual(of("group"), [
        ["openai/gpt-5.2 | azure/gpt-5.2 | anthropic/claude-sonnet-5 | openai/o9"],
        last
      ])
      assert.strictEqual(
        Catalog.format(models.turns!.chain),
        "(openai/gpt-5.2 | azure/gpt-5.2) roundRobin, smart"
      )
    }))

  test("has its problems at their places", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* problems({
          models: {
            empty: [[], "openai/gpt-5.2"],
            none: [{ equals: [] }],
            wrong: [["openai/gpt-5.2", "opnai/gpt-5.2"], { equals: [{ model: "nothing" }] }],
            circle: [["circle", "openai/gpt-5.2"]],
            weightless: [[{ model: "openai/gpt-5.2", weight: 0 }]],
            text: [["openai/gpt-5.2, azure/gpt-5.2"], "openai/odd,name", "smart, openai/gpt-5.2"],
            smart: "openai/gpt-5.2, azure/gpt-5.2"
          },
          fallbacks: [["azur/gpt-5.2"]]
        }),
        [
          "models.empty[0]: the tier is empty; at least one model is needed",
          "models.none[0].equals: the tier is empty; at least one model is needed",
          'models.wrong[0][1]: there is no provider "opnai" (known: openai, azure, anthropic); did you mean openai?',
          'models.wrong[1].equals[0].model: "nothing" is neither a name from models nor a spec such as "provider/model"',
          "models.circle[0][0]: leads back to itself: circle → circle",
          "models.weightless[0]: all weights of the tier are 0; at least one has to be more",
          'models.text[0][0]: "openai/gpt-5.2, azure/gpt-5.2" holds 2 models; in a list each is a text of its own',
          'models.text[2]: "smart, openai/gpt-5.2" is neither a name from models nor a spec such as "provider/model"',
          'fallbacks[0][0]: there is no provider "azur" (known: openai, azure, anthropic); did you mean azure?'
        ]
      )
      assert.include(
        (yield* problems({ models: { m: [[{ model: "openai/gpt-5.2", weight: -1 }]] } })).join(),
        "models.m[0][0].weight: expected a number from 0"
      )
      assert.deepStrictEqual(yield* problems({ models: { m: [["openai/gpt-5.2", ["azure/gpt-5.2"]]] } }), [
        'models.m[0][1]: expected a model, or { "model": …, "weight": … }; a tier holds no tier'
      ])
      assert.deepStrictEqual(yield* problems({ policy: { ejection: { window: 0 } } }), [
        'policy.ejection.window: expected a duration above zero such as "250 millis" or "2 minutes", or a number of milliseconds'
      ])
      const late = "so no stream would be hedged"
      assert.deepStrictEqual(yield* problems({ policy: { hedge: { after: "40 seconds" } } }), [
        `policy.hedge.after: is not below timeouts.firstContent (30000 ms), ${late}`
      ])
      assert.deepStrictEqual(
        yield* problems({
          policy: { hedge: { otherwise: "20 seconds" } },
          models: {
            fast: { chain: ["openai/gpt-5.2"], policy: { timeouts: { firstContent: "10 seconds" } } },
            off: {
              chain: ["openai/gpt-5.2"],
              policy: { hedge: false, timeouts: { firstContent: "10 seconds" } }
            },
            slow: {
              chain: ["openai/gpt-5.2"],
              policy: { hedge: { after: "40 seconds" }, timeouts: { firstContent: "1 minute" } }
            }
          }
        }),
        [`models.fast.policy.timeouts.firstContent: is not above hedge.otherwise (20000 ms), ${late}`]
      )
      assert.match(
        (yield* problems({ policy: { hedge: { share: 2, after: "p0" } } })).join("; "),
        /policy\.hedge\.after: expected a percentile.*; policy\.hedge\.share: expected a number from 0 to 1/
      )
      assert.include(
        (yield* problems({ models: { m: [{ equals: ["openai/gpt-5.2"], strategy: "fastest" }] } })).join(),
        "models.m[0].strategy: expected"
      )
    }))

  test("logs a warning if its models are hardly the same", () =>
    Effect.gen(function* () {
      const { notes } = yield* load({
        models: {
          smart: [["openai/gpt-5.2", "azure/gpt-5.2"]],
          vectors: { chain: [{ equals: ["openai/text-embedding-3-small", "azure/text-embedding-3-large"] }] },
          same: [["openai/text-embedding-3-small", "azure/openai/text-embedding-3-small"]]
        }
      })
      assert.lengthOf(notes, 2)
      assert.match(
        notes[0]!,
        /^models\.smart\[0\]: these models have different context windows \(openai\/gpt-5\.2 400000, azure\/gpt-5\.2 128000\)/
      )
      assert.match(
        notes[1]!,
        /^models\.vectors\.chain\[0\]\.equals: embeddings of different models cannot be compared/
      )
    }))

  test("is worth a word where it names a model twice, or weights that its strategy does not use", () =>
    Effect.gen(function* () {
      const heavy = { model: "openai/gpt-5.2", weight: 3 }
      const equals = [heavy, "azure/gpt-5-mini"]
      const { notes } = yield* load({
        models: {
          twice: [["openai/gpt-5.2", heavy, "openai/gpt-5.2"]],
          order: [{ equals, strategy: "sequential" }],
          turns: [{ equals, strategy: "roundRobin" }],
          same: [
            { equals: [heavy, { model: "azure/gpt-5-mini", weight: 3 }], strategy: "sequential" },
            { equals, strategy: "weighted" },
            [heavy, "azure/gpt-5-mini"]
          ]
        }
      })
      assert.deepStrictEqual(notes, [
        "models.twice[0]: openai/gpt-5.2 is named 3 times in this tier; the first one counts",
        'models.order[0].equals: the strategy "sequential" does not use weights; "leastLoaded" and "weighted" do',
        'models.turns[0].equals: the strategy "roundRobin" uses weights for conversations only (affinity); "leastLoaded" and "weighted" use them always'
      ])
    }))
})

describe("hedges that would never happen", () => {
  const never = (path: string) =>
    `${path}.hedge: no tier has several targets, so nothing is hedged; "to": "chain" hedges at the next tier`
  const chain = ["openai/gpt-5.2", ["azure/gpt-5.2"], { equals: ["azure/gpt-5-mini"] }]

  test("are worth a word, at the policy of a chain and at that of all", () =>
    Effect.gen(function* () {
      const one = { chain, policy: { hedge: {} } }
      assert.deepStrictEqual((yield* load({ models: { one } })).notes, [never("models.one.policy")])
      const all = { models: { text: "openai/gpt-5.2, azure/gpt-5.2", list: chain }, policy: { hedge: {} } }
      assert.deepStrictEqual((yield* load(all)).notes, [never("policy")])
    }))

  test("are not found where a tier has several targets, a hedge may leave its tier, or a name hides what it is", () =>
    Effect.gen(function* () {
      const hedge = {}
      const credentials = [{ name: "one" }, { name: "two" }]
      const policy = { hedge }
      for (const more of [
        { models: { m: { chain: [["openai/gpt-5.2", "azure/gpt-5-mini"]], policy } } },
        { models: { m: { chain, policy: { hedge: { to: "chain" } } } } },
        { models: { m: { chain, policy } }, policy: { hedge: { to: "chain" } } },
        { models: { m: { chain, policy: { hedge: false } } } },
        { models: { m: chain, n: { chain, policy: { hedge: { to: "chain" } } } }, policy },
        { models: { m: { chain: ["n"], policy }, n: [["openai/gpt-5.2", "azure/gpt-5-mini"]] } },
        { models: { m: { chain, policy } }, fallbacks: [["openai/gpt-5.2", "azure/gpt-5-mini"]] },
        { models: { m: chain, n: [["openai/gpt-5.2", "azure/gpt-5-mini"]] }, policy },
        {
          providers: { openai: { protocol: "openai", credentials }, azure: { protocol: "openai" } },
          models: { m: { chain, policy } }
        },
        { policy }
      ]) {
        const { notes } = yield* load(more)
        assert.deepStrictEqual(
          notes.filter((note) => note.includes("nothing is hedged")),
          [],
          JSON.stringify(more)
        )
      }
    }))
})
