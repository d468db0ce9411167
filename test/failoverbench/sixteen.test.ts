/**
 * The sixteen faults of failoverbench against the gateway with `examples/failoverbench.jsonc`. One gateway serves all of
 * them, as in the benchmark, with the official client in front of it and every time a twentieth of the published one.
 */
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Played, play, type Stage } from "./Play.ts"
import { scenarioOf } from "./Scenarios.ts"
import * as System from "./System.ts"

class TheStage extends Context.Service<TheStage, Stage>()("test/failoverbench/Stage") {
  static readonly layer = Layer.effect(TheStage, System.stage(1 / 20))
}

/** Plays a scenario, which has to pass. Every check has to hold, including informational ones. */
const passes = Effect.fnUntraced(function* (id: string): Effect.fn.Return<Played["seen"], never, TheStage> {
  const { missed, seen, verdict } = yield* play(scenarioOf(id), yield* TheStage)
  assert.deepStrictEqual({ verdict, missed }, { verdict: "pass", missed: [] }, JSON.stringify(seen))
  return seen
})

layer(TheStage.layer, { excludeTestServices: true })("the gateway, scored by failoverbench", (it) => {
  it.effect("S01 waits for a short Retry-After and returns to the primary", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S01")
      assert.deepStrictEqual([primary.length, fallback.length], [2, 0])
    })
  )

  it.effect("S02 leaves a target that throttles without a named time after one attempt", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S02")
      assert.deepStrictEqual([primary.length, fallback.length], [1, 1])
    })
  )

  it.effect("S03 calls the primary again after a single 500", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S03")
      assert.deepStrictEqual([primary.length, fallback.length], [2, 0])
    })
  )

  it.effect("S04 leaves a target that stays overloaded after two retries", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S04")
      assert.deepStrictEqual([primary.length, fallback.length], [3, 1])
    })
  )

  it.effect("S05 survives a connection that is reset before the first byte", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S05")
      assert.deepStrictEqual([primary.length, fallback.length], [2, 0])
    })
  )

  it.effect("S06 leaves a target that never answers, and does not call it again", () =>
    Effect.gen(function* () {
      const { primary, seconds } = yield* passes("S06")
      assert.strictEqual(primary.length, 1)
      assert.isBelow(seconds, 20)
    })
  )

  it.effect("S07 does not wait for a first token that takes too long, whatever the headers promise", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S07")
      assert.deepStrictEqual([primary.length, fallback.length], [1, 1])
    })
  )

  it.effect("S08 answers in full although the stream is cut in the middle", () =>
    Effect.gen(function* () {
      const { model } = yield* passes("S08")
      assert.strictEqual(model, "fb-ok")
    })
  )

  it.effect("S09 answers in full although the stream stalls in the middle", () =>
    Effect.gen(function* () {
      const { fallback, model, primary } = yield* passes("S09")
      assert.deepStrictEqual([primary.length, fallback.length, model], [1, 1, "fb-ok"])
    })
  )

  it.effect("S10 skips an event that is not JSON and finishes the answer in place", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S10")
      assert.deepStrictEqual([primary.length, fallback.length], [1, 0])
    })
  )

  it.effect("S11 does not wait for a [DONE] that never comes", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S11")
      assert.deepStrictEqual([primary.length, fallback.length], [1, 0])
    })
  )

  it.effect("S12 takes a prompt that is too long to another model, and not to the same one again", () =>
    Effect.gen(function* () {
      const { fallback, primary } = yield* passes("S12")
      assert.deepStrictEqual([primary.length, fallback.length], [1, 1])
    })
  )

  it.effect("S13 passes on a refusal as the provider sent it, and calls no other target", () =>
    Effect.gen(function* () {
      const { error, status } = yield* passes("S13")
      assert.strictEqual(status, 400)
      assert.include(error, "rejected as a result of our safety system")
    })
  )

  it.effect("S14 starts again at a fallback that takes no prefill", () =>
    Effect.gen(function* () {
      const { fallback, model } = yield* passes("S14")
      assert.deepStrictEqual(
        fallback.map(({ answer }) => answer),
        ["200"]
      )
      assert.strictEqual(model, "fb-ok-noprefill")
    })
  )

  it.effect("S15 answers every request while the primary is down, and soon returns to it", () =>
    Effect.gen(function* () {
      const { primary, requests } = yield* passes("S15")
      assert.strictEqual(requests.filter(({ isWhole }) => isWhole).length, 20)
      // Three attempts of the first visit, then single probes.
      const answers = primary.map(({ answer }) => answer)
      assert.isBelow(answers.indexOf("200"), 10)
      assert.strictEqual(answers.lastIndexOf("503"), answers.indexOf("200") - 1)
    })
  )

  it.effect("S16 names the model that answered and what it used", () =>
    Effect.gen(function* () {
      const { hasUsage, model } = yield* passes("S16")
      assert.deepStrictEqual([model, hasUsage], ["fb-ok", true])
    })
  )
})
