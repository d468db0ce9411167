/** What belongs to one provider or account, and must not reach another. */
import { assert, describe, it } from "@effect/vitest"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import { answer, errors, Mock, one, parts, streamed, two } from "../support/ai.ts"

const idsOf = (mock: Mock) => mock.asked.map(({ previousResponseId }) => previousResponseId)

const tracked = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(ResponseIdTracker.make, (tracker) =>
    Effect.provideService(effect, ResponseIdTracker.ResponseIdTracker, tracker)
  )

/** Benches nothing, so that a test decides which model fails when. */
const restless = { policy: { rules: { ServerError: { rest: null } } } } as const

describe("the id of a response", () => {
  it.effect("is sent only to the provider it comes from", () => {
    const [a, b] = [
      new Mock("A", () => Effect.succeed(answer("rA"))),
      new Mock("B", () => Effect.succeed(answer("rB")))
    ]
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      yield* chat.generateText({ prompt: "two" })
      a.generate = () => Effect.fail(errors.fault)
      yield* chat.generateText({ prompt: "three" })
      assert.deepStrictEqual(idsOf(a), [undefined, "rA", "rA"])
      assert.deepStrictEqual(idsOf(b), [undefined])
      assert.strictEqual(b.asked[0]?.prompt.content.length, 5)
    }).pipe(tracked, Effect.provide(two(a, b, restless)))
  })

  it.effect("is not sent once another provider has answered in between", () => {
    const [a, b] = [
      new Mock("A", () => Effect.succeed(answer("rA"))),
      new Mock("B", () => Effect.succeed(answer("rB")))
    ]
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      a.generate = () => Effect.fail(errors.fault)
      yield* chat.generateText({ prompt: "two" })
      a.generate = () => Effect.succeed(answer("rA2"))
      yield* chat.generateText({ prompt: "three" })
      yield* chat.generateText({ prompt: "four" })
      assert.deepStrictEqual(idsOf(a), [undefined, "rA", undefined, "rA2"])
    }).pipe(tracked, Effect.provide(two(a, b, restless)))
  })

  it.effect("of a failed answer is dropped", () => {
    const a = new Mock("A", undefined, () =>
      Stream.concat(one(parts.metadata("rA")), Stream.fail(errors.fault))
    )
    const b = new Mock("B", undefined, () => one(...streamed("rB")))
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* Stream.runDrain(chat.streamText({ prompt: "one" }))
      a.stream = () => one(...streamed("rA2"))
      yield* Stream.runDrain(chat.streamText({ prompt: "two" }))
      yield* Stream.runDrain(chat.streamText({ prompt: "three" }))
      // With the id of the first, broken answer the provider would not have the answer of B.
      assert.deepStrictEqual(idsOf(a), [undefined, undefined, "rA2"])
      assert.strictEqual(a.asked[1]?.prompt.content.length, 3)
    }).pipe(tracked, Effect.provide(two(a, b, restless)))
  })

  it.effect("of a stream that broke off is dropped", () => {
    const a = new Mock("A", undefined, () =>
      Stream.concat(one(...streamed("rA").slice(0, 3)), Stream.fail(errors.fault))
    )
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* Effect.exit(Stream.runDrain(chat.streamText({ prompt: "one" })))
      a.stream = () => one(...streamed("rA2"))
      yield* Stream.runDrain(chat.streamText({ prompt: "two" }))
      assert.deepStrictEqual(idsOf(a), [undefined, undefined])
    }).pipe(tracked, Effect.provide(two(a, new Mock("B"), restless)))
  })

  it.effect("is dropped when the caller clears it", () => {
    const a = new Mock("A", () => Effect.succeed(answer("rA")))
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      const tracker = yield* ResponseIdTracker.ResponseIdTracker
      tracker.clearUnsafe()
      yield* chat.generateText({ prompt: "two" })
      assert.deepStrictEqual(idsOf(a), [undefined, undefined])
    }).pipe(tracked, Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("is another one for each key of a model", () => {
    const [first, second] = [
      new Mock("1", () => Effect.succeed(answer("r1"))),
      new Mock("2", () => Effect.succeed(answer("r2")))
    ]
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/m#first", first.layer),
      FailoverLanguageModel.member("a/m#second", second.layer)
    ])
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      first.generate = () => Effect.fail(errors.throttled(60))
      yield* chat.generateText({ prompt: "two" })
      assert.deepStrictEqual([idsOf(first), idsOf(second)], [[undefined, "r1"], [undefined]])
    }).pipe(tracked, Effect.provide(layer))
  })
})

describe("the provider's data in an answer", () => {
  /** An answer with an item id in each part and a cache mark of the caller's. */
  const withIds = (text: string) => [
    parts.metadata(text),
    {
      type: "reasoning",
      text: "hm",
      metadata: { openai: { itemId: `rs_${text}`, encryptedContent: "xyz" } }
    } as const,
    { type: "text", text, metadata: { openai: { itemId: `msg_${text}`, status: "completed" } } } as const,
    parts.finish()
  ]

  const optionsOf = (mock: Mock, at: number) =>
    mock.asked[at]?.prompt.content.flatMap((message) =>
      message.role === "assistant" ? message.content.map(({ options }) => options.openai) : []
    )

  it.effect("is sent back only to the account it comes from", () => {
    const [first, second] = [
      new Mock("1", () => Effect.succeed(withIds("one"))),
      new Mock("2", () => Effect.succeed(withIds("two")))
    ]
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("openai/m#first", first.layer),
      FailoverLanguageModel.member("openai/m#second", second.layer)
    ])
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      yield* chat.generateText({ prompt: "two" })
      first.generate = () => Effect.fail(errors.throttled(60))
      yield* chat.generateText({ prompt: "three" })
      yield* chat.generateText({ prompt: "four" })
      const own = { itemId: "rs_one", encryptedContent: "xyz" }
      assert.deepStrictEqual(optionsOf(first, 1), [own, { itemId: "msg_one", status: "completed" }])
      assert.deepStrictEqual(optionsOf(second, 0), [{}, { status: "completed" }, {}, { status: "completed" }])
      assert.deepStrictEqual(optionsOf(second, 1)?.slice(-2), [
        { itemId: "rs_two", encryptedContent: "xyz" },
        { itemId: "msg_two", status: "completed" }
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is also recognized after a stream", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    a.stream = () =>
      one(
        parts.metadata("A"),
        { type: "text-start", id: "1", metadata: { openai: { itemId: "msg_A" } } },
        parts.delta("hello"),
        parts.end,
        parts.finish()
      )
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* Stream.runDrain(chat.streamText({ prompt: "one" }))
      yield* chat.generateText({ prompt: "two" })
      assert.deepStrictEqual(optionsOf(a, 1), [{ itemId: "msg_A" }])
      a.generate = () => Effect.fail(errors.fault)
      yield* chat.generateText({ prompt: "three" })
      assert.deepStrictEqual(optionsOf(b, 0)?.[0], {})
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is left unchanged if its account is unknown", () => {
    const b = new Mock("B")
    const prompt = Prompt.make([
      { role: "user", content: "one" },
      { role: "assistant", content: [{ type: "text", text: "A", options: { openai: { itemId: "msg_x" } } }] },
      { role: "user", content: "two" }
    ])
    return Effect.gen(function* () {
      yield* LanguageModel.generateText({ prompt })
      assert.deepStrictEqual(optionsOf(b, 0), [{ itemId: "msg_x" }])
      assert.strictEqual(b.asked[0]?.prompt, prompt)
    }).pipe(Effect.provide(two(new Mock("A", () => Effect.fail(errors.fault)), b)))
  })

  it.effect("does not remove the next account's own response ids", () => {
    const [a, b] = [
      new Mock("A", () => Effect.succeed(withIds("a"))),
      new Mock("B", () => Effect.succeed(withIds("b")))
    ]
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      a.generate = () => Effect.fail(errors.fault)
      yield* chat.generateText({ prompt: "two" })
      yield* chat.generateText({ prompt: "three" })
      assert.deepStrictEqual(idsOf(b), [undefined, "b"])
    }).pipe(tracked, Effect.provide(two(a, b)))
  })

  it.effect("is not marked in the parts if there is only one account", () => {
    const a = new Mock("A", () => Effect.succeed(withIds("a")))
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: "hi" })
      const text = response.content.find((part) => part.type === "text")
      assert.deepStrictEqual(Object.keys(text?.metadata ?? {}), ["openai"])
    }).pipe(Effect.provide(FailoverLanguageModel.layer([FailoverLanguageModel.member("a/m", a.layer)])))
  })
})
