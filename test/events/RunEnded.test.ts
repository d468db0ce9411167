/** However a run ends, its last event reports it, and no other event does. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent, RunEnded } from "../../src/events/FailoverEvent.ts"
import * as BenchRegistry from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { dead, fault, refusal, throttle } from "../support/engine.ts"

type Chained = Chain.Chain<Scripted.Scripted>
type Ask = (
  chain: Chained,
  options: { readonly observer: (event: FailoverEvent) => void }
) => Effect.Effect<unknown, unknown, Failover.Failover | BenchRegistry.BenchRegistry>

const hang = { hang: true } as const
const hanging = [[hang]] as const
const whole: Ask = (chain, options) => Failover.complete(chain, "q", options)
const read: Ask = (chain, options) => Stream.runDrain(Failover.stream(chain, "q", options))
const take: Ask = (chain, options) => Stream.runDrain(Stream.take(Failover.stream(chain, "q", options), 1))
const open: Ask = (chain, options) => Effect.scoped(Failover.open(chain, "q", options))
/** An answer of the application's own service. */
const use: Ask = (chain, options) =>
  Failover.use(chain, () => Effect.fail("no such user"), { ...options, classify: () => Failover.notMine })
const useStream: Ask = (chain, options) => {
  const stream = Stream.concat(Stream.make("one"), Stream.fail("no such user"))
  return Stream.runDrain(
    Failover.useStream(chain, () => stream, { ...options, classify: () => Failover.notMine })
  )
}
const within =
  (millis: number, ask: Ask): Ask =>
  (chain, options) =>
    ask(chain, { ...options, deadline: millis } as typeof options)
const benched =
  (ask: Ask): Ask =>
  (chain, options) =>
    Effect.gen(function* () {
      yield* (yield* BenchRegistry.BenchRegistry).bench("a")
      yield* (yield* BenchRegistry.BenchRegistry).bench("b")
      return yield* ask(chain, options)
    })

/** The script of `a` at each call (`b` fails), how the request is made, when the caller leaves, and how the run ends. */
const ways: Readonly<
  Record<
    string,
    readonly [
      calls: Scripted.Script<unknown, string, Scripted.Part>,
      ask: Ask,
      leaves: number | undefined,
      end: string
    ]
  >
> = {
  "a whole answer": [[["fine"]], whole, undefined, "answered a - 1 0"],
  "an answer after a failure": [[[fault()], ["fine"]], whole, undefined, "answered a - 2 1"],
  "a refusal": [[[refusal()]], whole, undefined, "failed - BadRequest 1 1"],
  "no target left": [[[dead()]], whole, undefined, "failed - ChainExhausted 2 2"],
  "all benched": [[["never"]], benched(whole), undefined, "failed - AllBenched 0 0"],
  "the deadline": [hanging, within(5_000, whole), undefined, "failed - DeadlineExceeded 2 2"],
  "an interruption of an attempt": [[[hang]], whole, 1_000, "interrupted a - 1 0"],
  "an interruption of a wait for a retry": [[[throttle("2 seconds")]], whole, 1_000, "interrupted - - 1 1"],
  "an error of the application's own": [[], use, undefined, "answered a - 1 0"],

  "a complete stream": [[["one", Scripted.last]], read, undefined, "answered a - 1 0"],
  "a stream that fails before its commit point": [[[dead()]], read, undefined, "failed - ChainExhausted 2 2"],
  "a stream that breaks": [[["one", fault()]], read, undefined, "broken a StreamBroken 1 0"],
  "a stream that stalls": [[["one", hang]], read, undefined, "broken a StreamBroken 1 0"],
  "a stream past its deadline": [
    [["one", hang]],
    within(5_000, read),
    undefined,
    "broken a DeadlineExceeded 1 0"
  ],
  "a stream left before its commit point": [[[Scripted.held(), hang]], read, 1_000, "interrupted a - 1 0"],
  "a stream left after its commit point": [[["one", hang]], read, 1_000, "interrupted a - 1 0"],
  "a stream of which enough was read": [[["one", "two", hang]], take, undefined, "interrupted a - 1 0"],
  "a stream that is complete, and left before its usage": [
    [["one", Scripted.complete(), hang]],
    read,
    1_000,
    "answered a - 1 0"
  ],
  "a scope that is closed before anything is read": [[["one", hang]], open, undefined, "interrupted a - 1 0"],
  "an error of the application's own in a stream": [[], useStream, undefined, "answered a - 1 0"]
}

describe("the end of a run is reported once", () => {
  for (const [name, [calls, ask, leaves, end]] of Object.entries(ways)) {
    it.effect(`by ${name}`, () =>
      Effect.gen(function* () {
        const events: Array<FailoverEvent> = []
        const a = Scripted.make("a", calls)
        const b = Scripted.make("b", calls === hanging ? hanging : [[dead()]])
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        const fiber = yield* Effect.forkChild(ask(chain, { observer: (event) => void events.push(event) }), {
          startImmediately: true
        })
        if (leaves !== undefined) {
          yield* TestClock.adjust(leaves)
          yield* Fiber.interrupt(fiber)
        } else yield* TestClock.adjust("10 minutes")
        assert.isDefined(fiber.pollUnsafe())
        const last = events.at(-1)
        assert.deepStrictEqual(
          events.filter(({ _tag }) => _tag === "RunEnded"),
          [last]
        )
        assert.strictEqual(inWords(last as RunEnded), end)
      }).pipe(Effect.provide(Failover.layer()))
    )
  }
})

const inWords = ({ attempts, error, failed, outcome, target }: RunEnded): string =>
  `${outcome} ${target?.provider ?? "-"} ${error?._tag ?? "-"} ${attempts} ${failed.length}`
