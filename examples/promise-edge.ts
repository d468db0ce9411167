/**
 * Failover for people who do not write Effect: a client with promises, async iterators and abort signals, and errors
 * that are classes. All Effect is in the first part of this file; `main` is what its
 * users write.
 *
 *     npm run build && npm exec -- node examples/promise-edge.ts
 */
import { Duration, Effect, Layer, ManagedRuntime, Stream } from "effect"
import { Chain, Failover, Failure, ProviderService, type RunError } from "effect-failover"
import { Scripted } from "effect-failover/testing"

export class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {}
export class Backup extends ProviderService.Service<Backup, Scripted.Scripted>()("backup") {}

const chain = Chain.make(Primary.model("large"), Backup.model("small"))

// -- the errors ----------------------------------------------------------------------------------------------------------

/** No target can answer now. */
export class NotNow extends Error {
  override readonly name = "NotNow"
  /** When a retry makes sense, if that is known. */
  readonly retryAt: Date | undefined
  constructor(message: string, retryAt: number | undefined) {
    super(message)
    this.retryAt = retryAt === undefined ? undefined : new Date(retryAt)
  }
}

/** The prompt was refused; another provider would refuse it too. */
export class Refused extends Error {
  override readonly name = "Refused"
}

/** No answer in time. */
export class TooLate extends Error {
  override readonly name = "TooLate"
}

/** An answer broke off after it had begun. Nothing follows what the caller has read. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff"
}

const toError = (error: RunError.RunError | RunError.StreamBroken): Error => {
  switch (error._tag) {
    case "AllBenched":
    case "ChainExhausted":
      return new NotNow(error.message, error.retryAt)
    case "BadRequest":
    case "ContextExceeded":
      return new Refused(error.message)
    case "DeadlineExceeded":
      return new TooLate(error.message)
    // What ends a stream after its commit point.
    case "StreamBroken":
      return new BrokenOff(error.message)
  }
}

// -- the client ----------------------------------------------------------------------------------------------------------

export interface Options {
  /** Aborting it ends the call to the provider; the caller gets the signal's reason. */
  readonly signal?: AbortSignal
}

export interface Client extends AsyncDisposable {
  complete(prompt: string, options?: Options): Promise<string>
  /** Leaving the loop ends the call to the provider. */
  stream(prompt: string, options?: Options): AsyncGenerator<string, void>
}

/** The layers are built with the first call and released when the client is disposed. Make one for the process. */
export const makeClient = (layer: Layer.Layer<Failover.Failover | Primary | Backup>): Client => {
  const runtime = ManagedRuntime.make(layer)
  return {
    async complete(prompt, { signal } = {}) {
      try {
        const answer = Failover.complete(chain, prompt).pipe(Effect.mapError(toError))
        return await runtime.runPromise(answer, signal && { signal })
      } catch (error) {
        signal?.throwIfAborted() // throws the signal's reason, not Effect's error that all fibers were interrupted
        throw error
      }
    },

    async *stream(prompt, { signal } = {}) {
      const texts = Failover.stream(chain, prompt).pipe(
        Stream.mapError(toError),
        Stream.map(({ text }) => text),
        Stream.filter((text) => text !== ""),
        (texts) => (signal === undefined ? texts : Stream.interruptWhen(texts, aborted(signal)))
      )
      yield* Stream.toAsyncIterableWith(texts, await runtime.context())
    },

    [Symbol.asyncDispose]: () => runtime.dispose()
  }
}

/** Fails with the signal's reason once it is aborted. */
const aborted = (signal: AbortSignal): Effect.Effect<never, Error> =>
  Effect.callback((resume) => {
    const abort = () => resume(Effect.fail(signal.reason))
    if (signal.aborted) return abort()
    signal.addEventListener("abort", abort)
    return Effect.sync(() => signal.removeEventListener("abort", abort))
  })

// -- what its users write ------------------------------------------------------------------------------------------------

/** The first provider is slow, then throttled; the second one answers, refuses, and dies in the middle of a story. */
const Live = Layer.mergeAll(
  Failover.layer({ policy: { whenAllBenched: "fail" } }),
  Layer.sync(Primary, () =>
    Scripted.make(Primary.provider, [
      [{ wait: "1 minute" }, "too late"],
      [new Failure.RateLimit({ message: "slow down", retryAfter: Duration.seconds(30) })]
    ])
  ),
  Layer.sync(Backup, () =>
    Scripted.make(Backup.provider, [
      ["a whole answer"],
      ["word ", "by ", "word"],
      [new Failure.BadRequest({ reason: "ContentPolicy", message: "not about that" })],
      ["Once upon ", new Failure.Transient({ reason: "Connection", message: "the connection is gone" })]
    ])
  )
)

export const main = async (log: (line: string) => void = console.log): Promise<void> => {
  await using client = makeClient(Live)
  const failed = (error: unknown) => log(String(error))

  await client.complete("Are you there?", { signal: AbortSignal.timeout(50) }).catch(failed)

  log(await client.complete("Anybody?"))

  for await (const text of client.stream("Slowly, please")) log(text)

  await client.complete("Something improper").catch(failed)

  try {
    for await (const text of client.stream("Tell me a story")) log(text)
  } catch (error) {
    failed(error)
  }

  await client.complete("Once more").catch(failed)
}

if (import.meta.main) await main()
