/** Validation of answers by the application. */
import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestConsole from "effect/testing/TestConsole"
import * as ChainLanguageModel from "../../src/ai/ChainLanguageModel.ts"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import * as ScriptedLanguageModel from "../../src/ai/ScriptedLanguageModel.ts"
import * as Chain from "../../src/domain/Chain.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import { VirtualTime } from "../../src/testing/index.ts"
import { failing, heard, text, words } from "../support/ai.ts"
import * as FaultServer from "../support/FaultServer.ts"

const { Rejected, Validation } = FailoverLanguageModel

const say = (delta: object) => JSON.stringify({ id: "c", choices: [{ index: 0, delta }] })
const finish = (finish_reason: string) =>
  JSON.stringify({ id: "c", choices: [{ index: 0, delta: {}, finish_reason }] })

/** Rejects answers that contain this word, and records every answer that it has checked. */
const rejecting = (word: string, seen: Array<string> = []) =>
  Effect.provideService(Validation, (answer) => {
    seen.push(`${answer.target.key}: ${answer.text} (${answer.finishReason})`)
    return answer.text.includes(word)
      ? Effect.fail(new Rejected({ message: `it says ${word}` }))
      : Effect.void
  })

const benched = Effect.map(
  Effect.flatMap(BenchRegistry, (registry) => registry.list),
  (list) => list.filter(({ status }) => status !== "free").map(({ key }) => key)
)

const two = (first: ScriptedLanguageModel.Script, second: ScriptedLanguageModel.Script) => {
  const a = ScriptedLanguageModel.make(first)
  const b = ScriptedLanguageModel.make(second)
  const layer = FailoverLanguageModel.layer([
    FailoverLanguageModel.member("a/m", a.layer),
    FailoverLanguageModel.member("b/m", b.layer)
  ])
  return { a, b, layer }
}

describe("a validation", () => {
  it.effect("that rejects a whole answer falls back to the next model, and benches nothing", () => {
    const { a, layer } = two([["no ", "idea"]], [["the ", "answer"]])
    const seen: Array<string> = []
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* VirtualTime.run(text), "the answer")
      assert.strictEqual(a.calls.length, 4)
      assert.deepStrictEqual(yield* benched, [])
      assert.deepStrictEqual(seen.slice(0, 2), [
        "a/m#default: no idea (stop)",
        "b/m#default: the answer (stop)"
      ])
    }).pipe(rejecting("no idea", seen), Effect.provide(layer))
  })

  it.effect("that rejects a stream checks all of it before its reader gets any of it", () => {
    const { layer } = two([["no ", { wait: "1 second" }, "idea"]], [["the ", "answer"]])
    return Effect.gen(function* () {
      const said = yield* VirtualTime.run(heard)
      assert.notInclude(said, "no")
      assert.match(said, /the .*answer.* finish$/)
    }).pipe(rejecting("no idea"), Effect.provide(layer))
  })

  it.effect("that rejects all answers ends with an error that names the reason", () => {
    const { layer } = two([["no idea"]], [["no idea"]])
    return Effect.gen(function* () {
      const error = yield* Effect.flip(VirtualTime.run(text))
      assert.isTrue(AiError.isAiError(error) && error.reason._tag === "InvalidOutputError")
      assert.include(error.message, "it says no idea")
    }).pipe(rejecting("no idea"), Effect.provide(layer))
  })

  const broken: Record<string, (answer: { readonly text: string }) => unknown> = {
    throws: ({ text }) => JSON.parse(text),
    dies: () => Effect.die("a bug"),
    "gives nothing": () => undefined,
    "returns a promise that is rejected": () => Promise.reject(new Error("a bug")),
    "never ends": () => Effect.never,
    "interrupts itself": () => Effect.interrupt,
    "fails otherwise": () => Effect.fail("a bug")
  }
  for (const [how, validate] of Object.entries(broken)) {
    it.effect(`that ${how} rejects the answer, and no model is blamed for it`, () => {
      const { layer } = two([["no idea"]], [["the answer"]])
      return Effect.gen(function* () {
        for (let i = 0; i < 4; i++) {
          assert.deepStrictEqual(yield* VirtualTime.run(failing(text)), ["InvalidOutputError"])
          assert.strictEqual(yield* VirtualTime.run(heard), "!InvalidOutputError")
        }
        assert.deepStrictEqual(yield* benched, [])
        const logs = (yield* TestConsole.logLines).filter((line) => String(line).includes("the validation"))
        // One call for each of the two targets.
        assert.lengthOf(logs, 2)
      }).pipe(
        Effect.provideService(Validation, validate as FailoverLanguageModel.Validate),
        Effect.provide(layer)
      )
    })
  }

  it.effect("may take a while", () => {
    const { a, b, layer } = two([["no idea"]], [["the answer"]])
    return Effect.gen(function* () {
      assert.strictEqual(yield* VirtualTime.run(text), "no idea")
      assert.match(yield* VirtualTime.run(heard), /no idea.* finish$/)
      assert.deepStrictEqual([a.calls.length, b.calls.length], [2, 0])
    }).pipe(
      Effect.provideService(Validation, () => Effect.sleep("20 seconds")),
      Effect.provide(layer)
    )
  })

  it.effect("that is absent buffers nothing", () => {
    const { layer } = two([["hel", { hang: true }]], [["unused"]])
    return Effect.gen(function* () {
      const first = Stream.unwrap(
        Effect.map(LanguageModel.LanguageModel, (model) => model.streamText({ prompt: "hi" }))
      ).pipe(
        Stream.filter((part) => part.type === "text-delta"),
        Stream.runHead
      )
      assert.strictEqual((yield* VirtualTime.run(first))._tag, "Some")
    }).pipe(Effect.provide(layer))
  })
})

describe("a validation of a chain", () => {
  const openai = (content: string) =>
    FaultServer.json({
      id: "c",
      object: "chat.completion",
      created: 1,
      model: "gpt",
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }]
    })
  const openaiStream = (...texts: ReadonlyArray<string>) =>
    FaultServer.sse([
      ...texts.map(
        (content) => `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content } }] })}\n\n`
      ),
      `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`,
      "data: [DONE]\n\n"
    ])

  it.live("makes whole answers and streams fall back", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* FaultServer.make, yield* FaultServer.make]
      const chat = (server: FaultServer.FaultServer) => ({
        baseUrl: `${server.origin}/v1`,
        apiKey: Redacted.make("k")
      })
      const providers = Layer.merge(
        OpenAi.layer(chat(one)),
        Anthropic.layer({ baseUrl: other.origin, apiKey: Redacted.make("k") })
      ).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
      const chain = Chain.make(OpenAi.model("gpt"), OpenAi.model("gpt-2"))
      const layer = Layer.provide(ChainLanguageModel.layer(chain), providers)
      return yield* Effect.gen(function* () {
        one.answer((seen) => (seen.body.includes('"gpt-2"') ? openai("the answer") : openai("no idea")))
        assert.strictEqual(yield* text, "the answer")
        one.answer((seen) =>
          seen.body.includes('"gpt-2"') ? openaiStream("the ", "answer") : openaiStream("no ", "idea")
        )
        const said = yield* heard
        assert.match(said, /the .*answer.* finish$/)
        assert.notInclude(said, "idea")
        assert.deepStrictEqual(yield* benched, [])
      }).pipe(rejecting("no idea"), Effect.provide(Layer.fresh(layer)))
    })
  )

  for (const [how, lines, sees] of [
    [
      "a text that the output limit cut",
      [say({ content: "half" }), finish("length"), "[DONE]"],
      "half (length)"
    ],
    [
      "a call",
      [
        say({ tool_calls: [{ index: 0, id: "1", function: { name: "pay", arguments: "{}" } }] }),
        finish("tool_calls"),
        "[DONE]"
      ],
      "pay({}) (tool-calls)"
    ]
  ] as const)
    it.live(`gets the calls and the finish reason of a stream: ${how}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.answer(() => FaultServer.sse(lines.map((line) => `data: ${line}\n\n`)))
        const layer = ChainLanguageModel.layer(Chain.make(OpenAi.model("gpt"))).pipe(
          Layer.provide(OpenAi.layer({ baseUrl: `${server.origin}/v1`, apiKey: Redacted.make("k") })),
          Layer.provide(Layer.fresh(UndiciTransport.layer()))
        )
        const seen: Array<string> = []
        const toolkit = Toolkit.make(Tool.make("pay"))
        const asked = LanguageModel.streamText({ prompt: "hi", toolkit, disableToolCallResolution: true })
        const said = yield* words(asked).pipe(
          Effect.provide(toolkit.toLayer({ pay: () => Effect.void })),
          Effect.provideService(ChainLanguageModel.Validation, ({ finishReason, text, toolCalls }) => {
            const calls = toolCalls.map(({ name, params }) => `${name}(${JSON.stringify(params)})`)
            return Effect.sync(() => void seen.push(`${text}${calls.join()} (${finishReason})`))
          }),
          Effect.provide(Layer.fresh(layer))
        )
        assert.deepStrictEqual(seen, [sees], said)
      })
    )
})
