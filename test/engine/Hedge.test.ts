/** A request that is sent to a second target because the first one takes long. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Policy from "../../src/policy/Policy.ts"
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

/** A script that sends nothing. */
const hanging: Script = [[{ hang: true }]]

describe("a hedge that meets another event", () => {
  it.effect("answers in the turn in which the first attempt does: one of them answers, whole", () =>
    Effect.gen(function* () {
      for (const kind of ["effect", "stream"] as const) {
        const { open, story, value } = yield* scene([slow("first", 3)], [slow("hedge", 2)], { kind })
        assert.include(["first", "hedge"], value)
        assert.lengthOf(
          story.filter((line) => line.includes("dropped")),
          1
        )
        assert.strictEqual(open, 0)
      }
    })
  )

  it.effect("is not made when the first attempt fails in the turn in which it is due", () =>
    Effect.gen(function* () {
      const { second, story, value } = yield* scene([[{ wait: "1 second" }, dead()]], [["second"]])
      assert.strictEqual(value, "second")
      assert.lengthOf(second.calls, 1)
      assert.isFalse(story.some((line) => line.includes("hedged")))
    })
  )

  it.effect("goes on when the first attempt fails in the same turn, behind it", () =>
    Effect.gen(function* () {
      const waits = [{ wait: "500 millis" }, { wait: "500 millis" }, dead()] as const
      const { open, second, value } = yield* scene([waits], [slow("second", 1)])
      assert.strictEqual(value, "second")
      assert.lengthOf(second.calls, 1)
      assert.strictEqual(open, 0)
    })
  )

  it.effect("is not made to a target that was benched meanwhile, or is half-open", () =>
    Effect.gen(function* () {
      for (const until of [500, 60_000]) {
        const [first, second] = [Scripted.make("a", [slow("first", 3)]), Scripted.make("b", [["second"]])]
        const chain = Chain.withStrategy(
          Chain.equals(Model.make(first, "m"), Model.make(second, "m")),
          "sequential"
        )
        const failed = new Failure.Transient({ reason: "ServerError", message: "oops" })
        const answer = Effect.gen(function* () {
          const registry = EngineBench.of(yield* BenchRegistry)
          const target = { ...targetOf("b"), policy: Policy.defaults }
          registry.failUnsafe(
            target,
            { _tag: "Go", generation: registry.stateUnsafe().generation },
            failed,
            { scope: "target", threshold: 1, base: until, max: until },
            0
          )
          return yield* Failover.complete(chain, "q")
        })
        const played = yield* Effect.provide(play(answer), Failover.layer({ policy: { hedge } }))
        assert.strictEqual(played.value, "first", String(until))
        assert.lengthOf(second.calls, 0)
      }
    })
  )

  it.effect("ends with its caller, which counts against no target", () =>
    Effect.gen(function* () {
      for (const kind of ["effect", "stream"] as const) {
        const [first, second] = [Scripted.make("a", hanging), Scripted.make("b", hanging)]
        const chain = Chain.make(Model.make(first, "m"), Model.make(second, "m"))
        const asked =
          kind === "effect"
            ? Failover.complete(chain, "q")
            : Effect.asVoid(Stream.runDrain(Failover.stream(chain, "q")))
        const left = Effect.timeoutOption(asked, "2 seconds")
        const policy = { hedge: { ...hedge, to: "chain" } } as const
        const { benches } = yield* Effect.provide(play(left), Failover.layer({ policy }))
        assert.lengthOf(second.calls, 1)
        assert.strictEqual(first.open + second.open, 0)
        assert.deepStrictEqual(benches, [])
      }
    })
  )

  it.effect("ends with the deadline, and so does the first attempt", () =>
    Effect.gen(function* () {
      const { benches, error, open, story, took } = yield* scene(hanging, hanging, {
        policy: { deadline: "2 seconds", fallbackReserve: 0 }
      })
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      assert.strictEqual(took, 2_000)
      assert.include(story, "2 b dropped")
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(open, 0)
    })
  )

  it.effect("wins over a stream that shows only that it is alive", () =>
    Effect.gen(function* () {
      const alive = Array.from(
        { length: 20 },
        () => [{ wait: "300 millis" }, Scripted.held()] as const
      ).flat()
      const { took, value } = yield* scene([[...alive, "first"]], [["hedge"]], { kind: "stream" })
      assert.strictEqual(value, "hedge")
      assert.strictEqual(took, 1_000)
    })
  )
})

describe("a hedge of a stream that commits later", () => {
  const commit = Commit.chunks(2)

  it.effect("is not made when there is content", () =>
    Effect.gen(function* () {
      const { second, value } = yield* scene([["fi", { wait: "5 seconds" }, "rst"]], [["hedge"]], {
        kind: "stream",
        policy: { commit }
      })
      assert.strictEqual(value, "first")
      assert.lengthOf(second.calls, 0)
    })
  )

  it.effect("wins with its first content", () =>
    Effect.gen(function* () {
      const { story, value } = yield* scene(
        [[{ wait: "3 seconds" }, "fi", "rst"]],
        [[{ wait: "1 second" }, "hed", { wait: "5 seconds" }, "ge"]],
        { kind: "stream", policy: { commit } }
      )
      assert.strictEqual(value, "hedge")
      assert.deepStrictEqual(story.slice(2, 4), ["2 a dropped", "7 b answers"])
    })
  )

  it.effect("leaves the first target for later when it breaks before that", () =>
    Effect.gen(function* () {
      const { open, value } = yield* scene(
        [[{ wait: "3 seconds" }, "fi", "rst"]],
        [[{ wait: "1 second" }, "hed", dead()]],
        { kind: "stream", policy: { commit } }
      )
      assert.strictEqual(value, "first")
      assert.strictEqual(open, 0)
    })
  )
})

describe("failures beside a hedge", () => {
  it.effect("of the first attempt that end a run end this one, and stop the hedge", () =>
    Effect.gen(function* () {
      const { error, open, story } = yield* scene([[{ wait: "2 seconds" }, refusal()]], hanging)
      assert.strictEqual(error?._tag, "BadRequest")
      assert.deepStrictEqual(story.slice(2, 4), ["2 a failed, stop", "2 b dropped"])
      assert.strictEqual(open, 0)
    })
  )

  it.effect("of the hedge do not end the run, whatever the rule", () =>
    Effect.gen(function* () {
      for (const failure of [refusal(), tooLong(), throttle(), fault(), dead("ModelMissing")]) {
        const { value } = yield* scene([slow("first", 5)], [[failure]])
        assert.strictEqual(value, "first", failure._tag)
      }
    })
  )

  it.effect("lose no target: one that would be called again is, when no other is left", () =>
    Effect.gen(function* () {
      const hedgeFirst = yield* scene([[{ wait: "3 seconds" }, dead()]], [[fault("ServerError")], ["second"]])
      assert.strictEqual(hedgeFirst.value, "second")
      const firstFirst = yield* scene(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["again"]],
        [[{ wait: "3 seconds" }, dead()]]
      )
      assert.strictEqual(firstFirst.value, "again")
    })
  )

  it.effect.each([
    ["the first attempt", 2, 3],
    ["the hedge", 3, 1]
  ] as const)(
    "are not retried where the policy has no retries, and bench both targets: %s fails first",
    ([, a, b]) =>
      Effect.gen(function* () {
        const failing = (seconds: number) => [[{ wait: `${seconds} seconds` }, fault("ServerError")]] as const
        const { benches, error, story } = yield* scene(failing(a), failing(b), {
          policy: { retries: { times: 0 } }
        })
        assert.strictEqual(error?._tag, "ChainExhausted")
        assert.lengthOf(
          story.filter((event) => / (called|hedged)$/.test(event)),
          2
        )
        assert.deepStrictEqual(
          benches.map((bench) => bench.split(" ").slice(0, 2)),
          [
            ["a/m", "ServerError"],
            ["b/m", "ServerError"]
          ]
        )
      })
  )

  it.effect("by the timeout of the first attempt bench it, and the hedge goes on", () =>
    Effect.gen(function* () {
      const { benches, value } = yield* scene(hanging, [slow("hedge", 8)], {
        policy: { timeouts: { answer: "5 seconds" } }
      })
      assert.strictEqual(value, undefined)
      assert.isNotEmpty(benches)
      const longer = yield* scene(hanging, [slow("hedge", 4.5)], {
        policy: { timeouts: { answer: "5 seconds" } }
      })
      assert.strictEqual(longer.value, "hedge")
      assert.match(longer.benches.join(), /^a\/m Timeout/)
    })
  )
})

describe("whether a request is hedged", () => {
  const hedged = (options: Parameters<typeof scene>[2]) =>
    Effect.map(scene([slow("first", 5)], [slow("hedge", 1)], options), ({ value }) => value === "hedge")

  it.effect("is up to the call", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* hedged({ call: { hedge: true } }))
      assert.isFalse(yield* hedged({ call: { hedge: false } }))
    })
  )

  it.effect("is up to the number of targets, and to the delay", () =>
    Effect.gen(function* () {
      assert.isFalse(yield* hedged({ policy: { targets: 1 } }))
      assert.isFalse(yield* hedged({ policy: { hedge: { ...hedge, after: "6 seconds" } } }))
      assert.isFalse(yield* hedged({ policy: { hedge: { ...hedge, share: 0.9 } } }))
      assert.isFalse(yield* hedged({ policy: { hedge: false } }))
    })
  )

  it.effect("depends on known times if the delay is a percentile", () =>
    Effect.gen(function* () {
      assert.isFalse(yield* hedged({ policy: { hedge: { share: 1 } } }))
      assert.isTrue(yield* hedged({ policy: { hedge: { share: 1, otherwise: "2 seconds" } } }))
      const calls = [...Array.from({ length: 20 }, () => slow("usual", 1)), slow("late", 30)]
      const [first, second] = [Scripted.make("a", calls), Scripted.make("b", [["hedge"]])]
      const chain = Chain.withStrategy(
        Chain.equals(Model.make(first, "m"), Model.make(second, "m")),
        "sequential"
      )
      const asked = Effect.forEach(Array(21), () => Failover.complete(chain, "q"))
      const { took, value } = yield* Effect.provide(
        play(asked),
        Failover.layer({ policy: { hedge: { share: 1 } } })
      )
      assert.strictEqual(value?.at(-1), "hedge")
      assert.strictEqual(took, 21_000)
    })
  )

  it.effect("depends on the provider, and one without an answer forbids it", () =>
    Effect.gen(function* () {
      for (const mayHedge of [
        () => false,
        () => {
          throw new Error("a bug")
        }
      ]) {
        const first = { ...Scripted.make("a", [slow("first", 5)]), mayHedge }
        const second = Scripted.make("b", [["hedge"]])
        const chain = Chain.make(Model.make(first, "m"), Model.make(second, "m"))
        const policy = { hedge: { ...hedge, to: "chain" } } as const
        const { value } = yield* Effect.provide(
          play(Failover.complete(chain, "q")),
          Failover.layer({ policy })
        )
        assert.strictEqual(value, "first")
      }
    })
  )

  it.effect("reaches the next model only if the policy allows it", () =>
    Effect.gen(function* () {
      for (const to of ["tier", "chain"] as const) {
        const [first, second] = [Scripted.make("a", [slow("first", 5)]), Scripted.make("b", [["hedge"]])]
        const chain = Chain.make(Model.make(first, "m"), Model.make(second, "m"))
        const { value } = yield* Effect.provide(
          play(Failover.complete(chain, "q")),
          Failover.layer({ policy: { hedge: { ...hedge, to } } })
        )
        assert.strictEqual(value, to === "tier" ? "first" : "hedge")
      }
    })
  )

  it.effect("is up to a budget of the process: 5 % of the requests, all of which are slow", () =>
    Effect.gen(function* () {
      const [first, second] = [Scripted.make("a", [slow("first", 5)]), Scripted.make("b", [slow("b", 5)])]
      const chain = Chain.withStrategy(
        Chain.equals(Model.make(first, "m"), Model.make(second, "m")),
        "sequential"
      )
      const crowd = Effect.forEach(Array(100), () => Failover.complete(chain, "q"), {
        concurrency: "unbounded"
      })
      yield* Effect.provide(play(crowd), Failover.layer({ policy: { hedge: { after: "1 second" } } }))
      assert.lengthOf(first.calls, 100)
      assert.lengthOf(second.calls, 5)
    })
  )
})

describe("the limit of a credential", () => {
  it.effect("holds for hedges: they are counted, and not made above it", () =>
    Effect.gen(function* () {
      const first = Scripted.make("a", [slow("first", 5)])
      const second = Scripted.make("b", [slow("hedge", 1)], {
        credentials: [Credential.make("key", { rpm: 1 })]
      })
      const chain = Chain.withStrategy(
        Chain.equals(Model.make(first, "m"), Model.make(second, "m")),
        "sequential"
      )
      const asked = Effect.forEach([1, 2], () => Failover.complete(chain, "q"))
      const { value } = yield* Effect.provide(play(asked), Failover.layer({ policy: { hedge } }))
      assert.deepStrictEqual(value, ["hedge", "first"])
      assert.lengthOf(second.calls, 1)
    })
  )
})

const targetOf = (provider: string) =>
  Target.make({ provider, model: "m", credential: Credential.make("default"), policy: Policy.defaults })
