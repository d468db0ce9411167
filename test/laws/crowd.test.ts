/** Many concurrent callers while the primary dies. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Chain, Failover, Failure, Model } from "../../src/index.ts"
import { Scripted } from "../../src/testing/index.ts"
import { patientClock } from "../support/clock.ts"
import { check } from "./scenario.ts"

const crowd = 100

const Death = Schema.Struct({
  way: Schema.Literals([
    "hangs",
    "dies",
    "ends",
    "RateLimit",
    "InvalidKey",
    ...Failure.TransientReason.literals
  ]),
  /** Milliseconds until it fails. */
  after: Schema.Literals([0, 1, 50, 2_000]),
  /** Milliseconds between two callers. */
  gap: Schema.Literals([0, 1, 3, 10]),
  asks: Schema.Literals(["complete", "stream"])
})

const stepOf = (way: (typeof Death.Type)["way"]): Scripted.Step<string, Scripted.Part> => {
  switch (way) {
    case "hangs":
      return { hang: true }
    case "dies":
      return { die: new Error("a bug") }
    case "ends":
      return { end: true }
    case "RateLimit":
      return new Failure.RateLimit({ message: "slow down" })
    case "InvalidKey":
      return new Failure.AuthDead({ reason: "InvalidKey", message: "unknown key" })
    default:
      return new Failure.Transient({ reason: way, message: "out of order" })
  }
}

describe(`${crowd} concurrent calls`, () => {
  it.effect.prop(
    "are all answered when the primary is dead, whatever its failure and however close together they come",
    [Death],
    ([{ after, asks, gap, way }]) =>
      Effect.gen(function* () {
        const dead = Scripted.make("dead", [[Scripted.held("role"), { wait: after }, stepOf(way)]])
        const alive = Scripted.make("alive", [[{ wait: 5 }, "one ", "two"]])
        const chain = Chain.make(Model.make(dead, "m"), Model.make(alive, "m"))
        const ask =
          asks === "complete"
            ? Failover.complete(chain, "a prompt")
            : Stream.runFold(
                Failover.stream(chain, "a prompt"),
                () => "",
                (text, part) => text + part.text
              )
        const callers = yield* Effect.forEach(Array.from({ length: crowd }), (_, i) =>
          Effect.forkChild(Effect.delay(ask, i * gap))
        )
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(
          yield* Fiber.joinAll(callers),
          Array.from({ length: crowd }, () => "one two")
        )

        assert.strictEqual(dead.open + alive.open, 0)
      }).pipe(Effect.provide(Failover.layer()), Effect.provide(patientClock)),
    check(150)
  )
})
