/** The scenarios that are there without a file, and the providers they are played on without a config. */
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"
import type { ScenarioFile } from "./ScenarioFile.ts"

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

const minute = 60_000

/** The scenarios by name. They name places in the chain, so they fit every config. */
export const scenarios: Readonly<Record<string, ScenarioFile & { readonly title: string }>> = {
  throttle: {
    title: "The first key is throttled for two minutes, and the provider says for how long (Retry-After)",
    faults: [
      {
        target: "first target",
        fault: "throttled",
        retryAfter: 20_000,
        from: minute,
        until: 3 * minute
      }
    ]
  },
  overload: {
    title: "The first provider is overloaded for two minutes (503, 529), with all its keys",
    faults: [{ target: "first provider", fault: "overloaded", from: minute, until: 3 * minute }]
  },
  silence: {
    title: "The first provider takes requests for two minutes and answers none",
    faults: [{ target: "first provider", fault: "silent", from: minute, until: 3 * minute }]
  },
  "dead-key": {
    title: "The first key is revoked (401)",
    faults: [{ target: "first credential", fault: "invalidKey", from: minute }]
  },
  "no-credit": {
    title: "The first key's account runs out of credit, and is topped up eight minutes later",
    duration: "20 minutes",
    requests: { perSecond: 2 },
    faults: [{ target: "first credential", fault: "noCredit", from: 2 * minute, until: 10 * minute }]
  },
  "retired-model": {
    title: "The first model is taken out of service (404)",
    faults: [{ target: "first model", fault: "modelGone", from: minute }]
  },
  "brown-out": {
    title: "The first provider is six times slower for three minutes, and fails every third call",
    faults: [
      { target: "first provider", fault: "serverError", share: 0.3, from: minute, until: 4 * minute },
      { target: "first provider", fault: "slow", factor: 6, from: minute, until: 4 * minute }
    ]
  },
  "cut-streams": {
    title: "For two minutes every tenth answer of the first provider breaks off after its first word",
    faults: [
      { target: "first provider", fault: "cut", afterWords: 1, share: 0.1, from: minute, until: 3 * minute }
    ]
  },
  blackout: {
    title: "Nobody can be reached for two minutes",
    faults: [{ target: "every target", fault: "unreachable", from: minute, until: 3 * minute }]
  }
}
