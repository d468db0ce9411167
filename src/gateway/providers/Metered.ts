/** Reads the token usage from the answers of a provider. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RunInfo } from "../../events/FailoverEvent.ts"
import type { Usage } from "../../observe/Usage.ts"
import { AnswerReader } from "../../providers/wire/AnswerReader.ts"
import type { Chunk } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** The usage reader of a request's latest attempt. There is one meter per metered request. */
export interface Meter {
  reading: AnswerReader | undefined
}

/** The meter of the current request; `undefined` if the request is not metered. */
export const CurrentMeter: Context.Reference<Meter | undefined> = Context.Reference<Meter | undefined>(
  "effect-failover/gateway/CurrentMeter",
  { defaultValue: () => undefined }
)

/** Provides a meter to the provider calls of an effect, and passes it to `onMeter`. */
export const metered = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  onMeter?: (meter: Meter) => void
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const meter: Meter = { reading: undefined }
    onMeter?.(meter)
    return Effect.provideService(effect, CurrentMeter, meter)
  })

/** The usage of a run's latest attempt; `undefined` if it is not metered. */
export const usageOf = ({ context }: RunInfo): Usage | undefined =>
  Context.get(context, CurrentMeter)?.reading

/** The provider with a reader on its answers and events. */
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
  stream: (request, target) => {
    const stream = provider.stream(request, target)
    const begin = Flow.of(stream)
    return begin === undefined ? pulled(stream) : Flow.toStream(read(begin))
  }
})

/** Keeps a stream that is made of a flow a flow, which is faster. */
const read =
  <E>(begin: Flow.Begin<Chunk, E>): Flow.Begin<Chunk, E> =>
  (context) => {
    const flow = begin(context)
    const reading = begun(Context.get(context, CurrentMeter))
    return reading === undefined ? flow : Flow.tap(flow, (chunk) => reading.chunk(chunk))
  }

const pulled = <E>(stream: Stream.Stream<Chunk, E>): Stream.Stream<Chunk, E> =>
  Stream.unwrap(
    withReading(
      () => Effect.succeed(stream),
      (reading) =>
        Effect.succeed(
          Stream.transformPull(stream, (pull) =>
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

/** Starts the reader of an attempt, if its request has a meter. */
const begun = (meter: Meter | undefined): AnswerReader | undefined => {
  if (meter !== undefined) meter.reading = new AnswerReader()
  return meter?.reading
}

/** The same for effects. */
const withReading = <A, E, R>(
  unmetered: () => Effect.Effect<A, E, R>,
  read: (reading: AnswerReader) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const reading = begun(fiber.getRef(CurrentMeter))
    return reading === undefined ? unmetered() : read(reading)
  })
