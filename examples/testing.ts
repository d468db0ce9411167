/**
 * How an application tests its behaviour when providers fail: `Scripted` providers define what happens, `TestClock`
 * when. Nothing sleeps, nothing leaves the process, and every run is the same.
 *
 *     npx vitest run examples/testing.ts
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model, ProviderService } from "effect-failover"
import { Scripted } from "effect-failover/testing"

// -- the application, in a file of its own --------------------------------------------------------------------------------

class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {}
class Backup extends ProviderService.Service<Backup, Scripted.Scripted>()("backup") {}

/** Summarizes texts. If no target answers, the beginning of the text is used. */
class Summaries extends Context.Service<
  Summaries,
  { readonly of: (text: string) => Effect.Effect<{ readonly summary: string; readonly by: string }> }
>()("example/Summaries") {
  static readonly layerNoDeps = Layer.effect(
    Summaries,
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const chain = Chain.make(Model.make(yield* Primary, "large"), Model.make(yield* Backup, "small"))
      return {
        of: (text) =>
          failover.answer(chain, `Sum up: ${text}`, { deadline: "20 seconds" }).pipe(
            Effect.map(({ target, value }) => ({ summary: value, by: target.provider })),
            Effect.catch(() => Effect.succeed({ summary: `${text.slice(0, 10)}…`, by: "nobody" }))
          )
      }
    })
  )
}

// -- its tests ---------------------------------------------------------------------------------------------------------------

/** The application with providers that follow these scripts. */
const withScripts = (scripts: { readonly primary: Calls; readonly backup: Calls }) =>
  Effect.provide(
    Summaries.layerNoDeps.pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          Layer.sync(Primary, () => Scripted.make("primary", scripts.primary)),
          Layer.sync(Backup, () => Scripted.make("backup", scripts.backup)),
          Failover.layer({ policy: { whenAllBenched: "fail" } })
        )
      )
    )
  )

type Calls = ReadonlyArray<Scripted.Call<string, Scripted.Part>>

const summaryOf = (text: string) => Summaries.use((summaries) => summaries.of(text))

describe("Summaries", () => {
  it.effect(
    "comes from the backup while the primary is throttled, and from the primary again afterwards",
    () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* summaryOf("one")).by, "backup")
        assert.strictEqual((yield* summaryOf("two")).by, "backup")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* summaryOf("three")).by, "primary")
        const { calls } = yield* Primary
        assert.strictEqual(calls.length, 2, "the primary was spared while it rested")
      }).pipe(
        withScripts({
          primary: [
            [new Failure.RateLimit({ message: "slow down", retryAfter: Duration.seconds(30) })],
            ["thorough"]
          ],
          backup: [["short"]]
        })
      )
  )

  it.effect("does not wait for a primary that keeps silent longer than the request has time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(summaryOf("a long story"))
      // Half of the 20 seconds is kept for the backup.
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { summary: "short", by: "backup" })
      const { calls, open } = yield* Primary
      assert.deepStrictEqual([calls[0]?.outcome, open], ["interrupted", 0], "the call was let go")
    }).pipe(withScripts({ primary: [[{ hang: true }]], backup: [["short"]] }))
  )

  it.effect("is the beginning of the text when nobody can sum it up", () =>
    Effect.gen(function* () {
      const { by, summary } = yield* summaryOf("It was a dark and stormy night")
      assert.deepStrictEqual([by, summary], ["nobody", "It was a d…"])
      const benched = yield* BenchRegistry.BenchRegistry.use((registry) => registry.list)
      assert.deepStrictEqual(
        benched.map(({ key, reason }) => [key, reason]),
        [
          ["primary#default", "Balance"],
          ["backup/small#default", "ModelMissing"]
        ]
      )
    }).pipe(
      withScripts({
        primary: [[new Failure.AuthDead({ reason: "Balance", message: "out of credit" })]],
        backup: [[new Failure.AuthDead({ reason: "ModelMissing", message: "retired" })]]
      })
    )
  )

  it.effect("lets the provider go when its caller leaves, and holds it against nobody", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(summaryOf("never mind"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      const { calls, open } = yield* Primary
      assert.deepStrictEqual([calls[0]?.outcome, open], ["interrupted", 0])
      assert.deepStrictEqual(yield* BenchRegistry.BenchRegistry.use((registry) => registry.list), [])
    }).pipe(withScripts({ primary: [[{ hang: true }]], backup: [["short"]] }))
  )
})
