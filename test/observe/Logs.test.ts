import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model } from "../../src/index.ts"
import * as Logs from "../../src/observe/Logs.ts"
import { Scripted } from "../../src/testing/index.ts"

const busy = new Failure.Transient({
  reason: "Overloaded",
  message: "busy with: my secret prompt",
  status: 529,
  evidence: "status=529"
})

interface Line {
  readonly level: string
  readonly message: string
  readonly about: Readonly<Record<string, unknown>>
}

/** Runs an effect with a runtime that logs, and returns the log entries. */
const play = <A, E>(
  run: (failover: Failover.Runtime, registry: BenchRegistry.BenchRegistry["Service"]) => Effect.Effect<A, E>
) =>
  Effect.suspend(() => {
    const lines: Array<Line> = []
    const logger = Logger.make(({ fiber, logLevel, message }) => {
      lines.push({
        level: logLevel,
        message: String(message),
        about: fiber.getRef(References.CurrentLogAnnotations)
      })
    })
    return Effect.gen(function* () {
      const failover = yield* Failover.make({ observer: yield* Logs.observer })
      yield* Logs.watchBench
      const fiber = yield* Effect.forkChild(Effect.exit(run(failover, yield* BenchRegistry.BenchRegistry)))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      return lines
    }).pipe(Effect.provide([BenchRegistry.layerMemory, Logger.layer([logger])]))
  })

describe("the log", () => {
  it.effect("logs what failed, where, why, and how the run continued; and what is benched", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[busy]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { retries: { times: 0 } })
      const about = { requestId: "req_1", model: "smart" }
      const lines = yield* play((failover) => failover.complete(chain, "my secret prompt", { about }))
      const of = (part: string) => lines.find(({ message }) => message.includes(part))
      assert.deepInclude(of("an attempt failed: Overloaded")?.about, {
        request: "req_1",
        model: "smart",
        target: "a/m#default",
        status: 529,
        evidence: "status=529",
        action: "next"
      })
      assert.strictEqual(of("an attempt failed")?.level, "Info")
      assert.deepInclude(of("a request failed: ChainExhausted")?.about, {
        request: "req_1",
        causes: "a/m#default: Overloaded"
      })
      assert.strictEqual(of("a request failed")?.level, "Warn")
      assert.deepInclude(of("a/m#default is benched")?.about, { reason: "Overloaded", scope: "target" })
      assert.notInclude(JSON.stringify(lines), "secret")
    })
  )

  it.effect("limits entries in an outage, and counts those left out", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[new Failure.BadRequest({ reason: "Invalid", message: "no" })]])
      const chain = Chain.make(Model.make(a, "m"))
      const lines = yield* play((failover) => {
        const ask = Effect.exit(failover.complete(chain, ""))
        return Effect.repeat(ask, { times: 49 }).pipe(
          Effect.andThen(Effect.sleep("1 second")),
          Effect.andThen(ask)
        )
      })
      const failed = lines.filter(({ message }) => message.startsWith("a request failed"))
      assert.strictEqual(failed.length, 11)
      assert.strictEqual(failed.at(-1)?.about.omitted, 40)
    })
  )

  it.effect("limits entries of the bench as well", () =>
    Effect.gen(function* () {
      const lines = yield* play((_, registry) => {
        const keys = Array.from({ length: 40 }, (_, i) => `a#k${i}`)
        return Effect.forEach(keys, (key) => registry.bench(key)).pipe(
          Effect.andThen(Effect.sleep("1 second")),
          Effect.andThen(registry.bench("a"))
        )
      })
      assert.strictEqual(lines.length, 11)
      assert.strictEqual(lines.at(-1)?.message, "a is benched manually")
      assert.strictEqual(lines.at(-1)?.about.omitted, 30)
    })
  )

  it.effect("logs once that a key is free again, and only if it was benched", () =>
    Effect.gen(function* () {
      const odd = new Failure.Transient({ reason: "Unknown", message: "odd" })
      const a = Scripted.make("a", [[odd], ["hello"], [busy], ["hel", "lo"]])
      const rules = { Overloaded: { rest: { base: "1 second" } } } as const
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { retries: { times: 0 }, rules })
      const lines = yield* play((failover) => {
        const ask = Effect.exit(failover.complete(chain, ""))
        // One unknown failure is only counted. The second one benches, and a stream clears the bench.
        return Effect.repeat(ask, { times: 2 }).pipe(
          Effect.andThen(Effect.sleep("1 second")),
          Effect.andThen(Stream.runDrain(failover.stream(chain, "")))
        )
      })
      const ofBench = lines.filter(({ message }) => message.startsWith("a/m#default"))
      assert.deepStrictEqual(
        ofBench.map(({ message }) => message),
        ["a/m#default is benched", "a/m#default is free again"]
      )
    })
  )

  it.effect("logs a manual bench once, whatever happens to running attempts", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "1 second" }, busy]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { retries: { times: 0 } })
      const lines = yield* play((failover, registry) =>
        Effect.gen(function* () {
          const running = yield* Effect.forkChild(Effect.exit(failover.complete(chain, "")), {
            startImmediately: true
          })
          yield* registry.bench("a/m#default", { by: "ann" })
          yield* Fiber.join(running)
        })
      )
      const byHand = lines.filter(({ message }) => message === "a/m#default is benched manually")
      assert.lengthOf(byHand, 1)
    })
  )

  it.effect("logs nothing for successful requests", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["hello"]])
      const lines = yield* play((failover) => failover.complete(Chain.make(Model.make(a, "m")), ""))
      assert.deepStrictEqual(lines, [])
    })
  )
})
