/** The providers of the experiments. */
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"

/** So many providers with a key each, tried in their order. */
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

/** Two. */
export const two: GatewayConfig = providers(2)

/** Five. */
export const five: GatewayConfig = providers(5)

/** Times in milliseconds. */
export const second = 1_000
export const minute = 60_000
export const hour = 3_600_000
