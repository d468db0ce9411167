/** Dialects in a config file: which are accepted, and which are reported, with the path. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { check as structure } from "../../src/config/file/Structure.ts"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import { check } from "../../src/config/Semantics.ts"

const file = (dialect: unknown, protocol = "openai") => ({
  providers: { box: { protocol, dialect, models: { large: {} } } }
})

const problems = (given: unknown) => [
  ...Result.match(structure(given), { onSuccess: () => [], onFailure: (found) => [...found] }),
  ...check(given).problems
]

const problem = (dialect: unknown, protocol?: string) =>
  problems(file(dialect, protocol)).map(({ message, path }) => `${path.join(".")}: ${message}`)

describe("a dialect in a config file", () => {
  it("is the name of a row or an object of rules, beside a provider, a model of it, or a chain", () => {
    const given = {
      providers: {
        box: {
          protocol: "openai",
          dialect: "vllm",
          models: { large: { dialect: { images: false } } }
        }
      },
      models: { smart: { chain: ["box/large", "box/small"], dialect: { callIdLongest: 20 } } }
    } as const
    assert.deepStrictEqual(problems(given), [])
    assert.deepStrictEqual(fromFile(given, []).providers[0]?.dialect, {
      all: "vllm",
      models: { large: [{ callIdLongest: 20 }, { images: false }], small: [{ callIdLongest: 20 }] }
    })
  })

  it("that is unknown is a problem, with a suggestion", () => {
    const [first] = problem("mistrall")
    assert.strictEqual(
      first,
      "providers.box.dialect: there is no dialect of that name; did you mean mistral?"
    )
    assert.match(problem({ row: "nobody" })[0] ?? "", /^providers\.box\.dialect\.row: .*\(known: openai, /)
  })

  it("is also suggested for a product, a host, a family of models", () => {
    for (const [said, row] of [
      ["dashscop", "qwen"],
      ["azure-openai", "azure"],
      ["google", "gemini"],
      ["vertex-ai", "gemini"],
      ["claude", "anthropic"],
      ["Claude-Sonnet", "anthropic"],
      ["gpt", "openai"],
      ["copilot", "github"],
      ["kimi", "moonshot"],
      ["zhipu", "glm"],
      ["grok", "xai"],
      ["llama.cpp", "llamacpp"],
      ["lm_studio", "lmstudio"],
      ["vLLM-server", "vllm"]
    ]) {
      assert.deepStrictEqual(problem({ row: said }), [
        `providers.box.dialect.row: there is no dialect of that name; did you mean ${row}?`
      ])
    }
  })

  it("with an unknown rule is a problem with its path", () => {
    assert.match(problem({ sistem: "first" })[0] ?? "", /^providers\.box\.dialect(?:\.sistem)?: /)
    assert.match(problem({ system: "last" })[0] ?? "", /^providers\.box\.dialect/)
  })

  it("that contradicts itself is a problem with its path", () => {
    assert.deepStrictEqual(problem({ callIdShortest: 12, callIdLongest: 8 }), [
      "providers.box.dialect.callIdShortest: the shortest id is longer than the longest"
    ])
    assert.match(
      problem({ toolNameCharacters: "z-a" })[0] ?? "",
      /dialect\.toolNameCharacters: must be the inside/
    )
    assert.match(problem({ thoughtField: "", thoughtsBack: "calls" })[0] ?? "", /dialect\.thoughtsBack: /)
  })

  it("of another protocol is a problem", () => {
    assert.deepStrictEqual(problem("anthropic"), [
      "providers.box.dialect: is a dialect of the protocol anthropic, and the provider uses the protocol openai"
    ])
    assert.match(
      problem({ tokenCap: "max_tokens" }, "anthropic")[0] ?? "",
      /dialect\.tokenCap: has no effect/
    )
  })
})
