/** Reads the token usage from the answers of a provider. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Target } from "../../domain/Target.ts"
import type { RunInfo } from "../../events/FailoverEvent.ts"
import type { Usage } from "../../observe/Usage.ts"
import { AnswerReader } from "../../providers/wire/AnswerReader.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** The usage reader of an attempt, and the key of its target. */
interface Reading {
  readonly target: string
  readonly reader: AnswerReader
}

/**
 * The usage readers of a request's latest attempt, and of the one before, which continues if the request is hedged. There is
 * one meter per metered request.
 */
export interface Meter {
  latest: Reading | undefined
  before: Reading | undefined
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
    const meter: Meter = { latest: undefined, before: undefined }
    onMeter?.(meter)
    return Effect.provideService(effect, CurrentMeter, meter)
  })

/** The usage of a run's latest attempt, or of its latest one at a target; `undefined` if it is not metered. */
export const usageOf = ({ context }: RunInfo, target?: Pick<Target, "key">): Usage | undefined => {
  const meter = Context.get(context, CurrentMeter)
  return meter === undefined ? undefined : readingOf(meter, target?.key)
}

/** The usage of the latest attempt, or of the latest one at a target, by its key. */
export const readingOf = ({ before, latest }: Meter, target?: string): Usage | undefined =>
  target !== undefined && latest?.target !== target && before?.target === target
    ? before.reader
    : latest?.reader

/** The provider with a reader on its answers and events. */
export const make = (provider: GatewayProvider): GatewayProvider => ({
  ...provider,
  complete: (request, target) =>
    Effect.withFiber((fiber) => {
      const answered = provider.complete(request, target)
      const reading = begun(fiber.getRef(CurrentMeter), target)
      if (reading === undefined) return answered
      return Effect.map(answered, (answer) => {
        reading.answer(answer)
        return answer
      })
    }),
  stream: (request, target) =>
    Flow.toStream((context) => {
      const flow = Pump.begin(provider.stream(request, target), context)
      const reading = begun(Context.get(context, CurrentMeter), target)
      return reading === undefined ? flow : Flow.tap(flow, (chunk) => reading.chunk(chunk))
    })
})

/** Starts the reader of an attempt, if its request has a meter. */
const begun = (meter: Meter | undefined, { key }: Target): AnswerReader | undefined => {
  if (meter === undefined) return undefined
  meter.before = meter.latest
  meter.latest = { target: key, reader: new AnswerReader() }
  return meter.latest.reader
}
