/** A request that is sent to a second target because the first one takes long. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { dead, fault, play, refusal, throttle, tooLong } from "../support/engine.ts"

type Script = Scripted.Script<unknown, string, Scripted.Part>

/** Every request may be hedged, so that a single one shows what happens. */
const hedge = { after: "1 second", share: 1 } as const

const slow = (text: string, seconds = 10) => [{ wait: `${seconds} seconds` }, text] as const

const inWords = (event: FailoverEvent): string => {
  const head = `${event.elapsed / 1000} ${"target" in event ? event.target?.provider : ""}`
  switch (event._tag) {
    case "AttemptStarted":
      return `${head} ${event.hedge === true ? "hedged" : "called"}`
    case "AttemptFailed":
      return `${head} failed, ${event.action._tag.toLowerCase()}`
    case "AttemptSucceeded":
      return `${head} answers`
    case "AttemptDropped":
      return `${head} dropped`
    case "StreamEnded":
      return `${head} ends`
    case "Skipped":
      return `${head} skipped`
    default:
      return `${event.elapsed / 1000} ${event._tag}`
  }
}

/** Two equals, `a` first, and what happens to one request. */
const scene = (
  a: Script,
  b: Script,
  {
    call,
    kind = "effect",
    policy = {}
  }: {
    readonly kind?: "effect" | "stream"
    readonly policy?: Policy.Options
    readonly call?: Failover.CallOptions
  } = {}
) => {
  const [first, second] = [Scripted.make("a", a), Scripted.make("b", b)]
  const chain = Chain.withStrategy(
    Chain.equals(Model.make(first, "m"), Model.make(second, "m")),
    "sequential"
  )
  const events: Array<FailoverEvent> = []
  const options = { ...call, observer: (event: FailoverEvent) => void events.push(event) }
  const asked =
    kind === "effect"
      ? Effect.map(Failover.answer(chain, "q", options), ({ value }) => value)
      : Effect.map(Stream.runCollect(Failover.stream(chain, "q", options)), (parts) =>
          parts.map(({ text }) => text).join("")
        )
  const run = Effect.provide(play(asked), Failover.layer({ policy: { hedge, ...policy } }))
  return Effect.map(run, (played) => ({
    ...played,
    story: events.map(inWords),
    open: first.open + second.open,
    first,
    second
  }))
}

describe("a hedge", () => {
  for (const kind of ["effect", "stream"] as const) {
    it.effect(`answers in place of a slow target (${kind})`, () =>
      Effect.gen(function* () {
        const { benches, open, story, took, value } = yield* scene([slow("late")], [slow("soon", 2)], {
          kind
        })
        assert.strictEqual(value, "soon")
        assert.strictEqual(took, 3_000)
        assert.deepStrictEqual(story, [
          "0 a called",
          "1 b hedged",
          "3 a dropped",
          "3 b answers",
          ...(kind === "stream" ? ["3 b ends"] : []),
          "3 RunEnded"
        ])
        assert.strictEqual(open, 0)
        assert.deepStrictEqual(benches, [])
      })
    )

    it.effect(`is stopped when the first target answers after all (${kind})`, () =>
      Effect.gen(function* () {
        const { open, story, took, value } = yield* scene([slow("first", 2)], [slow("hedge", 5)], { kind })
        assert.strictEqual(value, "first")
        assert.strictEqual(took, 2_000)
        assert.deepStrictEqual(story.slice(0, 4), ["0 a called", "1 b hedged", "2 b dropped", "2 a answers"])
        assert.strictEqual(open, 0)
      })
    )

    it.effect(`is not made for an answer that comes in time (${kind})`, () =>
      Effect.gen(function* () {
        const { second, value } = yield* scene([slow("first", 0.5)], [["hedge"]], { kind })
        assert.strictEqual(value, "first")
        assert.lengthOf(second.calls, 0)
      })
    )

    it.effect(`goes on as the attempt of the request when the first one fails (${kind})`, () =>
      Effect.gen(function* () {
        const { story, took, value } = yield* scene(
          [[{ wait: "2 seconds" }, fault("ServerError")]],
          [slow("hedge", 4)],
          { kind }
        )
        assert.strictEqual(value, "hedge")
        assert.strictEqual(took, 5_000)
        assert.deepStrictEqual(story.slice(0, 4), [
          "0 a called",
          "1 b hedged",
          "2 a failed, next",
          "5 b answers"
        ])
      })
    )

    it.effect(`that fails is recorded, and the first attempt goes on (${kind})`, () =>
      Effect.gen(function* () {
        const { benches, story, value } = yield* scene([slow("first", 5)], [[dead()]], { kind })
        assert.strictEqual(value, "first")
        assert.deepStrictEqual(story.slice(0, 4), [
          "0 a called",
          "1 b hedged",
          "1 b failed, continue",
          "5 a answers"
        ])
        assert.lengthOf(benches, 1)
        assert.match(benches[0]!, /^b#default InvalidKey/)
      })
    )
  }
})

void [refusal, throttle, tooLong, Fiber, TestClock, BenchRegistry]
