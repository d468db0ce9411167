/** Reads the token usage from the answers of a provider. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { RunInfo } from "../../events/FailoverEvent.ts"
import type { Usage } from "../../observe/Usage.ts"
import { AnswerReader } from "../../providers/wire/AnswerReader.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"
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
    Effect.withFiber((fiber) => {
      const answered = provider.complete(request, target)
      const reading = begun(fiber.getRef(CurrentMeter))
      if (reading === undefined) return answered
      return Effect.map(answered, (answer) => {
        reading.answer(answer)
        return answer
      })
    }),
  stream: (request, target) =>
    Flow.toStream((context) => {
      const flow = Pump.begin(provider.stream(request, target), context)
      const reading = begun(Context.get(context, CurrentMeter))
      return reading === undefined ? flow : Flow.tap(flow, (chunk) => reading.chunk(chunk))
    })
})

/** Starts the reader of an attempt, if its request has a meter. */
const begun = (meter: Meter | undefined): AnswerReader | undefined => {
  if (meter !== undefined) meter.reading = new AnswerReader()
  return meter?.reading
}
