/** A target that hangs is detected by callers with shorter deadlines of their own, and a healthy one is not benched by them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { CutOffs } from "../../src/health/CutOffs.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { a } from "../support/bench.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { play } from "../support/engine.ts"

const asks = {
  complete: (chain: Chain.Chain<Scripted.Scripted>, deadline?: string) =>
    Failover.complete(chain, "q", deadline === undefined ? {} : { deadline: deadline as "1 second" }),
  stream: (chain: Chain.Chain<Scripted.Scripted>, deadline?: string) =>
    Stream.runDrain(
      Failover.stream(chain, "q", deadline === undefined ? {} : { deadline: deadline as "1 second" })
    )
}

for (const [kind, ask] of Object.entries(asks)) {
  describe(`a primary that hangs (${kind})`, () => {
    it.effect("is benched after three requests in a row reached their own deadline", () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf(hang, [["fine"]])
        const took: Array<number> = []
        for (let i = 0; i < 4; i++)
          took.push((yield* play(ask(chain, "10 seconds"), { within: "6 seconds" })).took)
        assert.deepStrictEqual(took, [5_000, 5_000, 5_000, 0])
        // From then on it is probed, and each failed probe doubles its cooldown.
        for (let i = 0; i < 20; i++) yield* play(ask(chain, "10 seconds"), { within: "6 seconds" })
        assert.isAtMost(calls().filter((call) => call.endsWith("a/m")).length, 8)
      }).pipe(layer({ cooldown: { transient: { max: "30 seconds" } } }))
    )

    it.effect("is benched after three callers in a row disconnected", () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf(hang, [["fine"]])
        for (let i = 0; i < 3; i++) {
          yield* play(Effect.exit(Effect.timeout(ask(chain), "5 seconds")), { within: "6 seconds" })
        }
        const { took } = yield* play(ask(chain), { within: "1 second" })
        assert.strictEqual(took, 0)
        assert.strictEqual(calls().filter((call) => call.endsWith("a/m")).length, 3)
      }).pipe(layer())
    )
  })

  describe(`a healthy primary (${kind})`, () => {
    it.effect("is not benched by a caller with deadlines of a millisecond", () =>
      Effect.gen(function* () {
        const { chain } = chainOf([[{ wait: "1 second" }, "slow"]], [["other"]])
        for (let i = 0; i < 50; i++) yield* play(Effect.exit(ask(chain, "1 millis")), { within: "10 millis" })
        const { benches } = yield* play(ask(chain), { within: "5 seconds" })
        assert.deepStrictEqual(benches, [])
      }).pipe(layer())
    )

    it.effect("is not benched by a caller that never waits long enough", () =>
      Effect.gen(function* () {
        const { chain } = chainOf([[{ wait: "2 seconds" }, "slow"]], [["other"]])
        yield* play(ask(chain), { within: "5 seconds" })
        for (let i = 0; i < 50; i++)
          yield* play(Effect.exit(ask(chain, "3 seconds")), { within: "5 seconds" })
        const { benches } = yield* play(ask(chain), { within: "5 seconds" })
        assert.deepStrictEqual(benches, [])
      }).pipe(layer())
    )
  })
}

describe("a target that answers others", () => {
  for (const [kind, isStream] of [
    ["whole answers", false],
    ["streams", true]
  ] as const) {
    it.effect(`is not benched by a caller that gives up every second after five, ${kind}`, () =>
      Effect.gen(function* () {
        const p = Scripted.make("p", (_, request) =>
          request === "hangs" ? [[{ hang: true }]] : [[{ wait: 400 }, "fine"]]
        )
        const chain = Chain.make(Model.make(p, "m"), Scripted.make("q", [["other"]]).model("m"))
        const ask = (request: string) =>
          isStream
            ? Effect.map(Stream.runCollect(Failover.stream(chain, request)), (parts) => parts[0]?.text)
            : Failover.complete(chain, request)
        const impatient = Effect.forEach(
          Array.from({ length: 60 }),
          (_, i) => Effect.delay(Effect.exit(Effect.timeout(ask("hangs"), 5_000)), i * 1_000),
          { concurrency: "unbounded" }
        )
        const patient = Effect.forEach(Array.from({ length: 20 }), () => Effect.delay(ask("q"), 3_000))
        const { value } = yield* play(Effect.all([patient, impatient], { concurrency: 2 }))
        assert.deepStrictEqual(
          value?.[0],
          Array.from({ length: 20 }, () => "fine")
        )
      }).pipe(layer())
    )
  }
})

describe("a target that has not answered yet", () => {
  it.effect("is not benched by three deadlines of one caller within seconds", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: "3 seconds" }, "slow"]], [["other"]])
      for (let i = 0; i < 4; i++)
        yield* play(Effect.exit(asks.complete(chain, "2 seconds")), { within: "2 seconds" })
      const { benches, value } = yield* play(Failover.complete(chain, "q"), { within: "5 seconds" })
      assert.strictEqual(value, "slow")
      assert.deepStrictEqual(benches, [])
    }).pipe(layer())
  )

  it.effect("is not benched by many callers that give up together", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: "3 seconds" }, "slow"]], [["other"]])
      const crowd = Effect.all(
        Array.from({ length: 50 }, () => Effect.exit(asks.complete(chain, "2 seconds"))),
        { concurrency: "unbounded" }
      )
      yield* play(crowd, { within: "2 seconds" })
      const { benches, value } = yield* play(Failover.complete(chain, "q"), { within: "5 seconds" })
      assert.strictEqual(value, "slow")
      assert.deepStrictEqual(benches, [])
    }).pipe(layer())
  )

  it.effect("is benched once it has given no answer for fifteen seconds, whatever the deadlines", () =>
    Effect.gen(function* () {
      const { chain } = chainOf(hang, [["fine"]])
      const took: Array<number> = []
      for (let i = 0; i < 11; i++)
        took.push((yield* play(asks.complete(chain, "3 seconds"), { within: "1500 millis" })).took)
      assert.deepStrictEqual(took, [...Array.from({ length: 10 }, () => 1_500), 0])
    }).pipe(layer())
  )
})

describe("a row of silences", () => {
  it("ends with an answer, and with ten minutes in which nothing was added", () => {
    const silences = new CutOffs()
    silences.answered(a, 10)
    const cut = (now: number) => silences.cutOff(a, 1_000, 30_000, now)
    assert.deepStrictEqual([cut(0), cut(1), cut(2)], [false, false, true])
    silences.answered(a, 0)
    assert.deepStrictEqual([cut(3), cut(4), cut(700_000), cut(700_001)], [false, false, false, false])
  })
})
