/**
 * The decision table with its defaults, row by row: how often the failing target is called, what is benched until when,
 * and where the run goes. Special cases of a row are in the file named after it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Rule from "../../src/policy/Rule.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, failureOf, play } from "../support/engine.ts"

const runtime = Failover.layer()

/** `one` and `two` have the same base URL, `far` another one; `b` is another provider. */
const scene = (failing: Failure.Failure) => {
  const credentials = [
    Credential.make("one"),
    Credential.make("two"),
    Credential.make("far", { baseUrl: "https://far" })
  ] as const
  const a = Scripted.make("a", [[failing]], { credentials })
  const b = Scripted.make("b", [["fine"]])
  return { a, b, chain: Chain.make(Model.make(a, "m"), Model.make(b, "m")) }
}

/** With every random number at one half, retries come after 250 ms and after another second. */
const thrice = (target: string, from: number) => [
  `${from} ${target}`,
  `${from + 250} ${target}`,
  `${from + 1250} ${target}`
]

interface Row {
  /** The row in words. */
  readonly says: string
  readonly failure: Failure.FailureClass
  readonly calls: ReadonlyArray<string>
  readonly rests: ReadonlyArray<string>
}

const everyKey = ["0 a/m#one", "0 a/m#two", "0 a/m#far"]
const everyPlace = [...thrice("a/m#one", 0), ...thrice("a/m#far", 1250)]

const throttled: Row = {
  says: "calls every key once; each target is benched for five seconds",
  failure: "RateLimit",
  calls: [...everyKey, "0 b/m"],
  rests: ["a/m#far RateLimit 5000", "a/m#one RateLimit 5000", "a/m#two RateLimit 5000"]
}
const dead = (failure: "InvalidKey" | "Forbidden" | "Balance"): Row => ({
  says: "calls every key once; each key is benched for five minutes, with all its models",
  failure,
  calls: [...everyKey, "0 b/m"],
  rests: [`a#far ${failure} 300000`, `a#one ${failure} 300000`, `a#two ${failure} 300000`]
})
const missing: Row = {
  says: "calls every key once; each target is benched for an hour, the keys are not",
  failure: "ModelMissing",
  calls: [...everyKey, "0 b/m"],
  rests: ["a/m#far ModelMissing 3600000", "a/m#one ModelMissing 3600000", "a/m#two ModelMissing 3600000"]
}
const fault = (failure: "Overloaded" | "ServerError" | "Connection"): Row => ({
  says: "calls every endpoint three times; each called target is benched for five seconds",
  failure,
  calls: [...everyPlace, "2500 b/m"],
  rests: [`a/m#far ${failure} 7500`, `a/m#one ${failure} 6250`]
})
const doubtful = (failure: "Truncated" | "Empty" | "Malformed" | "Unknown" | "Local"): Row => ({
  says: "calls every endpoint three times; one visit benches nothing",
  failure,
  calls: [...everyPlace, "2500 b/m"],
  rests: []
})
const blocked: Row = {
  says: "calls every endpoint once; benches nothing",
  failure: "Blocked",
  calls: ["0 a/m#one", "0 a/m#far", "0 b/m"],
  rests: []
}
const silent: Row = {
  says: "calls every endpoint once; each called target is benched for five seconds",
  failure: "Timeout",
  calls: ["0 a/m#one", "0 a/m#far", "0 b/m"],
  rests: ["a/m#far Timeout 5000", "a/m#one Timeout 5000"]
}
const unfit = (failure: "ContextExceeded" | "Unsupported"): Row => ({
  says: "calls the model once, with any key; benches nothing",
  failure,
  calls: ["0 a/m#one", "0 b/m"],
  rests: []
})
const others = [unfit("ContextExceeded"), unfit("Unsupported")]

const rows: ReadonlyArray<Row> = [
  throttled,
  dead("InvalidKey"),
  dead("Forbidden"),
  dead("Balance"),
  missing,
  fault("Overloaded"),
  fault("ServerError"),
  fault("Connection"),
  doubtful("Truncated"),
  doubtful("Empty"),
  doubtful("Malformed"),
  doubtful("Unknown"),
  doubtful("Local"),
  blocked,
  silent,
  ...others
]

/** Failures that every provider would return. */
const refusals = Failure.BadRequestReason.literals.filter((reason) => reason !== "Unsupported")

describe("by default", () => {
  for (const row of rows) {
    it.effect(`${row.failure} ${row.says}`, () =>
      Effect.gen(function* () {
        const { a, b, chain } = scene(failureOf(row.failure))
        const { benches, value } = yield* play(Failover.complete(chain, "q"))
        assert.strictEqual(value, "fine")
        assert.deepStrictEqual(calls(a, b), row.calls)
        assert.deepStrictEqual(benches, row.rests)
      }).pipe(Effect.provide(runtime))
    )
  }

  it.effect.each(refusals.map((reason) => ({ reason })))(
    "BadRequest/$reason stops at once, benches nothing and comes to the caller as it is",
    ({ reason }) =>
      Effect.gen(function* () {
        const failure = failureOf(reason)
        const { a, b, chain } = scene(failure)
        const { benches, error } = yield* play(Failover.complete(chain, "q"))
        assert.strictEqual<unknown>(error, failure)
        assert.deepStrictEqual(calls(a, b), ["0 a/m#one"])
        assert.deepStrictEqual(benches, [])
      }).pipe(Effect.provide(runtime))
  )

  it("no class of failure is without a row", () => {
    const described = new Set<string>([...rows.map((row) => row.failure), ...refusals])
    assert.deepStrictEqual(
      Failure.failureClasses.filter((name) => !described.has(name)),
      []
    )
  })

  it.effect.each(rows.filter((row) => !others.includes(row)))(
    "$failure ends the run with every attempt's failure when there is no other target",
    ({ failure }) =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [[failureOf(failure)]])
        const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
        assert(error?._tag === "ChainExhausted")
        assert.deepStrictEqual(
          error.attempts.map((attempt) => `${attempt.target} ${Failure.classOf(attempt.failure)}`),
          a.calls.map((call) => `${call.target} ${failure}`)
        )
      }).pipe(Effect.provide(runtime))
  )

  it.effect.each(others)(
    "$failure reaches the caller unchanged when there is no other target",
    ({ failure: name }) =>
      Effect.gen(function* () {
        const failure = failureOf(name)
        const a = Scripted.make("a", [[failure]])
        const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
        assert.strictEqual<unknown>(error, failure)
        assert.strictEqual(a.calls.length, 1)
      }).pipe(Effect.provide(runtime))
  )

  it.effect.each(["Truncated", "Empty", "Malformed", "Unknown"] as const)(
    "%s benches a target at the third visit in a row, and an answer between them starts the count again",
    (name) =>
      Effect.gen(function* () {
        const failing = failureOf(name)
        const options = { policy: { retries: { times: 0 } } }
        const visits = (script: ReadonlyArray<ReadonlyArray<Failure.Failure | string>>) =>
          Effect.gen(function* () {
            const a = Scripted.make("a", script, options)
            const chain = Chain.make(Model.make(a, "m"), Model.make(Scripted.make("b", [["fine"]]), "m"))
            let benches: ReadonlyArray<string> = []
            for (const _ of script)
              ({ benches } = yield* play(Failover.complete(chain, "q"), { within: "1 minute" }))
            return benches.map((rest) => rest.split(" ").slice(0, 2).join(" "))
          }).pipe(Effect.provide(Failover.layer()))
        const bad = [failing]
        assert.deepStrictEqual(yield* visits([bad, bad]), [])
        assert.deepStrictEqual(yield* visits([bad, bad, ["well"], bad, bad]), [])
        assert.deepStrictEqual(yield* visits([bad, bad, bad]), [`a/m ${name}`])
      })
  )

  it.effect.each(Failure.failureClasses)("%s benches only what it concerns", (name) =>
    Effect.sync(() => {
      const about = Failure.subjectOf(failureOf(name))
      const { rest } = Rule.defaults[name]
      if (["request", "requestAtModel", "process"].includes(about)) assert.isUndefined(rest)
      else assert.strictEqual(rest?.scope, about === "credential" ? "credential" : "target")
    })
  )
})
