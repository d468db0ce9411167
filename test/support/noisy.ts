/**
 * One caller whose requests fail at the first target of a chain, beside others whose requests are answered there, in virtual time.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"

/** The classes of failures that a request can cause by itself. */
export const classes = [
  "Empty",
  "Malformed",
  "Truncated",
  "Unknown",
  "ServerError",
  "Overloaded",
  "Connection"
] as const

/** The requests, and how long the scene lasts. Times are milliseconds. */
export interface Scene {
  /** How often the noisy caller sends a request, and how often one of the others does. */
  readonly noisyEvery?: number
  readonly othersEvery?: number
  /** When the others' first request comes. */
  readonly offset?: number
  readonly lasts?: number
}

/** How the requests of the others ended. */
export interface Seen {
  readonly others: number
  /** Answered by another target than the first one. */
  readonly moved: number
  readonly lost: number
}

/**
 * Plays a scene. `noisy` is one request of the noisy caller, and `other` the n-th of the others, which succeeds with the name of the
 * target that answered it.
 */
export const play = <R1, R2>(
  noisy: (n: number) => Effect.Effect<unknown, unknown, R1>,
  other: (n: number) => Effect.Effect<string, unknown, R2>,
  { lasts = 600_000, noisyEvery = 1_000, offset = 500, othersEvery = 2_000 }: Scene = {},
  isFirst: (name: string) => boolean = (name) => name === "first"
): Effect.Effect<Seen, never, R1 | R2> =>
  Effect.gen(function* () {
    let moved = 0
    let lost = 0
    let others = 0
    let calls = 0
    const one = (n: number) =>
      Effect.match(other(n), {
        onSuccess: (name) => {
          if (!isFirst(name)) moved++
        },
        onFailure: () => {
          lost++
        }
      })
    const step = 100
    for (let now = 0; now < lasts; now += step) {
      if (now % noisyEvery === 0) yield* Effect.forkDetach(Effect.exit(noisy(calls++)))
      if (now >= offset && (now - offset) % othersEvery === 0) yield* Effect.forkDetach(one(others++))
      yield* TestClock.adjust(step)
    }
    yield* TestClock.adjust("20 minutes")
    return { others, moved, lost }
  }).pipe(Random.withSeed("noisy"))
