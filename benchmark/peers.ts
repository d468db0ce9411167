/** Other packages for the same job, without waits and observers. */
import * as cockatiel from "cockatiel"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionPlan from "effect/ExecutionPlan"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const broken = new Error("busy")

/** A plain promise, as the baseline. */
export const promise = {
  happy: async (): Promise<string> => "answer",
  fails: async (): Promise<string> => {
    throw broken
  }
}

/** cockatiel: fallback around retry around breaker. */
const wrap = (threshold: number) =>
  cockatiel.wrap(
    cockatiel.fallback(cockatiel.handleAll, () => promise.happy()),
    cockatiel.retry(cockatiel.handleAll, { maxAttempts: 0, backoff: new cockatiel.ConstantBackoff(0) }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 3_600_000,
      breaker: new cockatiel.ConsecutiveBreaker(threshold)
    })
  )

const closed = wrap(Number.MAX_SAFE_INTEGER)
const open = wrap(1)

/** The same three cases. */
export const wrapped = {
  happy: () => closed.execute(promise.happy),
  primaryFails: () => closed.execute(promise.fails),
  /** The first call opens the breaker, so it is open for all others. */
  primaryRests: () => open.execute(promise.fails)
}

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}
const busy = new Busy()

class Model extends Context.Service<Model, { readonly call: Effect.Effect<string, Busy> }>()(
  "benchmark/Model"
) {}

const answers = { call: Effect.sync(() => "answer") }
const fails = { call: Effect.fail(busy) }
const plan = (first: Model["Service"]) =>
  ExecutionPlan.make({ provide: Context.make(Model, first) }, { provide: Context.make(Model, answers) })

const call = Effect.flatMap(Model, (model) => model.call)

/** Effect's own plan of two steps. It has no cooldowns. */
export const planned = {
  happy: Effect.withExecutionPlan(call, plan(answers)),
  primaryFails: Effect.withExecutionPlan(call, plan(fails)),
  /** The deltas of a stream, through a plan of two steps. */
  stream: (deltas: Stream.Stream<string>) =>
    Stream.runDrain(Stream.withExecutionPlan(Stream.unwrap(Effect.as(Model, deltas)), plan(answers)))
}

/** For many concurrent calls: the first target fails after a while, the second one answers after a while. */
export const shared = (times: { readonly dead: number; readonly alive: number }, onDead: () => void) => {
  const pause = (millis: number) => new Promise<void>((resume) => setTimeout(resume, millis))
  const dead = async (): Promise<string> => {
    onDead()
    await pause(times.dead)
    throw broken
  }
  const alive = () => pause(times.alive).then(() => "answer")
  const wrapped = cockatiel.wrap(
    cockatiel.fallback(cockatiel.handleAll, alive),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 3_600_000,
      breaker: new cockatiel.ConsecutiveBreaker(5)
    })
  )
  const planned = Effect.withExecutionPlan(
    call,
    ExecutionPlan.make(
      {
        provide: Context.make(Model, {
          call: Effect.tryPromise({ try: dead, catch: () => busy })
        })
      },
      { provide: Context.make(Model, { call: Effect.promise(alive) }) }
    )
  )
  return { cockatiel: () => wrapped.execute(dead), plan: () => Effect.runPromise(planned) }
}
