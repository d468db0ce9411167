/** The answer when no target can serve the request: every pair of reasons, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../../src/domain/Chain.ts"
import * as Model from "../../../src/domain/Model.ts"
import * as Failover from "../../../src/engine/Failover.ts"
import * as ErrorShape from "../../../src/gateway/http/ErrorShape.ts"
import * as Refusal from "../../../src/gateway/http/Refusal.ts"
import * as RunRefusal from "../../../src/gateway/http/RunRefusal.ts"
import { BenchRegistry } from "../../../src/health/BenchRegistry.ts"
import * as Scripted from "../../../src/testing/Scripted.ts"
import { dead, fault, refusal, throttle, tooLong } from "../../support/engine.ts"

/** One reason why a target does not answer, and for how many seconds it is benched (`undefined`: not at all). */
interface Reason {
  /** Its response when it is called; without one it is not called, because it was benched ten seconds ago. */
  readonly says?: ReturnType<typeof fault | typeof throttle | typeof dead | typeof refusal | typeof tooLong>
  readonly said?: ReturnType<typeof fault | typeof throttle | typeof dead>
  readonly rests: number | undefined
}

const reasons = {
  throttled: { says: throttle(), rests: 5 },
  "throttled 7": { says: throttle("7 seconds"), rests: 7 },
  "dead key": { says: dead(), rests: 300 },
  "no model": { says: dead("ModelMissing"), rests: 3_600 },
  overloaded: { says: fault("Overloaded"), rests: 5 },
  broken: { says: fault("ServerError"), rests: 5 },
  unreached: { says: fault("Connection"), rests: 5 },
  silent: { says: fault("Timeout"), rests: 5 },
  unknown: { says: fault("Unknown"), rests: undefined },
  "too long": { says: tooLong(), rests: undefined },
  refused: { says: refusal(), rests: undefined },
  "was throttled": { said: throttle("40 seconds"), rests: 30 },
  "was silent": { said: fault("Timeout", "25 seconds"), rests: 15 },
  "was dead": { said: dead(), rests: 290 },
  "by hand": { rests: Number.POSITIVE_INFINITY }
} satisfies Readonly<Record<string, Reason>>

type Name = keyof typeof reasons
const names = Object.keys(reasons) as ReadonlyArray<Name>
const reasonOf = (name: Name): Reason => reasons[name]

/** The status for each pair: rows are the first target, columns the second, both in the order of the reasons. */
const statuses = `
  429 429 429 429 503 502 502 502 502 429 400 429 502 429 429
  429 429 429 429 503 502 502 502 502 429 400 429 502 429 429
  429 429 502 502 503 502 502 504 502 400 400 429 504 502 502
  429 429 502 502 503 502 502 504 502 400 400 429 504 502 502
  503 503 503 503 503 502 502 502 502 503 400 503 502 503 503
  502 502 502 502 502 502 502 502 502 502 400 502 502 502 502
  502 502 502 502 502 502 502 502 502 502 400 502 502 502 502
  502 502 504 504 502 502 502 504 502 504 400 502 504 504 504
  502 502 502 502 502 502 502 502 502 502 400 502 502 502 502
  429 429 400 400 503 502 502 504 502 400 400 429 504 400 400
  400 400 400 400 400 400 400 400 400 400 400 400 400 400 400
  429 429 429 429 503 502 502 502 502 429 400 429 503 429 429
  502 502 504 504 502 502 502 504 502 504 400 503 503 503 503
  429 429 502 502 503 502 502 504 502 400 400 429 503 503 503
  429 429 502 502 503 502 502 504 502 400 400 429 503 503 503
`
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/ +/).map(Number))

/** The fields by which the official clients distinguish errors. */
const types = {
  openai: {
    400: "invalid_request_error",
    429: "rate_limit_error",
    502: "server_error",
    503: "server_error",
    504: "server_error"
  },
  anthropic: {
    400: "invalid_request_error",
    429: "rate_limit_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error"
  }
} as const

/** A chain of two targets with the given reasons, at the moment of the request. */
const refused = Effect.fnUntraced(function* (...pair: readonly [Name, Name]) {
  const registry = yield* BenchRegistry
  const models = yield* Effect.forEach(pair, (name, index) =>
    Effect.gen(function* () {
      const { said, says } = reasonOf(name)
      const provider = Scripted.make(index === 0 ? "a" : "b", [[said ?? says ?? "fine"]])
      const model = Model.make(provider, "m")
      if (said !== undefined) yield* Effect.exit(Failover.complete(Chain.make(model), "before"))
      else if (says === undefined) yield* registry.bench(`${provider.name}/m`, { reason: "by hand" })
      return model
    })
  )
  yield* TestClock.adjust("10 seconds")
  const error = yield* Effect.flip(Failover.complete(Chain.make(models[0]!, models[1]!), "my deepest secret"))
  return { error, now: yield* Clock.currentTimeMillis }
})

const runtime = Failover.layer({
  policy: { retries: { times: 0 }, maxWait: 0, whenAllBenched: "fail" }
})

describe("when no target can answer", () => {
  it("the table has a status for each pair", () => {
    assert.lengthOf(statuses, names.length)
    for (const row of statuses) assert.lengthOf(row, names.length)
  })

  for (const [row, first] of names.entries()) {
    for (const [column, second] of names.entries()) {
      it.effect(
        `because the first is ${first} and the second ${second}, the caller gets the right error`,
        () =>
          Effect.gen(function* () {
            const status = statuses[row]![column]!
            const { error, now } = yield* refused(first, second)
            for (const protocol of ["openai", "anthropic"] as const) {
              const heard = RunRefusal.fromRunError(error, now, protocol)
              assert(heard._tag === "Refusal")
              assert.strictEqual(heard.status, status)
              const body = JSON.parse(ErrorShape.body(protocol, heard, "req_1"))
              assert.strictEqual(body.error.type, Reflect.get(types[protocol], status))
              assert.strictEqual(body.error.message, heard.message)
              assert.notInclude(heard.message, "secret")
              if (status !== 400) {
                for (const [name, key] of [
                  [first, "a"],
                  [second, "b"]
                ] as const) {
                  const { said, says } = reasonOf(name)
                  const benched = said?._tag === "AuthDead" ? `${key}#default (` : `${key}/m#default (`
                  const told =
                    says !== undefined
                      ? `${key}/m#default: `
                      : said === undefined
                        ? `${key}/m (Manual)`
                        : benched
                  assert.include(heard.message, told)
                }
              }
              // The soonest end among the targets that may take the request; none if one of them is not benched.
              const ends = [first, second]
                .filter((name) => name !== "too long")
                .map((name) => reasonOf(name).rests)
              const soonest = ends.includes(undefined) ? undefined : Math.min(...ends.map(Number))
              const isTold = status !== 400 && soonest !== undefined
              assert.strictEqual(
                heard.headers?.["retry-after"],
                isTold && soonest !== Number.POSITIVE_INFINITY ? String(soonest) : undefined
              )
              const isFar = isTold && soonest > 60
              assert.strictEqual(heard.headers?.["x-should-retry"], isFar ? "false" : undefined)
            }
          }).pipe(Effect.provide(runtime))
      )
    }
  }
})

describe("retry-after", () => {
  const at = (retryAt: number | undefined, now = 1_000) => Refusal.retryAfter(retryAt, now)?.["retry-after"]

  it("is in whole seconds, at least 1, and never too early", () => {
    assert.strictEqual(at(undefined), undefined)
    assert.strictEqual(at(1_000), "1")
    assert.strictEqual(at(500), "1")
    assert.strictEqual(at(1_001), "1")
    assert.strictEqual(at(2_001), "2")
    assert.strictEqual(at(61_000), "60")
  })
})
