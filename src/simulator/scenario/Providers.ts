/** The providers that scenarios are played on where no config is given. */
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"

/** Two providers, one of each protocol: the first has two keys, the second stands in for it. */
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

/** Three providers that count as the same. */
const three: GatewayConfig = fromFile(
  {
    providers: { east: alone("east"), west: alone("west"), south: alone("south") },
    models: { smart: [["east/large", "west/large", "south/large"]] }
  },
  []
)

/** Two regions with two providers each; those of a region count as the same. */
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

/** Other providers, by the scenario that asks for them. */
export const others: Readonly<Record<string, GatewayConfig>> = {
  "slow-equal": three,
  "cold-caches": three,
  region: regions
}
