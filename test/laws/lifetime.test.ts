/**
 * Everything that a request opens is released. However it is made and however its caller leaves, within a second the
 * provider's connection is closed, and no fiber, timer or probe slot is left.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { BenchRegistry, Failover } from "../../src/index.ts"
import type { Transport } from "../../src/providers/index.ts"
import * as FaultServer from "../support/FaultServer.ts"
import * as Play from "./lifetime.ts"

/** Plays one request as a probe, and checks what is left a second after its caller left. */
const play = (
  dialect: Play.Dialect,
  transport: Layer.Layer<Transport>,
  behaviour: FaultServer.Behaviour,
  /** The same request without leaving early. */
  whole: (asked: Play.Asked) => Effect.Effect<unknown, unknown, Failover.Failover>,
  ask: (asked: Play.Asked) => Effect.Effect<unknown, unknown, Failover.Failover>
) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make
    const bench = yield* BenchRegistry.makeMemory
    const failover = yield* Effect.provideService(Failover.make(), BenchRegistry.BenchRegistry, bench)
    const context = yield* Layer.build(Layer.fresh(transport))
    const asked = yield* Effect.provideContext(Play.askedOf(dialect, server.origin), context)
    const clock = Play.countingClock(yield* Clock.Clock)
    let fibers = 0
    const metrics = { recordFiberStart: () => void fibers++, recordFiberEnd: () => void fibers-- }

    // First failures, so that every target on the way is half-open.
    const first = [Failover.complete(asked.chain, asked.request), whole(asked)]
    for (const [index, request] of first.entries()) {
      server.play(FaultServer.json({ error: { message: "boom" } }, 500))
      // On a machine that stands still for seconds a connection may not be made in time. Then the case is repeated.
      for (let tries = 0; tries < 5 && server.requests.length === index; tries++) {
        yield* Effect.ignore(Effect.provideService(request, Failover.Failover, failover))
        yield* Effect.sleep(3)
      }
    }
    assert.strictEqual(server.requests.length, first.length)
    assert.isAbove(EngineBench.of(bench).stateUnsafe().entries.size, 0)

    server.play(behaviour)
    yield* ask(asked).pipe(
      Effect.provideService(Failover.Failover, failover),
      Effect.provideService(Clock.Clock, clock.clock),
      Effect.provideService(Metric.FiberRuntimeMetrics, metrics),
      Effect.timeoutOption(5_000),
      Effect.exit
    )
    const look = () => ({
      connections: server.running,
      fibers,
      sleepers: clock.sleepers(),
      probes: [...EngineBench.of(bench).stateUnsafe().entries]
        .filter(([, entry]) => entry.probe !== 0)
        .map(([key]) => key)
    })
    const nothing = { connections: 0, fibers: 0, sleepers: 0, probes: [] }
    const isOver = () => JSON.stringify(look()) === JSON.stringify(nothing)
    // A second of this process's own turns, however busy the machine is.
    for (let turns = 0; turns < 200 && !isOver(); turns++) yield* Effect.sleep(5)
    return { requests: server.requests.length - first.length, isOver: isOver(), left: look() }
  })

const each = <A>(all: Readonly<Record<string, A>>) => Object.entries(all)

/** The protocols that a way to make a request supports. */
const spoken = (ask: string) =>
  each(Play.dialects).filter(([, { chat }]) => chat !== undefined || !ask.endsWith("LanguageModel"))

type Case = readonly [name: string, play: ReturnType<typeof play>]

/** Plays all cases concurrently, and lists those that left something open. */
const nothingIsLeftOf = (cases: ReadonlyArray<Case>) =>
  Effect.gen(function* () {
    const wrong: Array<unknown> = []
    yield* Effect.forEach(
      cases,
      ([name, play]) =>
        Effect.map(Effect.scoped(play), ({ isOver, left, requests }) => {
          if (!isOver || requests > 1) wrong.push({ name, requests, ...left })
        }),
      { concurrency: 16 }
    )
    assert.deepStrictEqual(wrong, [])
  })

describe.concurrent("everything that a request opens is released", () => {
  for (const [way, transport] of each(Play.transports)) {
    for (const [name, ask] of each(Play.streams)) {
      it.live(`${name} over ${way}`, () =>
        nothingIsLeftOf(
          spoken(name).flatMap(([dialectName, dialect]) =>
            each(Play.leavings).map(
              ([leaving, { plays, reads }]): Case => [
                `${dialectName}, ${leaving}`,
                play(
                  dialect,
                  transport,
                  plays(dialect),
                  (asked) => Stream.runDrain(ask(asked)),
                  (asked) => reads(ask(asked))
                )
              ]
            )
          )
        )
      )
    }
    it.live(`whole answers over ${way}`, () =>
      nothingIsLeftOf(
        each(Play.wholes).flatMap(([name, ask]) =>
          spoken(name).flatMap(([dialectName, dialect]) =>
            each(Play.wholeLeavings).map(
              ([leaving, [behaviour, how]]): Case => [
                `${name}, ${dialectName}, ${leaving}`,
                play(dialect, transport, behaviour, ask, (asked) =>
                  how === "timeout" ? Effect.timeout(ask(asked), 60) : ask(asked)
                )
              ]
            )
          )
        )
      )
    )
  }
})
