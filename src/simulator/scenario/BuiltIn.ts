/** The built-in scenarios, and the providers they use without a config. */
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as Providers from "./Providers.ts"
import type { ScenarioFile } from "./ScenarioFile.ts"

export { config } from "./Providers.ts"

const minute = 60_000

/** The scenarios by name. They refer to positions in the chain, so they fit every config. */
export const scenarios: Readonly<Record<string, ScenarioFile & { readonly title: string }>> = {
  throttle: {
    title: "The first key is throttled for two minutes, and the provider names the wait (Retry-After)",
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
    title: "No target can be reached for two minutes",
    faults: [{ target: "every target", fault: "unreachable", from: minute, until: 3 * minute }]
  },
  "slow-equal": {
    title: "The first of the providers is ten times slower for three minutes",
    requests: { perSecond: 10 },
    faults: [{ target: "first provider", fault: "slow", factor: 10, from: minute, until: 4 * minute }]
  },
  errors: {
    title: "The first provider fails three calls in ten for three minutes",
    requests: { perSecond: 10 },
    faults: [{ target: "first provider", fault: "serverError", share: 0.3, from: minute, until: 4 * minute }]
  },
  capped: {
    title: "The first target takes 240 requests a minute, half of what comes, and refuses the others (429)",
    requests: { perSecond: 8, arrivals: "random" },
    faults: [{ target: "first target", fault: "capped", perMinute: 240 }]
  },
  "unknown-cap": {
    title: "The first target takes 240 requests a minute, half of what comes; its limit is learned",
    requests: { perSecond: 8, arrivals: "random" },
    faults: [{ target: "first target", fault: "capped", perMinute: 240 }]
  },
  hang: {
    title: "For two minutes the first provider begins every answer and then sends nothing more",
    faults: [{ target: "first provider", fault: "hang", from: minute, until: 3 * minute }]
  },
  flapping: {
    title: "The first provider is overloaded for ten seconds of every thirty, for three minutes",
    faults: [
      {
        target: "first provider",
        fault: "overloaded",
        from: minute,
        until: 4 * minute,
        every: 30_000,
        lasts: 10_000
      }
    ]
  },
  "cold-caches": {
    title: "Conversations with long prompts; the first provider is overloaded for a minute",
    duration: "10 minutes",
    requests: {
      perSecond: 4,
      arrivals: "random",
      conversations: { turns: 12, pause: "20 seconds", grows: 1_500 },
      tokens: { prompt: 12_000, answer: 400 }
    },
    answers: { reading: 120 },
    prices: { "*": { input: 3, cachedInput: 0.3, output: 15 } },
    faults: [{ target: "first provider", fault: "overloaded", from: 2 * minute, until: 3 * minute }]
  },
  herd: {
    title: "No target can be reached for half a minute; then each target takes 12 calls at once for a while",
    requests: { perSecond: 8 },
    faults: [
      { target: "every target", fault: "unreachable", from: minute, until: 1.5 * minute },
      { target: "every target", fault: "crowded", slots: 12, queue: 6, from: 1.5 * minute, until: 3 * minute }
    ]
  },
  region: {
    title: "A region is lost for two minutes: the first half of the targets cannot be reached",
    requests: { perSecond: 10 },
    faults: [{ target: "first half", fault: "unreachable", from: minute, until: 3 * minute }]
  }
}

/** The providers that a built-in scenario uses without a config. */
export const configFor = (name: string): GatewayConfig =>
  Object.hasOwn(Providers.others, name) ? (Providers.others[name] ?? Providers.config) : Providers.config
