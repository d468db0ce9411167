/**
 * Effect's own `ExecutionPlan` and a chain, side by side: the same two models, the same faults.
 *
 *     npm run build && npm exec -- node examples/execution-plan.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, ExecutionPlan, Ref, Stream } from "effect"
import { Backend, Chain, Failover, Failure, Model, Phase, type RunError } from "effect-failover"

/** A piece of a streamed answer; metadata has no text. */
interface Piece {
  readonly text: string
  readonly last?: boolean
}

/** The service that both make reliable. */
interface Assistant {
  readonly say: Effect.Effect<string, Failure.Failure>
  readonly write: Stream.Stream<Piece, Failure.Failure>
}

/** Both, built from two assistants. */
interface Reliable {
  readonly say: Effect.Effect<
    string,
    RunError.RunError | RunError.StreamBroken | Failure.Failure,
    Failover.Failover
  >
  readonly write: Stream.Stream<
    Piece,
    RunError.RunError | RunError.StreamBroken | Failure.Failure,
    Failover.Failover
  >
}

// -- a plan ------------------------------------------------------------------------------------------------------------

class CurrentAssistant extends Context.Service<CurrentAssistant, Assistant>()("example/CurrentAssistant") {}

const planned = (primary: Assistant, backup: Assistant): Reliable => {
  const plan = ExecutionPlan.make(
    { provide: Context.make(CurrentAssistant, primary), attempts: 2 },
    { provide: Context.make(CurrentAssistant, backup) }
  )
  return {
    say: CurrentAssistant.use(({ say }) => say).pipe(Effect.withExecutionPlan(plan)),
    write: Stream.unwrap(CurrentAssistant.use(({ write }) => Effect.succeed(write))).pipe(
      Stream.withExecutionPlan(plan, { preventFallbackOnPartialStream: true })
    )
  }
}

// -- a chain -----------------------------------------------------------------------------------------------------------

const phase = ({ last, text }: Piece) => (last ? Phase.last : text === "" ? Phase.held : Phase.content)

const chained = (primary: Assistant, backup: Assistant): Reliable => {
  const chain = Chain.make(
    Model.make(Backend.make("primary", primary), "large"),
    Model.make(Backend.make("backup", backup), "small")
  )
  return {
    say: Failover.use(chain, ({ service }) => service.say),
    write: Failover.useStream(chain, ({ service }) => service.write, { phase })
  }
}

// -- the faults ----------------------------------------------------------------------------------------------------------

const metadata: Piece = { text: "" }
const end: Piece = { text: "", last: true }
const revoked = new Failure.AuthDead({ reason: "InvalidKey", message: "the key was revoked" })
const invalid = new Failure.BadRequest({ reason: "Invalid", message: "no such tool" })
const overloaded = new Failure.Transient({ reason: "Overloaded", message: "overloaded" })

/** Streams from pieces and failures, one by one. */
const pieces = (...list: ReadonlyArray<Piece | Failure.Failure>): Assistant["write"] =>
  Stream.fromIterable(list).pipe(
    Stream.rechunk(1),
    Stream.mapEffect((piece) => (Failure.isFailure(piece) ? Effect.fail(piece) : Effect.succeed(piece)))
  )

const answers: Assistant = {
  say: Effect.succeed("an answer"),
  write: pieces({ text: "an " }, { text: "answer" }, end)
}

/** What a reader gets, until the end or the failure. */
const read = (stream: Reliable["write"]) =>
  Effect.gen(function* () {
    const seen = yield* Ref.make("")
    const reading = Stream.runForEach(stream, ({ text }) => Ref.update(seen, (before) => before + text))
    const result = yield* Effect.result(reading)
    return `${JSON.stringify(yield* Ref.get(seen))}${result._tag === "Failure" ? `, then ${result.failure._tag}` : ""}`
  })

/** The calls as letters: a for the primary, b for the backup. */
const called = (assistant: Assistant, letter: string, calls: Ref.Ref<string>): Assistant => ({
  say: Effect.andThen(
    Ref.update(calls, (before) => before + letter),
    assistant.say
  ),
  write: assistant.write
})

interface Trouble {
  readonly name: string
  readonly primary: Assistant
  readonly tell: (way: Reliable, calls: Ref.Ref<string>) => Effect.Effect<string, never, Failover.Failover>
}

const troubles: ReadonlyArray<Trouble> = [
  {
    name: "a revoked key, three requests",
    primary: { ...answers, say: Effect.fail(revoked) },
    tell: ({ say }, calls) =>
      Effect.andThen(
        Effect.ignore(Effect.all([say, say, say])),
        Effect.map(Ref.get(calls), (s) => `calls ${s}`)
      )
  },
  {
    name: "a request that is wrong",
    primary: { ...answers, say: Effect.fail(invalid) },
    tell: ({ say }, calls) =>
      Effect.andThen(
        Effect.ignore(say),
        Effect.map(Ref.get(calls), (s) => `calls ${s}`)
      )
  },
  {
    name: "a stream with metadata, then an error",
    primary: { ...answers, write: pieces(metadata, revoked) },
    tell: ({ write }) => read(write)
  },
  {
    name: "a stream that dies in the middle",
    primary: { ...answers, write: pieces({ text: "once upon " }, overloaded) },
    tell: ({ write }) => read(write)
  },
  {
    name: "a stream without content",
    primary: { ...answers, write: pieces(end) },
    tell: ({ write }) => read(write)
  }
]

const tell = Effect.fnUntraced(function* (
  { primary, tell }: Trouble,
  way: (primary: Assistant, backup: Assistant) => Reliable
) {
  const calls = yield* Ref.make("")
  return yield* tell(way(called(primary, "a", calls), called(answers, "b", calls)), calls).pipe(
    Effect.provide(Failover.layer())
  )
})

export const main = Effect.gen(function* () {
  const rows: Array<{ readonly name: string; readonly plan: string; readonly chain: string }> = []
  for (const trouble of troubles) {
    const row = {
      name: trouble.name,
      plan: yield* tell(trouble, planned),
      chain: yield* tell(trouble, chained)
    }
    yield* Console.log(`${row.name}\n  plan:  ${row.plan}\n  chain: ${row.chain}`)
    rows.push(row)
  }
  return rows
})

if (import.meta.main) NodeRuntime.runMain(main)
