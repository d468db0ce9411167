/** A model of `effect/ai` that refuses a request or cannot finish it: the finish reason and the mark of the refusal come first. */
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { failing, heard, Mock, one, parts, play, text, two, words } from "../support/ai.ts"

const benched = Effect.map(
  Effect.flatMap(BenchRegistry, (registry) => registry.list),
  (list) => list.filter(({ status }) => status !== "free").map(({ key }) => key)
)

const object = LanguageModel.generateObject({ prompt: "hi", schema: Schema.Struct({ sky: Schema.String }) })

/** An answer as the module for OpenAI gives it: an empty text, with the refusal in its metadata. */
const refusal = (words: string): Response.TextPartEncoded => ({
  type: "text",
  text: "",
  metadata: { openai: { refusal: words } }
})

const said = (text: string): Response.TextPartEncoded => ({ type: "text", text })

const blue = [said('{"sky":"blue"}'), parts.finish()]

const refusals: ReadonlyArray<readonly [string, Array<Response.PartEncoded>]> = [
  ["in words, with the finish reason of a filter", [said("I can not help."), parts.finish("content-filter")]],
  ["without a word, by the finish reason of a filter", [parts.finish("content-filter")]],
  ["by a mark in the metadata", [refusal("I can not help."), parts.finish()]]
]

describe("an object that a member refuses to write", () => {
  for (const [how, answer] of refusals) {
    it.effect(`is a refusal, which goes to no other vendor and benches nothing: ${how}`, () => {
      const a = new Mock("a", () => Effect.succeed(answer))
      const b = new Mock("b", () => Effect.succeed([...blue]))
      return Effect.gen(function* () {
        for (let i = 0; i < 4; i++) {
          assert.deepStrictEqual(yield* play(failing(object)), ["ContentPolicyError"])
        }
        assert.deepStrictEqual([a.calls, b.calls], [4, 0])
        assert.deepStrictEqual(yield* benched, [])
      }).pipe(Effect.provide(two(a, b)))
    })
  }

  it.effect("is written by the next one if the rule says so", () => {
    const a = new Mock("a", () => Effect.succeed(refusals[0]![1]))
    const b = new Mock("b", () => Effect.succeed([...blue]))
    return Effect.gen(function* () {
      assert.strictEqual((yield* play(object)).value.sky, "blue")
    }).pipe(Effect.provide(two(a, b, { policy: { rules: { ContentPolicy: { next: "model" } } } })))
  })
})

describe("an object that a member does not finish", () => {
  it.effect("moves on at the output limit, and the error says so if no other one writes it", () => {
    const cut = () => Effect.succeed([said('{"sk'), parts.finish("length")])
    const [a, b] = [new Mock("a", cut), new Mock("b", () => Effect.succeed([parts.finish("length")]))]
    return Effect.gen(function* () {
      const error = yield* Effect.flip(play(object))
      assert.match(String(error), /output limit/)
      assert.deepStrictEqual(yield* play(failing(object)), ["StructuredOutputError"])
      assert.deepStrictEqual(yield* benched, [])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is a fault of the target after the finish reason error", () => {
    const a = new Mock("a", () => Effect.succeed([said('{"sk'), parts.finish("error")]))
    const b = new Mock("b", () => Effect.succeed([...blue]))
    return Effect.gen(function* () {
      assert.strictEqual((yield* play(object)).value.sky, "blue")
      assert.deepStrictEqual(yield* benched, ["a/m#default"])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is Empty if the answer has no content at all: its target is benched after a few", () => {
    const a = new Mock("a", () => Effect.succeed([parts.finish()]))
    const b = new Mock("b", () => Effect.succeed([...blue]))
    return Effect.gen(function* () {
      for (let i = 0; i < 20; i++) assert.strictEqual((yield* object).value.sky, "blue")
      assert.strictEqual(a.calls, 3)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is read by the caller's transformer of spans, and by that of the layer", () => {
    const seen: Array<string> = []
    const transformer =
      (name: string): Telemetry.SpanTransformer =>
      ({ response }) =>
        void seen.push(`${name} ${response.map(({ type }) => type).join(" ")}`)
    const models = two(new Mock("a", () => Effect.succeed([...blue])), new Mock("b"))
    return Effect.gen(function* () {
      yield* play(object)
      yield* play(Effect.provideService(object, Telemetry.CurrentSpanTransformer, transformer("call")))
      assert.deepStrictEqual(seen, ["layer text finish", "call text finish"])
    }).pipe(
      Effect.provide(
        Layer.provide(models, Layer.succeed(Telemetry.CurrentSpanTransformer, transformer("layer")))
      )
    )
  })
})

describe("a transformer of spans that throws", () => {
  const broken: Telemetry.SpanTransformer = () => {
    throw new Error("a bug")
  }

  it.effect("changes no answer and benches nothing, whether the caller's or the layer's", () => {
    const a = new Mock("a")
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) {
        yield* play(text)
        yield* play(heard)
        yield* play(Effect.provideService(text, Telemetry.CurrentSpanTransformer, broken))
        yield* play(Effect.provideService(heard, Telemetry.CurrentSpanTransformer, broken))
      }
      assert.strictEqual(a.calls, 16)
      assert.deepStrictEqual(yield* benched, [])
    }).pipe(
      Effect.provide(
        Layer.provide(two(a, new Mock("b")), Layer.succeed(Telemetry.CurrentSpanTransformer, broken))
      )
    )
  })
})

describe("a refusal that a member marks in the metadata of an empty text", () => {
  it.effect("is one in a whole answer too: it goes to no other vendor and benches nothing", () => {
    const a = new Mock("a", () => Effect.succeed([refusal("I can not help."), parts.finish()]))
    const b = new Mock("b")
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) assert.deepStrictEqual(yield* play(failing(text)), ["ContentPolicyError"])
      assert.deepStrictEqual([a.calls, b.calls], [4, 0])
      assert.deepStrictEqual(yield* benched, [])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is one in a stream", () => {
    const metadata = { openai: { refusal: "I can not help." } }
    const end: Response.TextEndPartEncoded = { ...parts.end, metadata }
    const a = new Mock("a", undefined, () => one(parts.metadata("A"), parts.start, end, parts.finish()))
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* play(heard), "!ContentPolicyError")
      assert.deepStrictEqual(yield* benched, [])
    }).pipe(Effect.provide(two(a, new Mock("b"))))
  })
})

// -- tool calls whose parameters stream -----------------------------------------------------------------------------

const Weather = Toolkit.make(
  Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
)
let ran = 0
const handlers = Weather.toLayer({ weather: ({ city }) => Effect.sync(() => `${city} ${++ran}`) })

const start = (id: string, name: string): Response.ToolParamsStartPartEncoded => ({
  type: "tool-params-start",
  id,
  name
})
const delta = (id: string, delta: string): Response.ToolParamsDeltaPartEncoded => ({
  type: "tool-params-delta",
  id,
  delta
})
const end = (id: string): Response.ToolParamsEndPartEncoded => ({ type: "tool-params-end", id })
const streamedCall = (id: string, name: string, params: object) => [
  parts.metadata(""),
  start(id, name),
  delta(id, JSON.stringify(params).slice(0, 3)),
  delta(id, JSON.stringify(params).slice(3)),
  end(id),
  parts.call(id, name, params),
  parts.finish("tool-calls")
]

describe("a tool call whose parameters stream", () => {
  const asked = words(LanguageModel.streamText({ prompt: "hi", toolkit: Weather }))

  it.effect("commits the stream at its first delta", () => {
    const call = streamedCall("1", "weather", { city: "Oslo" })
    const a = new Mock("a", undefined, () => one(...call.slice(0, 3), parts.error({ message: "gone" })))
    const b = new Mock("b", undefined, () => one(...streamedCall("1", "weather", { city: "Rome" })))
    return Effect.gen(function* () {
      const heard = yield* play(Effect.provide(asked, handlers))
      assert.strictEqual(heard, "meta() tool-params-start tool-params-delta error")
      assert.strictEqual(b.calls, 0)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("of a tool that was not offered moves on when it begins, and benches nothing", () => {
    const a = new Mock("a", undefined, () => one(...streamedCall("1", "wether", { city: "Oslo" })))
    const b = new Mock("b", undefined, () => one(...streamedCall("1", "weather", { city: "Rome" })))
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) {
        const heard = yield* play(Effect.provide(asked, handlers))
        assert.match(heard, /^meta\(\) tool-params-start .* call\(weather\) result\("Rome \d"\) finish$/)
      }
      assert.deepStrictEqual([a.calls, b.calls], [4, 4])
      assert.deepStrictEqual(yield* benched, [])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("that does not decode ends the stream: no tool runs, and nothing is benched", () => {
    const before = ran
    const a = new Mock("a", undefined, () => one(...streamedCall("1", "weather", { town: 1 })))
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) {
        const heard = yield* play(Effect.provide(asked, handlers))
        assert.match(heard, /^meta\(\) tool-params-start .*!(ToolParameterValidation|InvalidOutput)Error$/)
      }
      assert.strictEqual(ran, before)
      assert.deepStrictEqual(yield* benched, [])
    }).pipe(Effect.provide(two(a, new Mock("b"))))
  })
})
