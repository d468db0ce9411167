/**
 * An observer that keeps every prompt and its way through the chain in SQLite: the request, the targets tried, why each
 * of them failed, and which one answered.
 *
 * An observer runs within the request, so this one only enqueues; its own fiber writes. Events carry
 * the whole request, because the observer lives in the same process. Storage and retention of prompts are
 * up to the application: the package itself stores them nowhere.
 *
 *     npm run build && npm exec -- node examples/prompt-chains.ts
 */
import { DatabaseSync } from "node:sqlite"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Duration, Effect, Layer, Queue, Schema } from "effect"
import { Chain, Failover, type FailoverEvent, Failure } from "effect-failover"
import { Scripted } from "effect-failover/testing"

// -- the store ---------------------------------------------------------------------------------------------------------

/** One request that needed more than one attempt, as the database has it. */
const Detour = Schema.Struct({
  prompt: Schema.fromJsonString(Schema.Json),
  outcome: Schema.String,
  /** `target: failure → action`, in order. */
  way: Schema.String,
  answeredBy: Schema.NullOr(Schema.String)
})

class PromptChains extends Context.Service<
  PromptChains,
  {
    /** Give it to the runtime. */
    readonly observer: FailoverEvent.Observer
    /** Requests with more than one attempt, the latest first. */
    readonly detours: Effect.Effect<ReadonlyArray<typeof Detour.Type>>
  }
>()("example/PromptChains") {
  static readonly layer = (path: string) =>
    Layer.effect(
      PromptChains,
      Effect.gen(function* () {
        const database = yield* Effect.acquireRelease(
          Effect.sync(() => new DatabaseSync(path)),
          (database) => Effect.sync(() => database.close())
        )
        database.exec(schema)
        const write = writer(database)

        // If the disk is too slow, the latest events are dropped, and requests are not delayed.
        const events = yield* Queue.dropping<FailoverEvent.FailoverEvent>(10_000)
        const writeAll = Effect.map(Queue.clear(events), (some) => write(some))
        yield* Effect.addFinalizer(() => writeAll)
        yield* Queue.peek(events).pipe(
          Effect.andThen(Effect.sleep("50 millis")), // events that arrive within this time are one transaction
          Effect.andThen(writeAll),
          Effect.forever,
          Effect.forkScoped
        )

        const detours = database.prepare(`
          SELECT prompt, outcome, answeredBy, (
            SELECT group_concat(target || ': ' || failure || ' → ' || action, ', ') FROM attempts
            WHERE attempts.run = runs.id AND failure IS NOT NULL
          ) AS way
          FROM runs WHERE way IS NOT NULL ORDER BY id DESC
        `)
        return {
          observer: (event) => void Queue.offerUnsafe(events, event),
          detours: writeAll.pipe(
            Effect.andThen(Effect.sync(() => detours.all())),
            Effect.flatMap(Schema.decodeUnknownEffect(Schema.Array(Detour))),
            Effect.orDie
          )
        }
      })
    )
}

const schema = `
  CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, startedAt INTEGER NOT NULL, prompt TEXT NOT NULL,
    outcome TEXT NOT NULL, answeredBy TEXT
  );
  CREATE TABLE IF NOT EXISTS attempts (
    run INTEGER NOT NULL REFERENCES runs, number INTEGER NOT NULL, target TEXT NOT NULL,
    failure TEXT, evidence TEXT, action TEXT, millis INTEGER,
    PRIMARY KEY (run, number)
  );
`

/** Writes events. Runs are identified by their `run` object; the database assigns its own numbers. */
const writer = (database: DatabaseSync) => {
  const ids = new WeakMap<FailoverEvent.RunInfo, number | bigint>()
  const insertRun = database.prepare("INSERT INTO runs (startedAt, prompt, outcome) VALUES (?, ?, 'running')")
  const endRun = database.prepare("UPDATE runs SET outcome = ?, answeredBy = ? WHERE id = ?")
  const insertAttempt = database.prepare(
    "INSERT INTO attempts (run, number, target, failure, evidence, action, millis) VALUES (?, ?, ?, ?, ?, ?, ?)"
  )

  const idOf = (run: FailoverEvent.RunInfo) => {
    const known = ids.get(run)
    if (known !== undefined) return known
    const { lastInsertRowid } = insertRun.run(run.startedAt, JSON.stringify(run.request))
    ids.set(run, lastInsertRowid)
    return lastInsertRowid
  }

  const writeOne = (event: FailoverEvent.FailoverEvent): void => {
    const id = idOf(event.run)
    switch (event._tag) {
      case "AttemptFailed": {
        const { action, attempt, duration, failure, target } = event
        const why = Failure.classOf(failure)
        const done = action._tag.toLowerCase()
        insertAttempt.run(id, attempt, target.key, why, failure.evidence ?? failure.message, done, duration)
        break
      }
      case "AttemptSucceeded":
        insertAttempt.run(id, event.attempt, event.target.key, null, null, null, event.duration)
        break
      case "RunEnded": {
        const { error, outcome, target } = event
        const why = error?._tag === "StreamBroken" ? Failure.classOf(error.failure) : error?._tag
        const answeredBy = outcome === "answered" || outcome === "broken" ? target?.key : undefined
        endRun.run(why === undefined ? outcome : `${outcome}: ${why}`, answeredBy ?? null, id)
      }
    }
  }

  return (events: ReadonlyArray<FailoverEvent.FailoverEvent>): void => {
    if (events.length === 0) return
    database.exec("BEGIN")
    for (const event of events) writeOne(event)
    database.exec("COMMIT")
  }
}

// -- some traffic ------------------------------------------------------------------------------------------------------

const flaky = Scripted.make("flaky", [
  [new Failure.Transient({ reason: "Overloaded", message: "busy", evidence: "status 529" })],
  ["second time lucky"],
  [new Failure.RateLimit({ message: "slow down", retryAfter: Duration.seconds(60) })]
])
const steady = Scripted.make("steady", [
  ["here you are"],
  [new Failure.BadRequest({ reason: "Invalid", message: "no such tool" })]
])

const chain = Chain.make(flaky.model("large"), steady.model("small"))

const ask = (content: string) => Failover.complete(chain, { messages: [{ role: "user", content }] })

export const program = Effect.gen(function* () {
  yield* ask("Write a haiku")
  yield* ask("Write another")
  yield* Effect.ignore(ask("Use a tool that is not there"))
  const { detours } = yield* PromptChains
  const rows = yield* detours
  for (const { answeredBy, outcome, prompt, way } of rows) {
    yield* Console.log(JSON.stringify(prompt))
    yield* Console.log(`  ${way}`)
    yield* Console.log(`  ${outcome}${answeredBy === null ? "" : ` by ${answeredBy}`}`)
  }
  return rows
})

/** The runtime is built with the store's observer. */
export const layer = (path: string) =>
  Layer.unwrap(Effect.map(PromptChains, ({ observer }) => Failover.layer({ observer }))).pipe(
    Layer.provideMerge(PromptChains.layer(path))
  )

export const main = program.pipe(Effect.provide(layer(":memory:")))

if (import.meta.main) NodeRuntime.runMain(main)
