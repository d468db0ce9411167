/** Constructors reject values of the wrong kind, for code without type checks: always with `InvalidOptions`, and never with a TypeError. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import {
  Backend,
  Backoff,
  BenchRegistry,
  Catalog,
  Chain,
  Credential,
  Failover,
  InvalidOptions,
  Model,
  Policy
} from "../../src/index.ts"
import { UpstreamRouter } from "../../src/router/index.ts"
import { Scripted } from "../../src/testing/index.ts"
import * as options from "../support/options.ts"

const scripted = Scripted.make("p", [["one"]])
const model = scripted.model("m")
const chain = Chain.make(model)

/** Values that are not objects with fields. */
const kinds: Record<string, unknown> = {
  "a number": 5,
  zero: 0,
  NaN: Number.NaN,
  "a duration": "5 seconds",
  "an empty string": "",
  true: true,
  "a bigint": 5n,
  "a list": [5],
  "a date": new Date(0),
  "a promise": Promise.resolve({}),
  "a function": () => ({})
}

type Any = never

const places: Record<string, (value: Any) => unknown> = {
  "the options of a backend": (value) => Backend.make("p", {}, value),
  "the policy of a backend": (value) => Backend.make("p", {}, { policy: value }),
  "the credentials of a backend": (value) => Backend.make("p", {}, { credentials: value }),
  "the options of a credential": (value) => Credential.make("c", value),
  "the backend of a model": (value) => Model.make(value, "m"),
  "the policy of a model": (value) => Model.make(scripted, "m", { policy: value }),
  "the links of a chain": (value) => Chain.fromLinks(value),
  "a link of a chain": (value) => Chain.fromLinks([value]),
  "the policy of a chain": (value) => Chain.withPolicy(chain, value),
  "a policy": (value) => Policy.make(value),
  timeouts: (value) => Policy.make({ timeouts: value }),
  retries: (value) => Policy.make({ retries: value }),
  threshold: (value) => Policy.make({ threshold: value }),
  cooldown: (value) => Policy.make({ cooldown: value }),
  "the cooldown of a group": (value) => Policy.make({ cooldown: { transient: value } }),
  rules: (value) => Policy.make({ rules: value }),
  "a rule": (value) => Policy.make({ rules: { Unknown: value } }),
  "the rest of a rule": (value) => Policy.make({ rules: { Unknown: { rest: value } } }),
  ejection: (value) => Policy.make({ ejection: value }),
  hedge: (value) => Policy.make({ hedge: value }),
  commit: (value) => Policy.make({ commit: value }),
  "the delays of retries": (value) => Backoff.fullJitter(value),
  "the options of a runtime": (value) => Failover.make(value),
  "the limiter of a runtime": (value) => Failover.make({ limiter: value }),
  "the policy of a runtime": (value) => Failover.make({ policy: value }),
  "the options of a catalog": (value) => Catalog.make(value),
  "the providers of a catalog": (value) => Catalog.make({ providers: value }),
  "the models of a catalog": (value) => Catalog.make({ providers: [{ backend: scripted }], models: value }),
  "a model of a catalog": (value) =>
    Catalog.make({ providers: [{ backend: scripted }], models: { a: value } }),
  "the chain of a request": (value) => Failover.use(value, () => Effect.void),
  "the options of a router": (value) => UpstreamRouter.make(value),
  "the primary of a router": (value) => UpstreamRouter.make({ primary: value, check: Effect.void }),
  "the check of a router": (value) => UpstreamRouter.make({ primary: model, check: value }),
  "the ramp of a router": (value) => UpstreamRouter.make({ primary: model, check: Effect.void, ramp: value }),
  "the options of a manual bench": (value) =>
    Effect.flatMap(BenchRegistry.BenchRegistry, (registry) => registry.bench("p", value))
}

/** Values that are valid for some field. */
const meant: ReadonlyArray<string> = [
  "the rest of a rule: null",
  "the credentials of a backend: null",
  "the options of a runtime: null",
  "the delays of retries: a list"
]

/** The error that a constructor throws or dies with; otherwise its value. */
const thrownBy = (make: () => unknown): unknown => {
  try {
    const made = make()
    if (!Effect.isEffect(made)) return made
    const exit = Effect.runSyncExit(
      Effect.scoped(made as Effect.Effect<unknown, unknown, Scope.Scope | BenchRegistry.BenchRegistry>).pipe(
        Effect.provide(Failover.layer()),
        Effect.provide(BenchRegistry.layerMemory)
      )
    )
    if (Exit.isSuccess(exit)) return exit.value
    const [reason] = exit.cause.reasons
    return reason !== undefined && Cause.isDieReason(reason) ? reason.defect : reason
  } catch (error) {
    return error
  }
}

describe("a value of the wrong kind", () => {
  for (const [place, make] of Object.entries(places)) {
    it(`is rejected as ${place}`, () => {
      for (const [kind, value] of Object.entries({ ...kinds, null: null })) {
        if (meant.includes(`${place}: ${kind}`)) continue
        const thrown = thrownBy(() => make(value as Any))
        assert.instanceOf(thrown, InvalidOptions, `${kind}: ${thrown}`)
        assert.match(thrown.message, /has to be|is neither|is not|needed|are not/, kind)
      }
    })
  }

  it("is rejected as a length of time, also an object without a unit, which would be zero", () => {
    for (const value of [new Date(), Promise.resolve(1), {}, { second: 5 }, [1], true, "5 parsecs"]) {
      for (const make of [
        () => Policy.make({ maxWait: value as Any }),
        () => Policy.make({ cooldown: { transient: { base: value as Any } } }),
        () => Policy.make({ retries: { times: 1, backoff: [value as Any] } })
      ]) {
        assert.instanceOf(thrownBy(make), InvalidOptions, String(value))
      }
    }
    Policy.make({ maxWait: { seconds: 5 } })
    Policy.make({ maxWait: [1, 0] })
    Policy.make({ maxWait: 5n })
  })

  it("is named by its kind", () => {
    const said = (value: unknown) =>
      String(thrownBy(() => Policy.make({ hedge: 5n as Any, rules: value as Any })))
    assert.include(said(new Date(0)), "rules is a Date; it has to be an object")
    assert.include(said(new Map()), "rules is a Map; it has to be an object")
    assert.include(said(null), "rules is null; it has to be an object")
  })

  it("is not a module whose exports are the options", () => {
    const { maxWait } = Policy.make(options)
    assert.strictEqual(maxWait, options.maxWait)
  })

  it("is rejected as a name, and the message can show it", () => {
    for (const value of [5n, Symbol("p"), null, undefined, {}]) {
      assert.instanceOf(
        thrownBy(() => Backend.make(value as Any, {})),
        InvalidOptions
      )
      assert.instanceOf(
        thrownBy(() => Credential.make(value as Any)),
        InvalidOptions
      )
      assert.instanceOf(
        thrownBy(() => Model.make(scripted, value as Any)),
        InvalidOptions
      )
    }
  })

  it("is rejected as the reason of a manual bench", () => {
    const bench = Effect.flatMap(BenchRegistry.BenchRegistry, (registry) =>
      registry.bench("p", { for: 1_000, reason: 7 as Any })
    )
    assert.instanceOf(
      thrownBy(() => bench),
      InvalidOptions
    )
  })
})
