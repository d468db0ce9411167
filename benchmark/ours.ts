/** Our runtime, with its defaults: the whole decision table, deadline, budgets and timeouts are on. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { BenchRegistry, Chain, Failover, Failure, Model, Pool } from "../src/index.ts"

const throttled = new Failure.RateLimit({ message: "slow down" })

/** The answers of both targets; made once, as everywhere in this benchmark. */
const answers = Effect.sync(() => "answer")
const fails = Effect.suspend((): Effect.Effect<string, Failure.Failure> => throttledEffect)
const throttledEffect = Effect.fail(throttled)

const healthy = Pool.make("healthy", { call: answers as Effect.Effect<string, Failure.Failure> })
const second = Pool.make("second", { call: answers as Effect.Effect<string, Failure.Failure> })
const failing = Pool.make("failing", { call: fails })
const away = Pool.make("away", { call: fails })

const happy = Chain.make(Model.make(healthy, "model"), Model.make(second, "model"))
/** The primary fails every time and does not rest, so that every call meets the failure. */
const broken = Chain.withPolicy(Chain.make(Model.make(failing, "model"), Model.make(second, "model")), {
  rules: { RateLimit: { rest: null } }
})
const benched = Chain.make(Model.make(away, "model"), Model.make(second, "model"))

/** One hundred deltas, each in a chunk of its own. */
export const deltas = Stream.fromIterable(Array.from({ length: 100 }, (_, i) => `delta ${i}`)).pipe(
  Stream.rechunk(1)
)

/** One operation for each case. */
export interface Operations {
  readonly happy: Effect.Effect<unknown>
  readonly primaryFails: Effect.Effect<unknown>
  readonly primaryRests: Effect.Effect<unknown>
  readonly stream: Effect.Effect<unknown>
  readonly bareStream: Effect.Effect<unknown>
  readonly bare: Effect.Effect<unknown>
}

/** Builds a runtime and the operations on it. */
export const make: Effect.Effect<Operations> = Effect.gen(function* () {
  const failover = yield* Failover.Failover
  const registry = yield* BenchRegistry.BenchRegistry
  yield* registry.bench("away")
  const call = (chain: typeof happy) => Effect.orDie(failover.use(chain, (pool) => pool.service.call))
  return {
    happy: call(happy),
    primaryFails: call(broken),
    primaryRests: call(benched),
    stream: Effect.orDie(Stream.runDrain(failover.useStream(happy, () => deltas))),
    bareStream: Stream.runDrain(deltas),
    bare: answers
  }
}).pipe(Effect.provide(Failover.Failover.layer()))
