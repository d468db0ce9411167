/** Providers whose answers are read for what they say of themselves, for those who count tokens. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RunInfo } from "../core/FailoverEvent.ts"
import type { Usage } from "../observe/Usage.ts"
import { Reading } from "../providers/Reading.ts"
import type { GatewayProvider } from "./Providers.ts"

/** What the attempt that runs now, or was the last to, has said of itself. One for each request that is metered. */
export interface Meter {
  reading: Reading | undefined
}

/** The meter of a request; requests that nobody meters have none. */
export const CurrentMeter: Context.Reference<Meter | undefined> = Context.Reference<Meter | undefined>(
  "effect-failover/gateway/CurrentMeter",
  { defaultValue: () => undefined }
)

/** Gives what is asked of providers in there a meter. */
export const metered = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(effect, CurrentMeter, { reading: undefined }))

/** What the last attempt of a run said of itself; `undefined` where that is not read. */
export const usageOf = ({ context }: RunInfo): Usage | undefined =>
  Context.get(context, CurrentMeter)?.reading

/** The provider, whose answers and events are read on their way. */
export const make = (provider: GatewayProvider): GatewayProvider => ({
  ...provider,
  complete: (request, target) =>
    withReading(
      () => provider.complete(request, target),
      (reading) =>
        Effect.map(provider.complete(request, target), (answer) => {
          reading.answer(answer)
          return answer
        })
    ),
  stream: (request, target) =>
    Stream.unwrap(
      withReading(
        () => Effect.succeed(provider.stream(request, target)),
        (reading) =>
          Effect.succeed(
            Stream.transformPull(provider.stream(request, target), (pull) =>
              Effect.succeed(
                Effect.map(pull, (chunks) => {
                  for (const chunk of chunks) reading.chunk(chunk)
                  return chunks
                })
              )
            )
          )
      )
    )
})

/** A reading of one attempt, if its request has a meter. */
const withReading = <A, E, R>(
  unmetered: () => Effect.Effect<A, E, R>,
  read: (reading: Reading) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const meter = fiber.getRef(CurrentMeter)
    if (meter === undefined) return unmetered()
    meter.reading = new Reading()
    return read(meter.reading)
  })
