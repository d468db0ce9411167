/** Our runtime, with its defaults: the whole decision table, deadline, budgets and timeouts are on. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Backend, BenchRegistry, Chain, Failover, Failure, Model, type Policy } from "../src/index.ts"

type Call = Effect.Effect<string, Failure.Failure>

/** The answers of both targets, made once, as everywhere in this benchmark. */
const answers: Call = Effect.sync(() => "answer")
const fails: Call = Effect.fail(new Failure.RateLimit({ message: "slow down" }))

/** One hundred deltas, each in a chunk of its own. */
export const deltas = Stream.fromIterable(Array.from({ length: 100 }, (_, i) => `delta ${i}`)).pipe(
  Stream.rechunk(1)
)

const chainOf = (primary: Call, policy: Policy.Options = {}) =>
  Chain.withPolicy(
    Chain.make(
      Model.make(Backend.make("primary", { call: primary }), "model"),
      Model.make(Backend.make("second", { call: answers }), "model")
    ),
    policy
  )

/** A runtime of its own for each case, so that the cases do not share a bench. */
const call = (chain: ReturnType<typeof chainOf>, benched?: string) =>
  Effect.gen(function* () {
    const failover = yield* Failover.Failover
    const registry = yield* BenchRegistry.BenchRegistry
    if (benched !== undefined) yield* registry.bench(benched)
    return failover.useAnswered(chain, (backend) => backend.service.call)
  }).pipe(Effect.provide(Failover.layer(), { local: true }))

/** One operation for each case. */
export interface Operations {
  readonly bare: Effect.Effect<unknown, unknown>
  readonly happy: Effect.Effect<unknown, unknown>
  /** The same, with an effect that is built for every call, as in an application with a different request each time. */
  readonly happyBuilt: Effect.Effect<unknown, unknown>
  /** The primary fails every time and is not benched, so that every call meets the failure. */
  readonly primaryFails: Effect.Effect<unknown, unknown>
  readonly primaryRests: Effect.Effect<unknown, unknown>
  readonly bareStream: Effect.Effect<unknown, unknown>
  readonly stream: Effect.Effect<unknown, unknown>
}

/** Builds the operations. */
export const make: Effect.Effect<Operations> = Effect.gen(function* () {
  const failover = yield* Failover.Failover
  const happy = chainOf(answers)
  return {
    bare: answers,
    happy: yield* call(happy),
    happyBuilt: Effect.suspend(() => failover.useAnswered(happy, (backend) => backend.service.call)),
    primaryFails: yield* call(chainOf(fails, { rules: { RateLimit: { rest: null } } })),
    primaryRests: yield* call(chainOf(fails), "primary"),
    bareStream: Stream.runDrain(deltas),
    stream: Stream.runDrain(failover.useStream(happy, () => deltas))
  }
}).pipe(Effect.provide(Failover.layer()))
