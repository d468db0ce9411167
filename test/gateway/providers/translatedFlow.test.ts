/** A translated stream is read without a fiber, and its last event is sent once the provider has marked it as complete. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import * as Phase from "../../../src/domain/Phase.ts"
import { type Failure, isFailure, Transient } from "../../../src/failure/Failure.ts"
import { TranslatedFlow } from "../../../src/gateway/providers/TranslatedFlow.ts"
import { WrittenFlow } from "../../../src/gateway/providers/WrittenFlow.ts"
import { Chunk } from "../../../src/providers/wire/Wire.ts"
import type { StreamTranslator } from "../../../src/translate/index.ts"
import { LargeEvent } from "../../../src/translate/protocol/Encode.ts"
import * as Turns from "../../../src/util/Turns.ts"
import { Tap } from "../../support/flows.ts"

const chunk = (text: string, phase: Phase.Phase) =>
  new Chunk(Buffer.from(text), phase, undefined, { event: undefined, data: text })

/** Passes events on, and calls `odd` malformed. */
const translator = (): StreamTranslator & { malformed: string | undefined } => ({
  event(event) {
    if (event.data === "odd") this.malformed = "odd"
    return event.data === undefined ? [] : [{ data: event.data }]
  },
  end: () => [],
  brokenOff: undefined,
  isComplete: false,
  malformed: undefined,
  dropped: () => []
})

const lost = new Transient({ reason: "Connection", message: "lost" })

/** A translated flow, what its reader has got so far, and how it ended. */
const readWith = (translator: StreamTranslator) =>
  Effect.map(Effect.context<never>(), (context) => {
    const source = new Tap<Chunk, Failure>()
    const translated = new TranslatedFlow(source, {
      translator,
      lastEvent: { data: "[last]" },
      dropped: [],
      onEvents: undefined,
      target: "p/m#default",
      context
    })
    const flow = new WrittenFlow(translated, context)
    const texts: Array<string> = []
    const onReady = () => {
      for (let chunks = flow.take(); chunks !== undefined; chunks = flow.take()) {
        texts.push(...chunks.map(({ bytes }) => bytes.toString().trim()))
      }
      if (flow.ended() === undefined) flow.onReady(onReady)
    }
    onReady()
    return { source, flow, texts }
  })

const read = Effect.suspend(() => readWith(translator()))

describe("a translated stream", () => {
  it.effect("is read in the turn in which its chunks arrive, and ends with its provider's last event", () =>
    Effect.gen(function* () {
      const { flow, source, texts } = yield* read
      source.put(chunk("one", Phase.content), chunk("two", Phase.content))
      assert.deepStrictEqual(texts, ["data: one", "data: two"])
      assert.isUndefined(flow.ended())
      source.put(chunk("end", Phase.last))
      assert.deepStrictEqual(texts, ["data: one", "data: two", "data: end"])
      assert.deepStrictEqual(flow.ended(), Exit.void)
    })
  )

  for (const [how, end] of [
    ["ends", (source: Tap<Chunk, Failure>) => source.end(Exit.void)],
    ["breaks", (source: Tap<Chunk, Failure>) => source.end(Exit.fail(lost))],
    ["stays open for a second", () => {}]
  ] as const) {
    it.effect(`gets its last event if it is complete and its connection ${how}`, () =>
      Effect.gen(function* () {
        const { flow, source, texts } = yield* read
        source.put(chunk("one", Phase.complete))
        yield* TestClock.adjust("500 millis")
        source.put(chunk("usage", Phase.held))
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual(texts, ["data: one", "data: usage"])
        end(source)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(texts, ["data: one", "data: usage", "data: [last]"])
        assert.deepStrictEqual(flow.ended(), Exit.void)
      })
    )
  }

  it.effect("gets no last event if it is not complete", () =>
    Effect.gen(function* () {
      const { flow, source, texts } = yield* read
      source.put(chunk("one", Phase.content))
      yield* TestClock.adjust("1 minute")
      source.end(Exit.fail(lost))
      assert.deepStrictEqual(texts, ["data: one"])
      assert.deepStrictEqual(flow.ended(), Exit.fail(lost))
    })
  )

  it.effect("returns what arrived before a malformed chunk, and then fails", () =>
    Effect.gen(function* () {
      const { flow, source, texts } = yield* read
      source.put(chunk("one", Phase.content), chunk("odd", Phase.content), chunk("two", Phase.content))
      assert.deepStrictEqual(texts, ["data: one"])
      const end = flow.ended()
      const error = end === undefined || Exit.isSuccess(end) ? undefined : Exit.findErrorOption(end)
      assert.isTrue(error?._tag === "Some" && isFailure(error.value))
    })
  )

  it.live("writes each large event in its own turns, whole and in order", () =>
    Effect.gen(function* () {
      const long = "hello 漢\n".repeat(400_000)
      const large = (type: string) => new LargeEvent(type, { type, text: long })
      const { flow, source, texts } = yield* readWith({
        ...translator(),
        event: ({ data }) =>
          data === "end"
            ? [{ data: "before" }, large("one"), { data: "between" }, large("two")]
            : [{ data: data! }]
      })
      source.put(chunk("first", Phase.content), chunk("end", Phase.last))
      assert.deepStrictEqual(texts, ["data: first", "data: before"])
      assert.isUndefined(flow.ended())
      let turns = 0
      for (; turns < 1_000 && flow.ended() === undefined; turns++) yield* Turns.next
      assert.isAtLeast(turns, 4)
      assert.deepStrictEqual(flow.ended(), Exit.void)
      const written = (type: string) => `event: ${type}\ndata: ${JSON.stringify({ type, text: long })}`
      assert.isTrue(
        texts.slice(1).join("\n\n") ===
          ["data: before", written("one"), "data: between", written("two")].join("\n\n")
      )
    })
  )

  it.live("writes no large event after it is cancelled", () =>
    Effect.gen(function* () {
      const event = new LargeEvent("one", { text: "x".repeat(4_000_000) })
      const { flow, source, texts } = yield* readWith({ ...translator(), event: () => [event] })
      source.put(chunk("one", Phase.content))
      yield* Turns.next
      flow.cancel()
      assert.strictEqual(source.cancelled, 1)
      for (let turns = 0; turns < 20; turns++) yield* Turns.next
      assert.deepStrictEqual(texts, [])
    })
  )

  it.effect("reads nothing from its provider without a reader, and cancels it when it is cancelled", () =>
    Effect.sync(() => {
      const source = new Tap<Chunk, Failure>()
      const flow = new TranslatedFlow(source, {
        translator: translator(),
        lastEvent: { data: "[last]" },
        dropped: [],
        onEvents: undefined,
        target: "p/m#default",
        context: Context.empty()
      })
      source.put(chunk("one", Phase.content))
      assert.lengthOf(source.left, 1)
      flow.cancel()
      assert.strictEqual(source.cancelled, 1)
    })
  )
})
