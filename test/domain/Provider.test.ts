/** `Provider.make`: providers built from functions, with or without streams. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Chain, Credential, Failover, Failure, InvalidOptions, Phase, Provider } from "../../src/index.ts"

describe("Provider.make", () => {
  const upper = Provider.make("upper", { complete: (text: string) => Effect.succeed(text.toUpperCase()) })

  it.effect(
    "answers whole requests, and streams the whole answer as one chunk without a stream of its own",
    () =>
      Effect.gen(function* () {
        const chain = Chain.make(upper.model("large"))
        assert.strictEqual(yield* Failover.complete(chain, "hello"), "HELLO")
        assert.deepStrictEqual(yield* Stream.runCollect(Failover.stream(chain, "hello")), ["HELLO"])
      }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("fails over from a stream that fails before its first chunk", () =>
    Effect.gen(function* () {
      const dead = Provider.make("dead", {
        complete: (_: string) => Effect.succeed(""),
        stream: (_: string): Stream.Stream<string, Failure.Failure> =>
          Stream.fail(new Failure.AuthDead({ reason: "InvalidKey", message: "no" }))
      })
      const chain = Chain.make(dead.model("m"), upper.model("m"))
      assert.deepStrictEqual(yield* Stream.runCollect(Failover.stream(chain, "hello")), ["HELLO"])
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("takes the phases of its chunks: a stream that ends before it is complete is Truncated", () =>
    Effect.gen(function* () {
      const cut = Provider.make("cut", {
        complete: (_: string) => Effect.succeed(""),
        stream: (_: string): Stream.Stream<string> => Stream.make("a", "b"),
        phase: (chunk) => (chunk === "." ? Phase.answer : Phase.content)
      })
      const failure = yield* Effect.flip(
        Stream.runDrain(Failover.stream(Chain.make(cut.model("m")), "hello"))
      )
      assert(failure._tag === "StreamBroken")
      assert.strictEqual(Failure.classOf(failure.failure), "Truncated")
    }).pipe(Effect.provide(Failover.layer()))
  )

  it("refuses calls that are not functions, and names them", () => {
    const complete = (text: string) => Effect.succeed(text)
    const make = (calls: unknown) => () => Provider.make("a", calls as { complete: typeof complete })
    assert.throws(make({}), /"a": complete is missing; it has to be a function/)
    assert.throws(make(complete), /it has to be an object|complete is missing/)
    assert.throws(make({ complete, stream: Stream.empty }), /stream is .*; it has to be a function/)
    assert.throws(make({ complete, phase: "content" }), /phase is "content"; it has to be a function/)
  })

  it("refuses a name that a bench key cannot contain, and two credentials of one name", () => {
    const calls = { complete: (text: string) => Effect.succeed(text) }
    assert.throws(() => Provider.make("a/b", calls), InvalidOptions)
    const credentials = [Credential.make("one"), Credential.make("one")] as const
    assert.throws(() => Provider.make("a", calls, { credentials }), InvalidOptions)
  })
})
