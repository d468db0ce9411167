import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Catalog from "../../src/catalog/Catalog.ts"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"

const provider = (name: string, protocol = "openai", fallbackModels: ReadonlyArray<string> = []) => ({
  backend: Backend.make(name, protocol),
  fallbackModels
})

type Service = ReturnType<typeof provider>["backend"]

const make = (options: Catalog.Options<Service>) => Result.getOrThrow(Catalog.make(options))

const specs = (result: Result.Result<Chain.Chain<Service>, unknown>) => Chain.specs(Result.getOrThrow(result))

const problems = (options: Catalog.Options<Service>) => {
  const made = Catalog.make(options)
  return Result.isFailure(made)
    ? made.failure.problems.map(({ message, path }) => `${path.join(".")}: ${message}`)
    : []
}

describe("a catalog", () => {
  it("puts a request's own models first, then its fallbacks, then those of the providers, then the global ones", () => {
    const catalog = make({
      providers: [provider("a", "openai", ["a2"]), provider("b", "openai", ["b2", "b3"]), provider("c")],
      models: { smart: { chain: ["a/1", "b/1"] } },
      fallbacks: ["c/last"]
    })
    assert.deepStrictEqual(specs(catalog.resolve("smart", { fallbacks: ["c/mine"] })), [
      "a/1",
      "b/1",
      "c/mine",
      "a/a2",
      "b/b2",
      "b/b3",
      "c/last"
    ])
  })

  it("trims names and keeps the first of a repeated one", () => {
    const catalog = make({
      providers: [provider("a"), provider("b")],
      models: { smart: { chain: [" a/1 ", "b/1", "a/1"] } },
      fallbacks: ["b/1", " a/2"]
    })
    assert.deepStrictEqual(specs(catalog.resolve(" smart ")), ["a/1", "b/1", "a/2"])
  })

  it("flattens virtual models inside of lists, without their special chains", () => {
    const catalog = make({
      providers: [provider("a"), provider("b")],
      models: {
        smart: { chain: ["inner", "b/9"], onContentPolicy: ["inner"] },
        inner: { chain: ["a/1", "b/1"], onContextExceeded: ["b/large"] }
      },
      fallbacks: ["inner"]
    })
    const chain = Result.getOrThrow(catalog.resolve("smart"))
    assert.deepStrictEqual(Chain.specs(chain), ["a/1", "b/1", "b/9"])
    assert.isUndefined(chain.onContextExceeded)
    assert.deepStrictEqual(Chain.specs(chain.onContentPolicy!), ["a/1", "b/1"])
    assert.deepStrictEqual(Chain.specs(Result.getOrThrow(catalog.resolve("inner")).onContextExceeded!), [
      "b/large"
    ])
  })

  it("uses a virtual model instead of the spec with its name", () => {
    const catalog = make({
      providers: [provider("a"), provider("b")],
      models: { "a/1": { chain: ["a/1", "b/1"] } }
    })
    assert.deepStrictEqual(specs(catalog.resolve("a/1")), ["a/1", "b/1"])
  })

  it("takes everything behind the first slash of a spec as the model", () => {
    const catalog = make({ providers: [provider("router")] })
    assert.deepStrictEqual(specs(catalog.resolve("router/meta/llama-4#x")), ["router/meta/llama-4#x"])
  })

  it("refuses other names, and lists the known ones", () => {
    const catalog = make({ providers: [provider("a")], models: { smart: { chain: ["a/1"] } } })
    for (const name of ["smrt", "b/1", "a", "a/", "", "constructor", "__proto__"]) {
      const result = catalog.resolve(name)
      assert.isTrue(Result.isFailure(result) && result.failure.model === name, name)
    }
    const fallback = catalog.resolve("smart", { fallbacks: ["a/2", "nobody/1"] })
    assert.isTrue(Result.isFailure(fallback) && fallback.failure.model === "nobody/1")
    assert.isTrue(Result.isFailure(fallback) && fallback.failure.known.includes("smart"))
  })

  it("with named models only takes no specs from requests, neither as model nor as fallback", () => {
    const catalog = make({
      providers: [provider("a")],
      models: { smart: { chain: ["a/1"] } },
      namedModelsOnly: true
    })
    assert.deepStrictEqual(specs(catalog.resolve("smart")), ["a/1"])
    assert.isTrue(Result.isFailure(catalog.resolve("a/1")))
    assert.isTrue(Result.isFailure(catalog.resolve("smart", { fallbacks: ["a/2"] })))
  })

  it("skips unknown models if requested, as long as a model is left", () => {
    const catalog = make({ providers: [provider("a")], models: { smart: { chain: ["a/1"] } } })
    const options = { fallbacks: ["nobody/1", "a/2"], unknown: "skip" } as const
    assert.deepStrictEqual(specs(catalog.resolve("smart", options)), ["a/1", "a/2"])
    assert.deepStrictEqual(specs(catalog.resolve("nobody/0", options)), ["a/2"])
    assert.isTrue(Result.isFailure(catalog.resolve("nobody/0", { unknown: "skip" })))
    assert.isTrue(Result.isFailure(catalog.resolve("smart", { fallbacks: ["nobody/1"] })))
  })

  it("makes a chain of a list, without the fallbacks of requests", () => {
    const catalog = make({
      providers: [provider("a", "openai", ["9"]), provider("b")],
      models: { smart: { chain: ["a/1", "b/1"] } },
      fallbacks: ["b/9"],
      namedModelsOnly: true
    })
    const expected = ["a/1", "b/1", "b/2"]
    assert.deepStrictEqual(specs(catalog.chain(["smart", " a/1", "b/2"])), expected)
    assert.deepStrictEqual(specs(catalog.chain("smart, a/1,, b/2,")), expected)
    assert.strictEqual(
      Result.getOrThrow(Result.flip(catalog.chain([]))).message,
      "a chain needs at least one model"
    )
    assert.strictEqual(
      Result.getOrThrow(Result.flip(catalog.chain(["a/1", " "]))).message,
      "link 2 of the chain is blank"
    )
    const stranger = Result.getOrThrow(Result.flip(catalog.chain("a/1, nobody/1")))
    assert.strictEqual(stranger._tag, "UnknownModel")
  })

  it("reports which providers have a fallback", () => {
    const two = { credentials: [Credential.make("x"), Credential.make("y")] } as const
    const off = { credentials: [Credential.make("x"), Credential.make("y", { enabled: false })] } as const
    const providers = [
      { backend: Backend.make("alone", "openai") },
      { backend: Backend.make("two", "openai", two) },
      { backend: Backend.make("off", "openai", off) },
      provider("more", "openai", ["9"])
    ]
    const catalog = make({ providers })
    assert.deepStrictEqual(["alone", "two", "off", "more", "nobody"].map(catalog.hasFailover), [
      false,
      true,
      false,
      true,
      false
    ])
    assert.isTrue(make({ providers, fallbacks: ["more/1"] }).hasFailover("alone"))
    assert.strictEqual(catalog.provider("two"), providers[1])
    assert.isUndefined(catalog.provider("nobody"))
  })

  it("leaves out configured fallbacks if requested", () => {
    const catalog = make({ providers: [provider("a"), provider("c", "openai", ["c2"])], fallbacks: ["a/9"] })
    assert.deepStrictEqual(specs(catalog.resolve("c/1")), ["c/1", "c/c2", "a/9"])
    assert.deepStrictEqual(specs(catalog.resolve("c/1", { configured: false })), ["c/1"])
  })

  it("returns the same chain for the same names, and drops the oldest of more than a thousand", () => {
    const catalog = make({ providers: [provider("a")] })
    const first = Result.getOrThrow(catalog.resolve("a/1", { fallbacks: ["a/2"] }))
    assert.strictEqual(Result.getOrThrow(catalog.resolve("a/1", { fallbacks: ["a/2"] })), first)
    assert.notStrictEqual(Result.getOrThrow(catalog.resolve("a/1", { fallbacks: ["a/3"] })), first)
    for (let index = 0; index <= Catalog.capacity; index++) catalog.resolve(`a/other-${index}`)
    assert.notStrictEqual(Result.getOrThrow(catalog.resolve("a/1", { fallbacks: ["a/2"] })), first)
  })

  it("gives models their configured options", () => {
    const catalog = make({
      providers: [{ backend: Backend.make("a", "openai"), models: { big: { contextWindow: 1_000_000 } } }]
    })
    const [big] = Result.getOrThrow(catalog.resolve("a/big")).models
    const [other] = Result.getOrThrow(catalog.resolve("a/toString")).models
    assert.strictEqual(big?.contextWindow, 1_000_000)
    assert.isUndefined(other?.contextWindow)
  })

  it("is refused with every unknown link, every circle and every empty chain", () => {
    const found = problems({
      providers: [provider("a")],
      models: {
        x: { chain: ["y"] },
        y: { chain: ["a/1", "x"] },
        z: { chain: [], onContextExceeded: ["nowhere"] },
        ring: { chain: ["ring"] },
        tail: { chain: ["x"] }
      },
      fallbacks: ["a/1", "b/1"]
    })
    assert.deepStrictEqual(
      found.map((line) => line.split(":")[0]),
      [
        "models.x.chain.0",
        "models.z.chain",
        "models.z.onContextExceeded.0",
        "models.ring.chain.0",
        "fallbacks.1"
      ]
    )
    assert.include(found[0], "x → y → x")
    assert.include(found.at(-1), '"b"')
  })

  it("is refused at once when its names expand to more models than fit, or are nested too deep", () => {
    const nested = (depth: number, each: (next: string) => ReadonlyArray<string>) =>
      Object.fromEntries([
        ...Array.from({ length: depth }, (_, index) => [`m${index}`, { chain: each(`m${index + 1}`) }]),
        [`m${depth}`, { chain: ["a/1"] }]
      ])
    const twice = problems({ providers: [provider("a")], models: nested(40, (next) => [next, next]) })
    const message = "stands for more than 1000000 models, or nests names more than 100 deep"
    assert.deepStrictEqual(twice.at(-1), `models.m20.chain: ${message}`)
    assert.lengthOf(twice, 21)
    const deep = problems({ providers: [provider("a")], models: nested(3_000, (next) => [next]) })
    assert.strictEqual(deep[0], `models.m0.chain: ${message}`)
    assert.isUndefined(deep.find((line) => !line.endsWith(message)))
    assert.deepStrictEqual(problems({ providers: [provider("a")], models: nested(99, (next) => [next]) }), [])
    // The order in which the names are written makes no difference.
    const reversed = (depth: number) => {
      const models: Readonly<Record<string, Catalog.VirtualModel>> = nested(depth, (next) => [next])
      return Object.fromEntries(Object.entries(models).reverse())
    }
    assert.lengthOf(problems({ providers: [provider("a")], models: nested(3_000, (next) => [next]) }), 2_901)
    assert.lengthOf(problems({ providers: [provider("a")], models: reversed(3_000) }), 2_901)
    assert.deepStrictEqual(problems({ providers: [provider("a")], models: reversed(99) }), [])
  })

  it("is refused when two of its providers have one name", () => {
    assert.deepStrictEqual(problems({ providers: [provider("a"), provider("b"), provider("a")] }), [
      'providers.2: two providers are called "a"; each needs a name of its own'
    ])
  })
})

describe("a model that no configuration names", () => {
  const catalog = make({
    providers: [
      { ...provider("a", "openai", [" spare "]), models: { known: { contextWindow: 1_000 } } },
      provider("b")
    ],
    models: {
      smart: { chain: [" a/1 ", "b/1"], onContextExceeded: ["b/large"], onContentPolicy: ["b/free"] }
    },
    fallbacks: ["b/last"]
  })
  const unlisted = (name: string, fallbacks: ReadonlyArray<string> = []) =>
    Result.getOrThrow(catalog.resolve(name, { fallbacks }))
      .models.filter((model) => model.unlisted === true)
      .map(({ spec }) => `${spec.provider}/${spec.model}`)

  it("is marked as unlisted wherever a request names it, so that its entries are bounded", () => {
    assert.deepStrictEqual(unlisted("a/made-up"), ["a/made-up"])
    assert.deepStrictEqual(unlisted("smart", ["b/made-up"]), ["b/made-up"])
  })

  it("is not one from a chain, the fallbacks, a provider or a special chain", () => {
    for (const name of ["smart", "a/1", "a/known", "a/spare", "b/large", "b/free", "b/last"]) {
      assert.deepStrictEqual(unlisted(name), [], name)
    }
  })

  it("counts as configured in a chain from code", () => {
    const [model] = Result.getOrThrow(catalog.chain("a/by-code")).models
    assert.isUndefined(model?.unlisted)
  })
})
