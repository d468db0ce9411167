/** How models and bench keys are written. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as BenchKey from "../../src/domain/BenchKey.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as ModelSpec from "../../src/domain/ModelSpec.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Policy from "../../src/policy/Policy.ts"

const Name = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/))
const ModelName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9:@._-]{1,8}(\/[A-Za-z0-9:@._-]{1,8}){0,2}$/)
)

describe("a model's spec", () => {
  it("is a provider and, after the first slash, the model, slashes and all", () => {
    assert.deepStrictEqual(ModelSpec.parse("openrouter/meta-llama/llama-4:free"), {
      provider: "openrouter",
      model: "meta-llama/llama-4:free"
    })
  })

  it("may have blanks around it", () => {
    assert.deepStrictEqual(ModelSpec.parse("  a/b\n"), { provider: "a", model: "b" })
  })

  it.each(["", "gpt-5.2", "/gpt-5.2", "openai/", " / ", "open ai/m", "open#ai/m", "-/m", "ä/m", "\u0000/m"])(
    "is not %j",
    (text) => {
      assert.isUndefined(ModelSpec.parse(text))
    }
  )

  it.prop("reads what it writes", [Name, ModelName], ([provider, model]) => {
    const spec = ModelSpec.make(provider, model)
    assert.deepStrictEqual(ModelSpec.parse(ModelSpec.format(spec)), spec)
  })

  it.prop("reads any text without a throw", [Schema.String], ([text]) => {
    const spec = ModelSpec.parse(text)
    if (spec !== undefined) assert.strictEqual(ModelSpec.format(spec), text.trim())
  })
})

describe("a bench key", () => {
  it("names a target, a key with all its models, a model with all its keys, or a provider", () => {
    const scopes = ["openai/gpt-5.2#backup", "openai#backup", "openai/gpt-5.2", "openai"].map((key) =>
      BenchKey.scopeOf(BenchKey.parse(key)!)
    )
    assert.deepStrictEqual(scopes, ["target", "credential", "model", "provider"])
  })

  it.each(["", "#backup", "/gpt", "openai#", "openai/", "open ai", "openai#back up"])("is not %j", (text) => {
    assert.isUndefined(BenchKey.parse(text))
  })

  it("takes the last # as the separator, so that models may contain one", () => {
    assert.deepStrictEqual(BenchKey.parse("a/b#c#d"), { provider: "a", model: "b#c", credential: "d" })
    assert.deepStrictEqual(BenchKey.parse("a/b# c"), { provider: "a", model: "b# c", credential: undefined })
  })

  const Parts = Schema.Struct({
    provider: Name,
    model: Schema.UndefinedOr(ModelName),
    credential: Schema.UndefinedOr(Name)
  })
  it.prop("reads what it writes", [Parts], ([parts]) => {
    assert.deepStrictEqual(BenchKey.parse(BenchKey.format(parts)), parts)
  })

  it.prop("reads any text without a throw, and writes it as it was", [Schema.String], ([text]) => {
    const parts = BenchKey.parse(text)
    if (parts !== undefined) assert.strictEqual(BenchKey.format(parts), text.trim())
  })
})

describe("a target", () => {
  const target = (options: { readonly baseUrl?: string; readonly own?: string }) =>
    Target.make({
      provider: "a",
      model: "m/x",
      credential: Credential.make("k", { baseUrl: options.own }),
      baseUrl: options.baseUrl,
      policy: Policy.defaults
    })

  it("has all the bench keys that can bench it", () => {
    assert.deepStrictEqual([...target({}).allBenchKeys].sort(), ["a", "a#k", "a/m/x", "a/m/x#k"])
    for (const [scope, key] of Object.entries(target({}).benchKeys)) {
      assert.strictEqual(BenchKey.scopeOf(BenchKey.parse(key)!), scope)
    }
  })

  it("is at its key's base URL, else at its provider's, else at its provider", () => {
    assert.strictEqual(target({ own: "https://own", baseUrl: "https://all" }).endpoint, "https://own")
    assert.strictEqual(target({ baseUrl: "https://all" }).endpoint, "https://all")
    assert.strictEqual(target({}).endpoint, "a")
  })

  it("does not print its key's secret", () => {
    const secret = Target.make({
      provider: "a",
      model: "m",
      credential: Credential.make("k", { apiKey: "sk-very-secret" }),
      policy: Policy.defaults
    })
    assert.notInclude(JSON.stringify(secret), "sk-very-secret")
    assert.notInclude(String(secret.credential.apiKey), "sk-very-secret")
  })
})
