/** An error that is thrown on our side before anything was sent is the caller's fault or ours, and never the target's. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as BenchRegistry from "../../src/health/BenchRegistry.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import { Transport, TransportError } from "../../src/providers/transport/Transport.ts"

const good = JSON.stringify({ choices: [{ message: { content: "hi" }, finish_reason: "stop" }] })

/** A transport that answers, or throws as a socket does. */
const transport = (thrown?: unknown) => {
  const sent: Array<string> = []
  const service = Transport.of({
    exchange: (request) =>
      Effect.suspend(() => {
        sent.push(request.body)
        return thrown === undefined
          ? Effect.succeed({
              status: 200,
              headers: { "content-type": "application/json" },
              body: new TextEncoder().encode(good)
            })
          : Effect.fail(new TransportError({ answered: false, tooLarge: false, cause: thrown }))
      }),
    open: () => Effect.fail(new TransportError({ answered: false, tooLarge: false, cause: thrown }))
  })
  return { sent, layer: Layer.succeed(Transport, service) }
}

const policy = { retries: { times: 0 } }

/** The outcome of a request at a single target, and what is benched after five of them. */
const ask = (
  body: object,
  { thrown, ...options }: OpenAi.Options & { readonly thrown?: unknown } = {},
  headers?: Readonly<Record<string, string>>
) =>
  Effect.gen(function* () {
    const { layer, sent } = transport(thrown)
    const openai = yield* Effect.provide(OpenAi.make(options), layer)
    const chain = Chain.make(Model.make(openai, "m"))
    const request = {
      operation: "chat/completions" as const,
      body: body as { [key: string]: unknown },
      headers
    }
    const run = Effect.gen(function* () {
      let error: unknown
      for (let i = 0; i < 5; i++) error = yield* Effect.flip(Failover.complete(chain, request))
      const streamed = yield* Effect.flip(Stream.runDrain(Failover.stream(chain, request)))
      const registry = yield* BenchRegistry.BenchRegistry
      return { error, streamed, benches: (yield* registry.list).length }
    })
    const result = yield* Effect.provide(run, Failover.layer({ policy }))
    return { ...result, sent }
  })

const classOf = (error: unknown): string =>
  Failure.isFailure(error)
    ? Failure.classOf(error)
    : ((error as { attempts?: ReadonlyArray<{ failure: Failure.Failure }> }).attempts ?? [])
        .map(({ failure }) => Failure.classOf(failure))
        .join(" ")

const deep = (levels: number): object => {
  let value: object = {}
  for (let i = 0; i < levels; i++) value = { a: value }
  return value
}
const circular: { [key: string]: unknown } = {}
circular.self = circular
const throwing = Object.defineProperty({}, "secret", {
  enumerable: true,
  get: () => {
    throw new Error("my deepest secret")
  }
})

describe("an operation that the protocol does not have", () => {
  it.effect("is the caller's mistake: it is named at once, and nothing is sent or benched", () =>
    Effect.gen(function* () {
      const { layer, sent } = transport()
      const openai = yield* Effect.provide(OpenAi.make({}), layer)
      // The form in which a caller without types may write it.
      const request = { operation: "chat/completion" as OpenAi.Operation, body: {} }
      const chain = Chain.make(Model.make(openai, "m"))
      const errors = yield* Effect.provide(
        Effect.all([
          Effect.flip(Failover.complete(chain, request)),
          Effect.flip(Stream.runDrain(Failover.stream(chain, request)))
        ]),
        Failover.layer({ policy })
      )
      for (const error of errors) {
        assert(error._tag === "BadRequest")
        assert.strictEqual(error.reason, "Invalid")
        assert.match(
          error.message,
          /^there is no operation "chat\/completion"; the operations are chat\/completions, /
        )
      }
      assert.deepStrictEqual(sent, [])
    })
  )
})

describe("a body that cannot be written as JSON", () => {
  it.live.each([
    ["that is nested too deeply", { tools: deep(20_000) }, "Unsupported"],
    ["that holds itself", { metadata: circular }, "Invalid"],
    ["with a BigInt", { seed: 1n }, "Invalid"],
    ["with a getter that throws", { metadata: throwing }, "Invalid"],
    ["with a toJSON that throws", { metadata: { toJSON: () => assert.fail("my deepest secret") } }, "Invalid"]
  ] as const)("%s is the caller's, nothing is sent or benched", ([, body, expected]) =>
    Effect.gen(function* () {
      const { benches, error, sent, streamed } = yield* ask({ messages: [], ...body })
      assert.strictEqual(classOf(error), expected)
      assert.strictEqual(classOf(streamed), expected)
      assert.notInclude(String((error as Error).message), "secret")
      assert.deepStrictEqual(sent, [])
      assert.strictEqual(benches, 0)
    })
  )

  it.live("does not include lone surrogates or an array of a million", () =>
    Effect.gen(function* () {
      const { layer, sent } = transport()
      const openai = yield* Effect.provide(OpenAi.make({}), layer)
      const body = {
        messages: [{ role: "user", content: "a\ud800b" }],
        list: Array.from({ length: 1e6 }, () => 0)
      }
      const chain = Chain.make(Model.make(openai, "m"))
      yield* Effect.provide(
        Failover.complete(chain, { operation: "chat/completions", body }),
        Failover.layer()
      )
      assert.strictEqual(sent.length, 1)
    })
  )
})

describe("an invalid header", () => {
  it.live("is the caller's fault if the caller sent it", () =>
    Effect.gen(function* () {
      const { benches, error, sent } = yield* ask({ messages: [] }, {}, { "x-title": "a\nb: secret" })
      assert.strictEqual(classOf(error), "Invalid")
      assert.include((error as Error).message, "x-title")
      assert.notInclude((error as Error).message, "secret")
      assert.deepStrictEqual([sent.length, benches], [0, 0])
    })
  )

  it.live("is a Local failure if it is configured", () =>
    Effect.gen(function* () {
      const { benches, error, sent } = yield* ask({ messages: [] }, { headers: { "x-team": "a\r\nb" } })
      assert.strictEqual(classOf(error), "Local")
      assert.deepStrictEqual([sent.length, benches], [0, 0])
    })
  )

  it.live("is the credential's fault if it is the key", () =>
    Effect.gen(function* () {
      const { error, sent } = yield* ask({ messages: [] }, { apiKey: Redacted.make("sk-1\nsk-2") })
      assert.include(classOf(error), "InvalidKey")
      assert.notInclude(String((error as Error).message), "sk-")
      assert.strictEqual(sent.length, 0)
    })
  )
})

describe("insufficient resources in our own process", () => {
  it.live.each(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"])("benches nothing: %s", (code) =>
    Effect.gen(function* () {
      const thrown = Object.assign(new Error("connect"), { code })
      const { benches, error, streamed } = yield* ask({ messages: [] }, { thrown })
      assert.strictEqual(classOf(error), "Local")
      assert.strictEqual(classOf(streamed), "Local")
      assert.strictEqual(benches, 0)
    })
  )
})
