/** How many of 100 calls are lost when the primary is dead and the second target is healthy. */
import * as Effect from "effect/Effect"
import { Backend, Chain, Failover, Failure, Model } from "../src/index.ts"
import * as aiSdk from "./aiSdk.ts"
import * as peers from "./peers.ts"

/** The number of calls. */
export const calls = 100

/** Milliseconds until the dead primary fails, and until the healthy target answers. */
const times = { dead: 2, alive: 5 }

/** The outcome of the calls. */
export interface Lost {
  readonly name: string
  readonly lost: number
  /** How many of them reached the dead primary. */
  readonly atThePrimary: number
}

/** Makes the calls `gap` milliseconds apart, through one client that they all share. */
export const count = async (gap: number): Promise<ReadonlyArray<Lost>> => {
  const results: Array<Lost> = []
  for (const [name, shared] of subjects) {
    let atThePrimary = 0
    const ask = await shared(() => atThePrimary++)
    const outcomes = await Promise.allSettled(
      Array.from({ length: calls }, async (_, i) => {
        if (gap > 0) await new Promise((resume) => setTimeout(resume, i * gap))
        return ask()
      })
    )
    results.push({ name, lost: outcomes.filter(({ status }) => status === "rejected").length, atThePrimary })
  }
  return results
}

/** Makes the shared client, and returns a function that makes one call. */
type Shared = (onDead: () => void) => Promise<() => PromiseLike<unknown>>

const ours: Shared = async (onDead) => {
  const dead: Effect.Effect<string, Failure.Failure> = Effect.suspend(() => {
    onDead()
    const failure = new Failure.Transient({ reason: "ServerError", message: "dead", status: 500 })
    return Effect.delay(Effect.fail(failure), times.dead)
  })
  const alive: typeof dead = Effect.delay(Effect.succeed("answer"), times.alive)
  const chain = Chain.make(
    Model.make(Backend.make("primary", { call: dead }), "model"),
    Model.make(Backend.make("second", { call: alive }), "model")
  )
  const failover = await Effect.runPromise(
    Effect.provide(Failover.Failover, Failover.layer({ policy: { retries: { times: 0 } } }))
  )
  return () => Effect.runPromise(failover.useAnswered(chain, (backend) => backend.service.call))
}

const subjects: ReadonlyArray<readonly [string, Shared]> = [
  ["ai-retry", async (onDead) => aiSdk.shared(times, onDead).retry],
  ["ai-fallback", async (onDead) => aiSdk.shared(times, onDead).fallback],
  ["cockatiel: fallback, breaker", async (onDead) => peers.shared(times, onDead).cockatiel],
  ["ExecutionPlan, two steps", async (onDead) => peers.shared(times, onDead).plan],
  ["effect-failover", ours]
]
