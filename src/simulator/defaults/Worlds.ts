/** The providers of the experiments. */
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"
import type { ScenarioFile } from "../scenario/ScenarioFile.ts"

/** A number of providers with one key each, tried in order. */
const providers = (count: number): GatewayConfig => {
  const names = Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index))
  return fromFile(
    {
      providers: Object.fromEntries(names.map((name) => [name, { protocol: "openai" as const }])),
      models: { smart: names.map((name) => `${name}/large`) }
    },
    []
  )
}

/** One provider. */
export const alone: GatewayConfig = providers(1)

/** Two providers. */
export const two: GatewayConfig = providers(2)

/** Five providers. */
export const five: GatewayConfig = providers(5)

/** Three equals that take turns. */
export const equals: GatewayConfig = fromFile(
  {
    providers: { a: { protocol: "openai" }, b: { protocol: "openai" }, c: { protocol: "openai" } },
    models: { smart: [{ equals: ["a/large", "b/large", "c/large"], strategy: "roundRobin" }] }
  },
  []
)

/** A fault that hits a share of the calls for ten minutes, at a number of requests per second. */
export const share = (
  target: string,
  fault: "serverError" | "cut",
  share: number,
  perSecond: number
): ScenarioFile => ({
  duration: 10 * minute,
  requests: { perSecond },
  faults: [{ target, fault, share }]
})

/**
 * The same outage of the first provider with seven lengths, because the time to recovery depends on where in a cooldown
 * the outage ends. `length`, and all times, are milliseconds.
 */
export const outages = (
  fault: "overloaded" | "throttled" | "noCredit" | "modelGone",
  {
    after,
    length,
    perSecond,
    step
  }: { readonly length: number; readonly step: number; readonly after: number; readonly perSecond: number }
): ReadonlyArray<ScenarioFile> =>
  Array.from({ length: 7 }, (_, index) => {
    const until = minute + length + index * step
    return {
      duration: until + after,
      requests: { perSecond },
      faults: [{ target: "first provider", fault, from: minute, until }]
    }
  })

/** Times in milliseconds. */
export const second = 1_000
export const minute = 60_000
export const hour = 3_600_000
