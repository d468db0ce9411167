/** What a runtime prepares for a chain: the targets of its models, and the groups of equals. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import { type PreparedChain, prepare } from "../../src/candidates/PreparedChain.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as ProviderService from "../../src/domain/ProviderService.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { make } from "../support/Random.ts"

class Hosted extends ProviderService.Service<Hosted, Scripted.Scripted>()("hosted") {}

/** A provider whose credentials have these weights. Without weights it has one credential. */
const provider = (name: string, weights: Readonly<Record<string, number>> = { k: 1 }) => {
  const [first, ...others] = Object.entries(weights).map(([key, weight]) => Credential.make(key, { weight }))
  return Scripted.make(name, [["fine"]], { credentials: [first!, ...others], strategy: "weighted" })
}
const of = (backend: Scripted.Scripted, model = "m") => Model.make(backend, model)
const two = { 1: 1, 2: 1 }

/** The targets of each tier, as seen with this context. */
const targetsOf = <R>({ tiers }: PreparedChain<Scripted.Scripted, R>, context: Context.Context<R>) =>
  tiers.map((tier) => tier.targetsIn(context))
const hosted = (weights?: Readonly<Record<string, number>>) =>
  Context.make(Hosted, provider("hosted", weights))

describe("the targets of a chain", () => {
  it("include one for each enabled credential", () => {
    const off = Credential.make("off", { enabled: false })
    const a = Scripted.make("a", [["fine"]], { credentials: [off, Credential.make("on")] })
    assert.deepStrictEqual(
      targetsOf(prepare(Chain.make(of(a)), []), Context.empty()).map((list) => list.map(({ key }) => key)),
      [["a/m#on"]]
    )
  })

  it("have equals if their tier has another model or their model another credential", () => {
    const off = [Credential.make("on"), Credential.make("off", { enabled: false })] as const
    const chain = Chain.make(
      of(provider("alone")),
      of(Scripted.make("switched", [["fine"]], { credentials: off })),
      of(provider("keys", two)),
      Chain.equals(of(provider("b")), of(provider("c")))
    )
    const all = targetsOf(prepare(chain, []), Context.empty()).flat()
    assert.deepStrictEqual(
      all.filter(({ hasEquals }) => hasEquals).map(({ key }) => key),
      ["keys/m#1", "keys/m#2", "b/m#k", "c/m#k"]
    )
  })

  it("keep their backend for a run that goes on while another run uses another service", () => {
    const [tier] = prepare(Chain.make(Chain.equals(Hosted.model("m"), Hosted.model("n"))), []).tiers
    const [old, other] = [hosted(), hosted()]
    const before = tier!.targetsIn(old)
    const after = tier!.targetsIn(other)
    for (const target of before) assert.strictEqual(tier!.backendOf(target, old), Context.get(old, Hosted))
    for (const target of after) assert.strictEqual(tier!.backendOf(target, other), Context.get(other, Hosted))
  })

  it("are the same for each request, and new ones when a service is replaced", () => {
    const chain = Chain.make(Chain.equals(of(provider("a")), Hosted.model("m")), Hosted.model("n"))
    const prepared = prepare(chain, [])
    const context = hosted()
    const before = targetsOf(prepared, context)
    assert.deepStrictEqual(
      targetsOf(prepared, context).map((list, i) => list === before[i]),
      [true, true]
    )
    const [equals, single] = targetsOf(prepared, hosted({ other: 1 }))
    assert.deepStrictEqual(
      equals!.map(({ key }) => key),
      ["a/m#k", "hosted/m#other"]
    )
    assert.strictEqual(equals![0], before[0]![0], "the targets of a model of its own backend stay")
    assert.deepStrictEqual(
      single!.map(({ key }) => key),
      ["hosted/n#other"]
    )
  })

  it("belong to the backend that they were made of", () => {
    const a = provider("a")
    const prepared = prepare(Chain.make(Chain.equals(of(a), Hosted.model("m"))), [])
    const context = hosted()
    const [tier] = prepared.tiers
    const [ofA, ofHosted] = tier!.targetsIn(context)
    assert.strictEqual(tier!.backendOf(ofA!, context), a)
    assert.strictEqual(tier!.backendOf(ofHosted!, context), Context.get(context, Hosted))
  })

  it("are reported with their backend once, and again when a service is replaced", () => {
    const told: Array<string> = []
    const chain = Chain.make(of(provider("a")), Hosted.model("m"))
    const prepared = prepare(chain, [], new SignalsOf(), (name, { credentials }) => {
      told.push(`${name} ${credentials.map(({ name }) => name)}`)
    })
    for (const context of [hosted(), hosted(two)]) {
      targetsOf(prepared, context)
      targetsOf(prepared, context)
    }
    assert.deepStrictEqual(told, ["a k", "hosted k", "hosted 1,2"])
  })
})

describe("a chain", () => {
  it("is fixed if all of its models have their backends", () => {
    assert.isTrue(prepare(Chain.make(of(provider("a")), of(provider("b"))), []).isFixed)
    assert.isFalse(prepare(Chain.make(of(provider("a")), Hosted.model("m")), []).isFixed)
  })

  it("names the turns of a tier by the backend, and by its models if it has several", () => {
    const a = provider("a")
    const chain = Chain.make(of(a), of(a, "n"), Chain.equals(of(provider("b")), of(provider("c"))))
    const [first, second, third] = prepare(chain, []).tiers.map(({ name }) => name)
    assert.strictEqual(first, second, "models of a backend share their turns")
    assert.strictEqual(third, "b/m|c/m")
  })

  it("orders the credentials of a model by its backend's strategy, and equals by their load or by the tier's strategy", () => {
    const tier = Chain.equals(of(provider("b")), of(provider("c")))
    const strategies = (chain: Chain.Chain<Scripted.Scripted>) =>
      prepare(chain, []).tiers.map((tier) => tier.strategyIn(Context.empty()))
    assert.deepStrictEqual(strategies(Chain.make(of(provider("a")), tier)), ["weighted", "leastLoaded"])
    assert.deepStrictEqual(strategies(Chain.withStrategy(Chain.make(of(provider("a")), tier), "random")), [
      "weighted",
      "random"
    ])
  })
})

describe("equals", () => {
  it("share a group, so that a failing one can be ejected; a single target has none", () => {
    const signals = new SignalsOf()
    const chain = Chain.make(of(provider("a", two)), of(provider("b")))
    const [both, single] = targetsOf(prepare(chain, [], signals), Context.empty())
    for (const target of both!) {
      assert.strictEqual(signals.groups.get(target)?.items, both)
      assert.deepStrictEqual(
        signals.groups.get(target)?.signals,
        both!.map((each) => signals.ofTarget(each))
      )
    }
    assert.isUndefined(signals.groups.get(single![0]!))
  })

  /** The share of requests that call each target first, in percent. */
  const shares = (chain: Chain.Chain<Scripted.Scripted>) => {
    const [tier] = prepare(chain, []).tiers
    const targets = tier!.targetsIn(Context.empty())
    const equals = tier!.equalsOf(targets)
    assert.strictEqual(tier!.equalsOf(targets), equals, "they are made once")
    const random = make(1)
    const request = { chance: random.next } as Parameters<typeof equals.order>[2]
    const first = new Map(targets.map(({ key }) => [key, 0]))
    for (let i = 0; i < 4_000; i++) {
      const { key } = equals.order("weighted", undefined, request).at(0)!
      first.set(key, first.get(key)! + 1 / 40)
    }
    return [...first.values()]
  }

  it.each([
    {
      what: "of one model by the weights of its credentials",
      chain: () => Chain.make(of(provider("a", { 1: 1, 2: 3 }))),
      expected: [25, 75]
    },
    {
      what: "of several models by the models' weights, divided among the credentials of each",
      chain: () =>
        Chain.equals(Model.withWeight(of(provider("a", { 1: 1, 2: 3 })), 3), of(provider("b", { 1: 7 }))),
      expected: [18.75, 56.25, 25]
    },
    {
      what: "of several models without those whose credentials have no weight",
      chain: () => Chain.equals(of(provider("a", { 1: 0, 2: 0 })), of(provider("b")), of(provider("c"))),
      expected: [0, 0, 50, 50]
    }
  ])("are drawn $what", ({ chain, expected }) => {
    for (const [i, share] of shares(chain()).entries()) assert.closeTo(share, expected[i]!, 2.5)
  })
})
