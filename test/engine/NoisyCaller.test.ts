/** A target at which only one caller's requests fail stays in rotation for all other callers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { fault } from "../support/engine.ts"
import * as Noisy from "../support/noisy.ts"

const model = (name: string) => Model.make(Backend.make(name, {}), "m")

const chains = {
  "a fallback": Chain.make(model("first"), model("second")),
  "two fallbacks": Chain.make(model("first"), model("second"), model("third")),
  "an equal": Chain.make(Chain.equals(model("first"), model("second")), model("third")),
  "no other target": Chain.make(model("first"))
}

type Ask = (
  who: string,
  chain: Chain.Chain<Backend.Backend>,
  answer: Answer
) => Effect.Effect<string, unknown, Failover.Failover>

type Answer = (backend: Backend.Backend) => Effect.Effect<string, ReturnType<typeof fault>>

type Options = Failover.CallOptions & { readonly request?: unknown }

/** How an application names its callers. */
const identities: Readonly<Record<string, (who: string) => Options>> = {
  "named callers": (who: string) => ({ caller: who }),
  conversations: (who: string) => ({ affinity: who }),
  requests: (who: string) => ({ request: { prompt: who } })
}

const kinds = {
  "whole answers":
    (options: (who: string) => Options): Ask =>
    (who, chain, answer) =>
      Failover.use(chain, answer, options(who)),
  streams:
    (options: (who: string) => Options): Ask =>
    (who, chain, answer) =>
      Stream.runFold(
        Failover.useStream(chain, (backend) => Stream.fromEffect(answer(backend)), options(who)),
        () => "",
        (all, name) => all + name
      ),
  "streams that break after their first content":
    (options: (who: string) => Options): Ask =>
    (who, chain, answer) =>
      Stream.runFold(
        Failover.useStream(
          chain,
          (backend) => Stream.concat(Stream.make(""), Stream.fromEffect(answer(backend))),
          options(who)
        ),
        () => "",
        (all, name) => all + name
      )
}

/** The requests of `noisy` fail at the first target, and all others are answered. */
const answerTo =
  (who: string, reason: (typeof Noisy.classes)[number], took = 300): Answer =>
  ({ name }) =>
    who === "noisy" && name === "first"
      ? Effect.andThen(Effect.sleep(100), Effect.fail(fault(reason)))
      : Effect.as(Effect.sleep(took), name)

describe("a caller whose requests alone fail at the first target, once a second", () => {
  for (const [tell, options] of Object.entries(identities)) {
    for (const [kind, askOf] of Object.entries(kinds)) {
      for (const [what, chain] of Object.entries(chains)) {
        it.effect(`moves and loses no request of others: ${tell}, ${kind}, ${what}`, () =>
          Effect.gen(function* () {
            const ask = askOf(options)
            for (const reason of Noisy.classes) {
              const seen = yield* Noisy.play(
                () => ask("noisy", chain, answerTo("noisy", reason)),
                (n) => ask(`other ${tell === "requests" ? n : n % 5}`, chain, answerTo("other", reason)),
                {},
                what === "an equal" ? (name) => name !== "third" : undefined
              ).pipe(Effect.provide(Failover.layer()))
              assert.strictEqual(seen.lost, 0, reason)
              assert.isAtMost(seen.moved, tell === "named callers" ? 3 : 30, reason)
            }
          })
        )
      }
    }
  }
})

describe("callers without a name that send another request each time", () => {
  const chain = Chain.make(model("first"), model("second"))

  for (const [noisyEvery, othersEvery] of [
    [1_000, 2_000],
    [5_000, 1_000],
    [1_000, 100]
  ] as const) {
    it.effect(
      `move few requests of others: one failing request every ${noisyEvery} ms, another one every ${othersEvery} ms`,
      () =>
        Effect.gen(function* () {
          let sent = 0
          for (const reason of Noisy.classes) {
            const ask = (who: string) =>
              Failover.use(chain, answerTo(who, reason), { request: { prompt: `${who} ${sent++}` } })
            const seen = yield* Noisy.play(
              () => ask("noisy"),
              () => ask("other"),
              { noisyEvery, othersEvery, lasts: Math.min(600_000, 600 * othersEvery) }
            ).pipe(Effect.provide(Failover.layer()))
            assert.strictEqual(seen.lost, 0, reason)
            assert.isAtMost(seen.moved, 0.1 * seen.others, reason)
          }
        })
    )
  }

  it.effect("move few requests of others although one of their failing requests comes again and again", () =>
    Effect.gen(function* () {
      let sent = 0
      const ask = (who: string, prompt: string) =>
        Failover.use(chain, answerTo(who, "ServerError"), { request: { prompt } })
      const seen = yield* Noisy.play(
        (n) => ask("noisy", n % 3 === 0 ? "the same" : `noisy ${sent++}`),
        () => ask("other", `other ${sent++}`)
      ).pipe(Effect.provide(Failover.layer()))
      assert.isAtMost(seen.moved, 0.1 * seen.others)
    })
  )

  it.effect("do not keep a target in rotation that fails nine of ten attempts by chance", () =>
    Effect.gen(function* () {
      let sent = 0
      let calls = 0
      const answer: Answer = (backend) =>
        Effect.flatMap(Random.next, (chance) => {
          if (backend.name === "first") calls++
          return answerTo(chance < 0.9 ? "noisy" : "other", "ServerError")(backend)
        })
      const ask = Effect.suspend(() => Failover.use(chain, answer, { request: { prompt: `${sent++}` } }))
      for (let i = 0; i < 600; i++) {
        yield* Effect.forkDetach(Effect.exit(ask))
        yield* TestClock.adjust("1 second")
      }
      assert.isBelow(calls, 300)
    }).pipe(Random.withSeed("chance"), Effect.provide(Failover.layer()))
  )
})
