/** The time that requests spend on probes of a target that hangs, while another one is free. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Phase from "../../src/domain/Phase.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf } from "../support/chains.ts"
import { play, refusal, texts } from "../support/engine.ts"

/** How long the first target takes to answer from each time on, in milliseconds. */
type Day = ReadonlyArray<readonly [from: number, needs: number]>

const never = Number.POSITIVE_INFINITY
const minute = 60_000

/** Sends a request a second after each answer, for an hour. The second target answers after a second. */
const hour = (kind: "effect" | "stream", day: Day, names = ["a", "b"]) =>
  Effect.gen(function* () {
    const chain = Chain.fromLinks(names.map((name) => Model.make(Backend.make(name, {}), "m")))
    const needs = Effect.map(Clock.currentTimeMillis, (now) => day.findLast(([from]) => from <= now)![1])
    const one = (name: string) =>
      Effect.flatMap(name === "a" ? needs : Effect.succeed(1_000), (millis) =>
        millis === never ? Effect.never : Effect.as(Effect.sleep(millis), name)
      )
    const ask =
      kind === "effect"
        ? Failover.use(chain, ({ name }) => one(name))
        : Stream.runFold(
            Failover.useStream(chain, ({ name }) => Stream.fromEffect(one(name))),
            () => "",
            (all, text) => all + text
          )
    const seen: Array<{ readonly at: number; readonly took: number; readonly by: string }> = []
    const began = yield* Clock.currentTimeMillis
    while ((yield* Clock.currentTimeMillis) < began + 60 * minute) {
      const at = yield* Clock.currentTimeMillis
      const by = yield* Effect.orElseSucceed(ask, () => "nobody")
      seen.push({ at, took: (yield* Clock.currentTimeMillis) - at, by })
      yield* Effect.sleep(1_000)
    }
    return seen
  }).pipe((effect) => Effect.map(play(effect, { within: "90 minutes" }), ({ value }) => value!))

const mean = (all: ReadonlyArray<{ readonly took: number }>) =>
  all.reduce((sum, { took }) => sum + took, 0) / all.length

describe("a target that has begun to hang", () => {
  for (const kind of ["effect", "stream"] as const) {
    it.effect(`costs a lone caller a few seconds for each probe, not a whole timeout (${kind})`, () =>
      Effect.gen(function* () {
        const seen = (yield* hour(kind, [
          [0, 1_000],
          [10_000, never]
        ])).filter(({ at }) => at > 6 * minute)
        assert.deepStrictEqual(new Set(seen.map(({ by }) => by)), new Set(["b"]))
        assert.isBelow(mean(seen), 2_500)
        const short = seen.filter(({ took }) => took <= 4_000)
        assert.isAbove(short.length / seen.length, 0.9)
      }).pipe(Effect.provide(Failover.layer()))
    )

    it.effect(`is in use again with its first probe that is answered in the usual time (${kind})`, () =>
      Effect.gen(function* () {
        const seen = yield* hour(kind, [
          [0, 1_000],
          [10_000, never],
          [20 * minute, 1_500]
        ])
        const back = seen.find(({ at, by }) => at >= 20 * minute && by === "a")
        assert.isBelow(back!.at, 20 * minute + 20_000)
      }).pipe(Effect.provide(Failover.layer()))
    )

    it.effect(`is found again in some minutes if it needs ten times as long as before (${kind})`, () =>
      Effect.gen(function* () {
        const seen = yield* hour(kind, [
          [0, 1_000],
          [10_000, never],
          [20 * minute, 10_000]
        ])
        const back = seen.find(({ at, by }) => at >= 20 * minute && by === "a")
        assert.isBelow(back!.at, 26 * minute)
      }).pipe(Effect.provide(Failover.layer()))
    )

    it.effect(`has its whole timeout where no other target is free (${kind})`, () =>
      Effect.gen(function* () {
        const seen = yield* hour(
          kind,
          [
            [0, 1_000],
            [10_000, never],
            [20 * minute, 20_000]
          ],
          ["a"]
        )
        const back = seen.find(({ at, by }) => at >= 20 * minute && by === "a")
        assert.isBelow(back!.at, 26 * minute)
      }).pipe(Effect.provide(Failover.layer()))
    )
  }
})

describe("a short probe that found no answer", () => {
  /** The first target hangs for a while and takes ten seconds after that. `other` is the behaviour of the second one meanwhile. */
  const later = (kind: "effect" | "stream", other: Effect.Effect<string, Failure>, healthy = 1) =>
    Effect.gen(function* () {
      const chain = Chain.fromLinks(["a", "b"].map((name) => Model.make(Backend.make(name, {}), "m")))
      let asked = 0
      const one = (name: string): Effect.Effect<string, Failure> => {
        if (name === "b") return asked <= healthy ? Effect.succeed("b") : other
        return asked <= 1 ? Effect.never : Effect.as(Effect.sleep("10 seconds"), "a")
      }
      const ask = Effect.suspend(() => {
        asked++
        return kind === "effect"
          ? Failover.use(chain, ({ name }) => one(name))
          : Stream.runFold(
              Failover.useStream(chain, ({ name }) => Stream.fromEffect(one(name))),
              () => "",
              (all, text) => all + text
            )
      })
      yield* play(ask, { within: "10 minutes" })
      return yield* play(ask, { within: "10 minutes" })
    })

  for (const kind of ["effect", "stream"] as const) {
    it.effect(`is followed by one with the whole timeout when the others fail (${kind})`, () =>
      Effect.gen(function* () {
        const { error, value } = yield* later(kind, Effect.fail(refusal("Unsupported")))
        assert.isUndefined(error)
        assert.strictEqual(value, "a")
      }).pipe(Effect.provide(Failover.layer()))
    )

    it.effect(
      `is not made where the only other target is to be probed after a timeout as well (${kind})`,
      () =>
        Effect.gen(function* () {
          const { took, value } = yield* later(kind, Effect.never, 0)
          assert.strictEqual(value, "a")
          assert.strictEqual(took, 10_000)
        }).pipe(Effect.provide(Failover.layer({ policy: { timeouts: { answer: "30 seconds" } } })))
    )
  }
})

describe("a short probe at a target that keeps it waiting in its own queue", () => {
  it.effect("ends in its time, however often the target shows that it is alive", () =>
    Effect.gen(function* () {
      const waiting = Array.from(
        { length: 60 },
        () => [{ ...Scripted.held(), phase: Phase.alive }, { wait: "1 second" }] as const
      )
      const { calls, chain } = chainOf([[{ hang: true }], [...waiting.flat(), "late"]], [["b"]])
      const ask = texts(Failover.stream(chain, "q"))
      yield* play(ask, { within: "1 minute" })
      const { took, value } = yield* play(ask, { within: "2 minutes" })
      assert.deepStrictEqual([value, took], [["b"], 5_000])
      assert.lengthOf(calls(), 4)
    }).pipe(Effect.provide(Failover.layer()))
  )
})
