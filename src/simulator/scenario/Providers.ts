/** The providers that scenarios use without a config. */
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"

/** Two providers, one of each protocol: the first has two keys, the second is its fallback. */
export const config: GatewayConfig = fromFile(
  {
    providers: {
      north: {
        protocol: "openai",
        baseUrl: "https://north.example/v1",
        credentials: [
          { name: "main", apiKey: "simulated" },
          { name: "spare", apiKey: "simulated" }
        ]
      },
      south: {
        protocol: "anthropic",
        baseUrl: "https://south.example",
        credentials: [{ name: "main", apiKey: "simulated" }]
      }
    },
    models: { smart: ["north/large", "south/large"] }
  },
  []
)

const alone = (name: string) => ({
  protocol: "openai" as const,
  baseUrl: `https://${name}.example/v1`,
  credentials: [{ name: "main", apiKey: "simulated" }]
})

/** The first two providers, with learned limits. */
const learning: GatewayConfig = { ...config, policy: { learnedLimit: true } }

/** Three equal providers. */
const three: GatewayConfig = fromFile(
  {
    providers: { east: alone("east"), west: alone("west"), south: alone("south") },
    models: { smart: [["east/large", "west/large", "south/large"]] }
  },
  []
)

/** Two regions with two providers each; those of a region are equals. */
const regions: GatewayConfig = fromFile(
  {
    providers: {
      "east-1": alone("east-1"),
      "east-2": alone("east-2"),
      "west-1": alone("west-1"),
      "west-2": alone("west-2")
    },
    models: {
      smart: [
        ["east-1/large", "east-2/large"],
        ["west-1/large", "west-2/large"]
      ]
    }
  },
  []
)

/** Other providers, by the scenario that uses them. */
export const others: Readonly<Record<string, GatewayConfig>> = {
  "slow-equal": three,
  "cold-caches": three,
  "unknown-cap": learning,
  region: regions
}
