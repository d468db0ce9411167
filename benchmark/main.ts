/** `npm run bench`: what failover costs per call, beside its peers, in one run on this machine. */
import { cpus } from "node:os"
import * as Effect from "effect/Effect"
import * as lost from "./lost.ts"
import { type Measured, measure, type Subject } from "./measure.ts"
import * as ours from "./ours.ts"
import * as peers from "./peers.ts"

/** Runs an effect many times inside of one running fiber. */
const inFiber = (name: string, operation: Effect.Effect<unknown>): Subject => ({
  name,
  run: (count) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* operation
      })
    )
})

const awaited = (name: string, operation: () => Promise<unknown>): Subject => ({
  name,
  run: async (count) => {
    for (let i = 0; i < count; i++) await operation()
  }
})

const micros = (n: number): string => n.toFixed(2).padStart(9)

/** One case: a row a subject, with the aim beside ours. */
const table = (title: string, rows: ReadonlyArray<Measured>, aim: string): void => {
  console.log(`\n${title}\n${"".padEnd(44)}   median     least      most   µs of CPU`)
  for (const { least, median, most, name } of rows) {
    console.log(`  ${name.padEnd(42)}${micros(median)} ${micros(least)} ${micros(most)}`)
  }
  console.log(`  aim: ${aim}`)
}

const medianOf = (rows: ReadonlyArray<Measured>, name: string): number =>
  rows.find((row) => row.name === name)?.median ?? Number.NaN

const own = "effect-failover"
const wrap = "cockatiel: fallback, retry, breaker"

const { arch, platform, version } = process
console.log(
  `Node ${version} on ${platform} ${arch}, ${cpus().length} processors. Medians of 11 rounds in turns.`
)
console.log("effect-failover runs with its defaults: deadline, budgets, timeouts, the whole decision table.")

const operations = await Effect.runPromise(ours.make)

const happy = await measure([
  awaited("a promise", peers.promise.happy),
  awaited(wrap, peers.wrapped.happy),
  inFiber("an effect", operations.bare),
  inFiber("ExecutionPlan, two steps", peers.planned.happy),
  inFiber(own, operations.happy)
])
table(
  "Two targets, nothing fails, nobody listens",
  happy,
  `at most what cockatiel costs in this run: ours is ${(medianOf(happy, own) / medianOf(happy, wrap)).toFixed(2)} times that`
)

const fails = await measure([
  awaited(wrap, peers.wrapped.primaryFails),
  inFiber("ExecutionPlan, two steps", peers.planned.primaryFails),
  inFiber(own, operations.primaryFails)
])
table("The primary fails at once, the second target answers", fails, "at most 2.7 µs")

const rests = await measure([
  awaited("cockatiel: breaker open", peers.wrapped.primaryRests),
  inFiber(own, operations.primaryRests)
])
table("The primary rests, the second target answers", rests, "at most 1 µs")

const streams = await measure([
  inFiber("the stream itself", operations.bareStream),
  inFiber(own, operations.stream)
])
const ratio = medianOf(streams, own) / medianOf(streams, "the stream itself")
table(
  "A stream of 100 chunks",
  streams,
  `at most 2.5 times the stream itself: ours is ${ratio.toFixed(2)} times that`
)

const { atThePrimary, lost: without } = await Effect.runPromise(lost.count)
console.log(`\n100 calls at once, the primary dead: ${without} lost, ${atThePrimary} reached the primary.`)
