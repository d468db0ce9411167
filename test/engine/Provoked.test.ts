/** Failures that one caller can provoke bench no target for the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Classifier } from "../../src/classifier/index.ts"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Route from "../../src/router/Route.ts"
import { layer } from "../support/chains.ts"
import { benches, failureOf, play } from "../support/engine.ts"

const openai = (message: string, code: string | null = null, type = "invalid_request_error") =>
  JSON.stringify({ error: { message, type, param: null, code } })
const anthropic = (type: string, message: string) =>
  JSON.stringify({ type: "error", error: { type, message } })

/** Refusals of requests that are too large for the account. Smaller ones are answered. */
const tooLarge = {
  "more tokens than a minute has": {
    status: 429,
    body: openai(
      "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 50000. The input or output tokens must be reduced in order to run successfully.",
      "rate_limit_exceeded",
      "tokens"
    )
  },
  "the same with status 413": {
    status: 413,
    body: openai(
      "Request too large for model `llama` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 17000, please reduce your message size and try again.",
      "rate_limit_exceeded",
      "tokens"
    )
  },
  "a long context that the plan does not include": {
    status: 429,
    body: anthropic("rate_limit_error", "Extra usage is required for long context requests.")
  }
}

describe("a request that is too large for the account", () => {
  for (const [what, answer] of Object.entries(tooLarge)) {
    const failure = Classifier.classify(answer)

    it.effect(`benches nothing and goes on to the next model, once each time: ${what}`, () =>
      Effect.gen(function* () {
        const asked: Array<string> = []
        const service = {
          ask: (size: string) => (size === "large" ? Effect.fail(failure) : Effect.succeed("a"))
        }
        const a = Backend.make("a", service, { credentials: [Credential.make("one")] })
        const b = Backend.make("b", { ask: () => Effect.succeed("b") })
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        const ask = (size: string) =>
          Failover.use(chain, ({ name, service }) => {
            asked.push(`${name} ${size}`)
            return service.ask(size)
          })
        for (let i = 0; i < 5; i++) {
          assert.deepStrictEqual(yield* play(ask("large")).pipe(Effect.map(({ value }) => value)), "b")
          assert.deepStrictEqual(yield* play(ask("small")).pipe(Effect.map(({ value }) => value)), "a")
        }
        assert.strictEqual(asked.filter((call) => call === "a large").length, 5)
        assert.deepStrictEqual(yield* benches, [])
      }).pipe(layer())
    )

    it(`is evidence against this request at this model, and leaves a route where it is: ${what}`, () => {
      assert.strictEqual(Failure.subjectOf(failure), "requestAtModel")
      assert.strictEqual(Route.judge(failure), "ignore")
    })
  }

  it.effect("is not waited for, and does not stop the requests in the queue", () =>
    Effect.gen(function* () {
      const failure = new Failure.RateLimit({
        message: "too large",
        retryAfter: Duration.seconds(1),
        onlyThisRequest: true
      })
      let calls = 0
      const ask = Effect.suspend(() => {
        calls++
        return Effect.fail(failure)
      })
      const service = { ask }
      const chain = Chain.make(Model.make(Backend.make("a", service), "m"))
      const fiber = yield* Effect.forkChild(Effect.flip(Failover.use(chain, ({ service }) => service.ask)))
      yield* TestClock.adjust(0)
      assert.isDefined(fiber.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "ChainExhausted")
      assert.strictEqual(calls, 1)
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(layer())
  )
})

describe("a refusal of one request for its size, after the first content", () => {
  it.effect("benches nothing either", () =>
    Effect.gen(function* () {
      const failure = Classifier.classify(tooLarge["more tokens than a minute has"])
      const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))
      const cut = () => Stream.concat(Stream.make("one"), Stream.fail(failure))
      const { error } = yield* play(Stream.runDrain(Failover.useStream(chain, cut)))
      assert.strictEqual(error?._tag, "StreamBroken")
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(layer())
  )
})

describe("the route of a router", () => {
  it("is moved by no failure that concerns the request or this process", () => {
    for (const name of Failure.failureClasses) {
      const failure = failureOf(name)
      const isOurs = ["request", "requestAtModel", "process"].includes(Failure.subjectOf(failure))
      assert.strictEqual(Route.judge(failure) === "ignore", isOurs, name)
    }
  })
})
