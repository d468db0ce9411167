/** The position in a chain, and the targets after the current one. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import { Exclusions } from "../../src/candidates/Exclusions.ts"
import * as Lookahead from "../../src/candidates/Lookahead.ts"
import { Position } from "../../src/candidates/Position.ts"
import { prepare } from "../../src/candidates/PreparedChain.ts"
import type { TierOrder } from "../../src/candidates/TierOrder.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import type { Target } from "../../src/domain/Target.ts"
import type * as Bench from "../../src/health/Bench.ts"
import * as Scripted from "../../src/testing/Scripted.ts"

const provider = (name: string, credentials = ["k"], baseUrls: ReadonlyArray<string> = []) => {
  const [first, ...rest] = credentials.map((credential, i) =>
    Credential.make(credential, baseUrls[i] === undefined ? {} : { baseUrl: baseUrls[i] })
  )
  return Scripted.make(name, [["fine"]], { credentials: [first!, ...rest] })
}
const of = (backend: Scripted.Scripted, model = "m", contextWindow?: number) =>
  Model.make(backend, model, contextWindow === undefined ? {} : { contextWindow })

/** Orders the targets of a tier backwards, and counts its calls. */
const backwards = () => {
  const asked = { of: 0, ahead: 0 }
  const order = {
    of: (_: unknown, targets: ReadonlyArray<Target>) => {
      asked.of++
      return targets.toReversed()
    },
    ahead: (_: unknown, targets: ReadonlyArray<Target>) => {
      asked.ahead++
      return targets.toReversed()
    }
  } as unknown as TierOrder<never>
  return { asked, ordering: () => order }
}

/** The candidates of a request in a chain. `out` cannot be called, `excluded` may not be tried. */
const start = (
  chain: Chain.Chain<Scripted.Scripted>,
  { excluded = [], out = [] }: { out?: ReadonlyArray<string>; excluded?: ReadonlyArray<string> } = {}
) => {
  const { asked, ordering } = backwards()
  const position = new Position(prepare(chain, []), Context.empty(), { ordering })
  const candidates: Lookahead.Candidates<Scripted.Scripted, never> = {
    position,
    ordering,
    allows: ({ key }) => !excluded.includes(key),
    why: ({ key }) => (out.includes(key) ? ({ _tag: "Benched", key } as Bench.Benched) : undefined)
  }
  return { asked, candidates, position }
}
const rest = (position: Position<Scripted.Scripted, never>, excluded?: Exclusions) => {
  const found: Array<string> = []
  for (let next = position.next(excluded); next !== undefined; next = position.next(excluded))
    found.push(next.key)
  return found.join(" ")
}

const [a, b, c] = [provider("a", ["1", "2"]), provider("b", ["1", "2"]), provider("c")]
/** A model with two credentials, then two equals with two credentials each, then a model with one credential. */
const long = () => Chain.make(of(a), Chain.equals(of(a, "n"), of(b)), of(c))

describe("the way through a chain", () => {
  it("goes tier by tier, in the order of each with several targets", () => {
    const { asked, position } = start(long())
    assert.strictEqual(rest(position), "a/m#2 a/m#1 b/m#2 b/m#1 a/n#2 a/n#1 c/m#k")
    assert.strictEqual(asked.of, 2)
    assert.isUndefined(position.next(undefined))
    position.rewind()
    assert.strictEqual(rest(position), "a/m#2 a/m#1 b/m#2 b/m#1 a/n#2 a/n#1 c/m#k")
  })

  it("has the backend of each target of the tier", () => {
    const { position } = start(long())
    const backends: Array<string> = []
    for (let next = position.next(undefined); next !== undefined; next = position.next(undefined)) {
      backends.push(position.backendOf(next).name)
    }
    assert.deepStrictEqual(backends, ["a", "a", "b", "b", "a", "a", "c"])
  })

  it("passes over a model whose window is too small, where it is alone in its tier", () => {
    const excluded = new Exclusions()
    excluded.needWindow({ contextWindow: undefined } as Target, { actual: 100 } as never)
    const chain = Chain.make(of(a, "m", 99), Chain.equals(of(b, "m", 99), of(c, "n", 100)), of(c, "m", 100))
    assert.strictEqual(rest(start(chain).position, excluded), "c/n#k b/m#2 b/m#1 c/m#k")
    assert.strictEqual(rest(start(chain).position, new Exclusions()), "a/m#2 a/m#1 c/n#k b/m#2 b/m#1 c/m#k")
  })

  it("leaves the other credentials of a model that was left, in this tier", () => {
    const { position } = start(Chain.make(Chain.equals(of(a), of(b)), of(c)))
    const first = position.next(undefined)!
    assert.strictEqual(first.key, "b/m#2")
    position.leave(first, "model")
    assert.isTrue(position.hasLeft(first))
    assert.strictEqual(position.next(undefined)?.key, "a/m#2")
    position.leave(first, "model")
    assert.strictEqual(rest(position), "a/m#1 c/m#k")
    assert.isFalse(position.hasLeft(first))
    assert.isTrue(position.hasLeftForGood(first))
    position.rewind()
    assert.isTrue(position.hasLeftForGood(first))
    assert.strictEqual(position.next(undefined)?.key, "b/m#2")
    position.switchTo(prepare(Chain.make(of(c), of(a)), []))
    assert.isFalse(position.hasLeftForGood(first))
    assert.strictEqual(rest(position), "c/m#k a/m#2 a/m#1")
  })

  it("stays at the model when a credential is left", () => {
    const { position } = start(Chain.make(of(a)))
    const first = position.next(undefined)!
    position.leave(first, "credential")
    assert.deepStrictEqual([position.hasLeft(first), position.hasLeftForGood(first)], [false, false])
    assert.deepStrictEqual([position.avoids(first), rest(position)], [false, "a/m#1"])
  })

  it("avoids the endpoint of a target that was left for it, until the next tier", () => {
    const same = provider("s", ["1", "2", "3"], ["https://x.test", "https://y.test", "https://x.test"])
    const { position } = start(Chain.make(of(same), of(same, "n")))
    const third = position.next(undefined)!
    position.leave(third, "endpoint")
    const [second, first] = [position.next(undefined)!, position.next(undefined)!]
    assert.deepStrictEqual(
      [third, second, first].map((target) => position.avoids(target)),
      [true, false, true]
    )
    const next = position.next(undefined)!
    assert.strictEqual(next.key, "s/n#3")
    assert.isFalse(position.avoids(third))
    position.leave(next, "endpoint")
    position.rewind()
    assert.isFalse(position.avoids(third))
  })
})

describe("what comes next", () => {
  const key = (found: { readonly target: Target } | undefined) => found?.target.key

  it("has a sibling as long as another credential or an equal can be called", () => {
    for (const [out, excluded, expected] of [
      [[], [], true],
      [["a/m#1"], [], false],
      [[], ["a/m#1"], false]
    ] as const) {
      const { candidates, position } = start(Chain.make(of(a), of(b)), { out, excluded })
      assert.strictEqual(position.next(undefined)?.key, "a/m#2")
      assert.strictEqual(Lookahead.hasSibling(candidates), expected)
    }
  })

  it("has no sibling of a model that was left, or at an endpoint that is avoided", () => {
    const left = start(Chain.make(of(a), of(b)))
    left.position.leave(left.position.next(undefined)!, "model")
    assert.isFalse(Lookahead.hasSibling(left.candidates))
    const avoided = start(Chain.make(of(a), of(b)))
    avoided.position.leave(avoided.position.next(undefined)!, "endpoint")
    assert.isFalse(Lookahead.hasSibling(avoided.candidates))
    const next = Lookahead.find(avoided.candidates, "chain", () => true)
    assert.deepStrictEqual([key(next), next?.tier.single?.model.spec.provider], ["b/m#2", "b"])
  })

  it.each([
    { out: [], expected: "a/m" },
    { out: ["a/m#1"], expected: "a/n" },
    // The listed order is enough if the tier has one model. Otherwise the tier's own order counts.
    { out: ["a/m#1", "b/m#1", "b/m#2"], expected: "a/n" },
    { out: ["a/m#1", "a/n#1", "a/n#2"], expected: "b/m" },
    { out: ["a/m#1", "a/n#1", "a/n#2", "b/m#1", "b/m#2"], expected: "c/m" },
    { out: ["a/m#1", "a/n#1", "a/n#2", "b/m#1", "b/m#2", "c/m#k"], expected: undefined }
  ])("while $out are out is $expected", ({ expected, out }) => {
    const { candidates, position } = start(long(), { out })
    position.next(undefined)
    const following = Lookahead.following(candidates)
    // The equals are tried backwards: b before a's other model.
    assert.strictEqual(following, expected === "a/n" && out.length === 1 ? "b/m" : expected)
  })

  it("does not compute the order of a later tier of one model", () => {
    const { asked, candidates, position } = start(Chain.make(of(c), of(a)))
    position.next(undefined)
    assert.strictEqual(Lookahead.following(candidates), "a/m")
    assert.strictEqual(asked.ahead, 0)
    assert.strictEqual(key(Lookahead.find(candidates, "chain", () => true)), "a/m#2")
    assert.strictEqual(asked.ahead, 1)
  })

  it("is found in the tier, and in later ones only if the chain is searched", () => {
    const { candidates, position } = start(long())
    position.next(undefined)
    assert.strictEqual(key(Lookahead.find(candidates, "tier", () => true)), "a/m#1")
    const isOfB = ({ benchKeys }: Target) => benchKeys.model === "b/m"
    assert.isUndefined(Lookahead.find(candidates, "tier", isOfB))
    const found = Lookahead.find(candidates, "chain", isOfB)
    assert.deepStrictEqual([key(found), found?.tier.models.length], ["b/m#2", 2])
    assert.isUndefined(Lookahead.find(candidates, "chain", () => false))
    const own = Lookahead.find(candidates, "chain", () => true)
    assert.strictEqual(own?.tier.single?.model.spec.model, "m")
  })

  it("passes over what may not be tried", () => {
    const { candidates, position } = start(long(), { excluded: ["a/m#1", "b/m#2"] })
    position.next(undefined)
    assert.strictEqual(key(Lookahead.find(candidates, "chain", () => true)), "b/m#1")
  })
})

describe("all targets of a chain that may be tried", () => {
  it("have their backends, without models that were left for good", () => {
    const { candidates, position } = start(long(), { excluded: ["a/m#1"] })
    const passed = (holds: (target: Target) => boolean) =>
      Lookahead.passed(candidates, holds).map(({ backend, target }) => `${backend.name}:${target.key}`)
    assert.deepStrictEqual(
      passed(({ key }) => key !== "c/m#k"),
      ["a:a/m#2", "a:a/n#1", "a:a/n#2", "b:b/m#1", "b:b/m#2"]
    )
    position.leave(position.next(undefined)!, "model")
    assert.deepStrictEqual(
      passed(() => true),
      ["a:a/n#1", "a:a/n#2", "b:b/m#1", "b:b/m#2", "c:c/m#k"]
    )
  })
})

describe("the number of targets that are left", () => {
  const counted = (
    next: "credential" | "model" | "endpoint" | "stop",
    most = 99,
    options = {},
    chain = long()
  ) => {
    const { candidates, position } = start(chain, options)
    const target = position.next(undefined)!
    return Lookahead.count(candidates, target, next, most)
  }
  it.each([
    { next: "credential", left: 6 },
    { next: "model", left: 5 },
    { next: "endpoint", left: 5 },
    { next: "stop", left: 0 }
  ] as const)("when $next comes next is $left", ({ left, next }) => {
    assert.strictEqual(counted(next), left)
  })

  it("has no target that is out or may not be tried, and no model that was left", () => {
    assert.strictEqual(counted("credential", 99, { out: ["a/m#1", "c/m#k"] }), 4)
    assert.strictEqual(counted("credential", 99, { excluded: ["a/m#1", "c/m#k"] }), 4)
    const { candidates, position } = start(long())
    const first = position.next(undefined)!
    position.leave(first, "model")
    assert.strictEqual(Lookahead.count(candidates, first, "credential", 99), 5)
  })

  it("is counted up to the requested number", () => {
    for (const most of [1, 2, 6, 7]) assert.strictEqual(counted("credential", most), Math.min(6, most))
    assert.strictEqual(counted("credential", 0), 0)
  })

  it("without a model or an endpoint has its equals", () => {
    const equals = Chain.make(Chain.equals(of(a), of(b)))
    assert.strictEqual(counted("model", 99, {}, equals), 2)
    assert.strictEqual(counted("credential", 99, {}, equals), 3)
    const models = Chain.make(Chain.equals(of(a), of(a, "n")))
    assert.strictEqual(counted("model", 99, {}, models), 2, "the other model, at the same endpoint")
    const same = provider("s", ["1", "2", "3"], ["https://x.test", "https://y.test", "https://x.test"])
    assert.strictEqual(counted("endpoint", 99, {}, Chain.make(of(same))), 1)
    assert.strictEqual(counted("endpoint", 1, {}, Chain.make(of(same), of(c))), 1)
  })

  it("has the targets that were passed over, if the run may come back to them", () => {
    const countAt = (steps: number, next: "credential" | "model", excluded: ReadonlyArray<string> = []) => {
      const { candidates, position } = start(long(), { excluded })
      for (let step = 1; step < steps; step++) position.next(undefined)
      const target = position.next(undefined)!
      return Lookahead.count(candidates, target, next, 99)
    }
    assert.strictEqual(countAt(7, "credential"), 6, "from the last tier")
    assert.strictEqual(countAt(7, "credential", ["a/m#1", "b/m#2"]), 4, "without those that were tried")
    assert.strictEqual(countAt(4, "credential"), 6, "from the middle of a tier")
    assert.strictEqual(countAt(4, "model"), 5, "without those of its own model")
  })

  it("has no target of a model that an earlier tier has left", () => {
    const { candidates, position } = start(Chain.make(of(a), of(c)))
    position.leave(position.next(undefined)!, "model")
    const last = position.next(undefined)!
    assert.strictEqual(last.key, "c/m#k")
    assert.strictEqual(Lookahead.count(candidates, last, "credential", 99), 0)
  })
})
