/**
 * Many callers in an outage, in virtual time: `node benchmark/crowds.ts`.
 *
 * All targets of a chain fail for a while with a 500 after 20 ms, and then answer after 300 ms, with all defaults. Prints the
 * share of callers that were answered, the calls that the targets received per caller, and how long answers took.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { Backend, Chain, Failover, Failure, Model } from "../src/index.ts"

interface Scene {
  readonly callers: number
  /** Milliseconds between two callers. */
  readonly gap: number
  readonly blip: number
  readonly targets: number
  readonly whenAllBenched?: "tryAnyway" | "wait"
}

const failure = new Failure.Transient({ reason: "ServerError", message: "out of order" })

const play = ({ blip, callers, gap, targets, whenAllBenched = "tryAnyway" }: Scene) =>
  Effect.gen(function* () {
    let calls = 0
    const began = yield* Clock.currentTimeMillis
    const ask = Effect.gen(function* () {
      calls++
      const isFailing = (yield* Clock.currentTimeMillis) < began + blip
      yield* Effect.sleep(isFailing ? 20 : 300)
      if (isFailing) return yield* failure
    })
    const models = Array.from({ length: targets }, (_, i) => Model.make(Backend.make(`p${i}`, { ask }), "m"))
    const chain = Chain.fromLinks(models)
    const took: Array<number> = []
    const one = Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      yield* Failover.use(chain, ({ service }) => service.ask, { whenAllBenched })
      took.push((yield* Clock.currentTimeMillis) - at)
    })
    const fibers = yield* Effect.forEach(Array.from({ length: callers }), (_, i) =>
      Effect.forkChild(Effect.exit(Effect.delay(one, i * gap)))
    )
    const all = yield* Effect.forkChild(Fiber.joinAll(fibers))
    yield* TestClock.adjust("15 minutes")
    yield* Fiber.join(all)
    took.sort((a, b) => a - b)
    const quantile = (q: number) =>
      took.length === 0
        ? "–"
        : `${(took[Math.min(took.length - 1, Math.floor(q * took.length))]! / 1000).toFixed(1)} s`
    return [
      `${((100 * took.length) / callers).toFixed(0)} %`,
      (calls / callers).toFixed(1),
      quantile(0.5),
      quantile(0.99)
    ]
  }).pipe(Effect.provide(Failover.layer()), Random.withSeed("crowd"), Effect.provide(TestClock.layer()))

const blips = [50, 500, 5_000, 60_000]
const time = (millis: number) => (millis < 1_000 ? `${millis} ms` : `${millis / 1_000} s`)

const table = (title: string, rows: ReadonlyArray<readonly [string, (blip: number) => Scene]>) =>
  Effect.gen(function* () {
    console.log(`\n${title}: answered, calls per caller, p50, p99\n`)
    console.log(`| | ${blips.map(time).join(" | ")} |\n| --- |${" --- |".repeat(blips.length)}`)
    for (const [name, scene] of rows) {
      const cells = yield* Effect.forEach(blips, (blip) =>
        Effect.map(play(scene(blip)), (cell) => cell.join(", "))
      )
      console.log(`| ${name} | ${cells.join(" | ")} |`)
    }
  })

const atOnce = [1, 5, 20, 100, 1_000]
await Effect.runPromise(
  Effect.gen(function* () {
    yield* table(
      "One target, concurrent callers",
      atOnce.map((callers) => [String(callers), (blip) => ({ callers, blip, gap: 0, targets: 1 })])
    )
    yield* table(
      "The same, with whenAllBenched: wait",
      atOnce.map((callers) => [
        String(callers),
        (blip) => ({ callers, blip, gap: 0, targets: 1, whenAllBenched: "wait" })
      ])
    )
    yield* table(
      "100 concurrent callers, chains of several targets",
      [1, 2, 10, 50].map((targets) => [`${targets}`, (blip) => ({ callers: 100, blip, gap: 0, targets })])
    )
    yield* table("100 requests/s for 20 s", [
      ["one target", (blip) => ({ callers: 2_000, gap: 10, blip, targets: 1 })],
      ["two targets", (blip) => ({ callers: 2_000, gap: 10, blip, targets: 2 })]
    ])
  })
)
