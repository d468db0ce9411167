/** `npm run bench`: the cost of failover per call, compared with its peers, in one run on this machine. */
import { cpus } from "node:os"
import * as Effect from "effect/Effect"
import * as aiSdk from "./aiSdk.ts"
import * as choice from "./choice.ts"
import * as hour from "./hour.ts"
import * as limits from "./limits.ts"
import * as lost from "./lost.ts"
import { type Measured, measure, rounds, type Subject } from "./measure.ts"
import * as ours from "./ours.ts"
import * as peers from "./peers.ts"
import * as scale from "./scale.ts"
import * as shared from "./shared.ts"

/** Runs an effect many times in one running fiber. */
const inFiber = (name: string, operation: Effect.Effect<unknown, unknown>): Subject => ({
  name,
  run: (count) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* operation
      })
    )
})

const awaited = (name: string, operation: () => PromiseLike<unknown>): Subject => ({
  name,
  run: async (count) => {
    for (let i = 0; i < count; i++) await operation()
  }
})

const own = "effect-failover"
const wrap = "cockatiel: fallback, retry, breaker"
const plan = "ExecutionPlan, two steps"

/** A column of microseconds. */
const micros = (n: number): string => n.toFixed(2).padStart(9)

/** One case: a row for each subject, and the aim, in microseconds or as a multiple of another row. */
const table = (
  title: string,
  rows: ReadonlyArray<Measured>,
  aim: { readonly most: number; readonly of?: string }
): void => {
  const medianOf = (name: string) => rows.find((row) => row.name === name)?.median ?? Number.NaN
  console.log(`\n${title.padEnd(44)}   median     least      most`)
  for (const { least, median, most, name } of rows) {
    console.log(`  ${name.padEnd(42)}${micros(median)} ${micros(least)} ${micros(most)}`)
  }
  const is = medianOf(own) / (aim.of === undefined ? 1 : medianOf(aim.of))
  const [unit, than] = aim.of === undefined ? [" µs", ""] : [" times", ` ${aim.of}`]
  const verdict = is <= aim.most ? "reached" : "missed"
  console.log(`  aim: at most ${aim.most}${unit}${than}; is ${is.toFixed(2)}${unit}: ${verdict}`)
}

const { arch, platform, version } = process
const [processor] = cpus()
console.log(`Node ${version}, ${platform} ${arch}, ${cpus().length} × ${processor?.model.trim()}`)
console.log(
  `Thread-CPU microseconds per call: the median, least and most of ${rounds} rounds taken in turns.`
)
console.log(
  "effect-failover runs with its defaults: decision table, bench, deadline, budgets and all timeouts on."
)

if (process.argv.includes("--crowds")) {
  await import("./crowds.ts")
  process.exit(0)
}

if (process.argv.includes("--hour")) {
  await hour.print(Number(process.argv[process.argv.indexOf("--hour") + 1] ?? 60))
  process.exit(0)
}
if (process.argv.includes("--limits")) {
  limits.print()
  process.exit(0)
}
if (process.argv.includes("--choice")) {
  await choice.run()
  process.exit(0)
}
if (process.argv.includes("--shared")) {
  await shared.print()
  process.exit()
}
if (process.argv.includes("--scale")) {
  await scale.print()
  process.exit(0)
}

const operations = await Effect.runPromise(ours.make)

table(
  "Two targets, no failure, no observer",
  await measure([
    awaited("a promise", peers.promise.happy),
    inFiber("an effect", operations.bare),
    awaited(wrap, peers.wrapped.happy),
    awaited("ai-retry", aiSdk.cases.retry.happy),
    awaited("ai-fallback", aiSdk.cases.fallback.happy),
    inFiber(plan, peers.planned.happy),
    inFiber(own, operations.happy),
    inFiber(`${own}, effect built per call`, operations.happyBuilt)
  ]),
  { most: 1, of: wrap }
)

table(
  "The primary fails at once, the second answers",
  await measure([
    awaited(wrap, peers.wrapped.primaryFails),
    awaited("ai-retry", aiSdk.cases.retry.primaryFails),
    awaited("ai-fallback", aiSdk.cases.fallback.primaryFails),
    inFiber(plan, peers.planned.primaryFails),
    inFiber(own, operations.primaryFails)
  ]),
  { most: 2.7 }
)

table(
  "The primary is benched, the second answers",
  await measure([
    awaited("cockatiel: breaker open", peers.wrapped.primaryRests),
    inFiber(own, operations.primaryRests)
  ]),
  { most: 1 }
)

table(
  "A stream of 100 chunks",
  await measure([
    inFiber("the stream itself", operations.bareStream),
    inFiber(plan, peers.planned.stream(ours.deltas)),
    inFiber(own, operations.stream),
    awaited("the AI SDK's stream itself", aiSdk.cases.bareStream),
    awaited("ai-retry", aiSdk.cases.retry.stream),
    awaited("ai-fallback", aiSdk.cases.fallback.stream)
  ]),
  { most: 2.5, of: "the stream itself" }
)

for (const gap of [0, 3]) {
  const when = gap === 0 ? "at once" : `${gap} ms apart`
  console.log(`\n${`${lost.calls} calls ${when}, the primary dead`.padEnd(44)}     lost   at the primary`)
  for (const { atThePrimary, lost: count, name } of await lost.count(gap)) {
    console.log(`  ${name.padEnd(42)}${String(count).padStart(9)}${String(atThePrimary).padStart(17)}`)
  }
}
