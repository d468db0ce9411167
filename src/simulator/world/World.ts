/** The simulated providers: what each call is answered, and the way to them that stands for the network. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type { GatewayConfig, ProtocolName, ProviderConfig } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type * as Credential from "../../domain/Credential.ts"
import type { Request, Upstream } from "../../providers/transport/Upstream.ts"
import { faults } from "../faults/Faults.ts"
import type { Fault, Scenario } from "../scenario/Scenario.ts"
import * as Replies from "./Replies.ts"

/** The simulated providers. */
export interface World {
  /** The config with keys by which the world knows its callers. None of them opens anything. */
  readonly config: GatewayConfig
  readonly upstream: Upstream["Service"]
  /** How many calls met each fault so far, in the order of the scenario. */
  readonly met: ReadonlyArray<number>
}

/** What a caller's key says of it. */
interface Known {
  readonly protocol: ProtocolName
  readonly provider: string
  readonly credential: string
}

/** As much of a call's usual time may be more or less. */
const spread = 0.2

/** Makes the providers of a config as a scenario has them; `startAt` is its start, in milliseconds since the epoch. */
export const make = (
  scenario: Scenario,
  config: GatewayConfig,
  { chance, startAt }: { readonly chance: Random.Random; readonly startAt: number }
): World => {
  const met = scenario.faults.map(() => 0)
  const callers = new Map<string, Known>()

  const known = (provider: ProviderConfig): ProviderConfig => {
    const rename = (credential: Credential.Credential): Credential.Credential => {
      const key = `simulated-${callers.size}`
      callers.set(key, { protocol: provider.protocol, provider: provider.name, credential: credential.name })
      return { ...credential, apiKey: Redacted.make(key) }
    }
    const [first, ...rest] = provider.credentials
    return { ...provider, credentials: [rename(first), ...rest.map(rename)] }
  }

  /** What becomes of a call that comes now. */
  const act = (request: Request, now: number): Replies.Reply => {
    const { model } = JSON.parse(request.body)
    const { credential, protocol, provider } = callers.get(keyOf(request))!
    const target = BenchKey.format({ provider, model, credential })
    const pace = 1 + spread * (2 * chance.nextDoubleUnsafe() - 1)
    const normal = {
      _tag: "Answer",
      firstWord: scenario.firstWord * pace,
      whole: scenario.whole * pace
    } as const
    const head = { protocol, model, created: Math.floor((startAt + now) / 1000) }
    const isMet = ({ from, share, targets, until }: Fault) =>
      from <= now && now < until && targets.has(target) && (share === 1 || chance.nextDoubleUnsafe() < share)
    const index = scenario.faults.findIndex(isMet)
    const fault = scenario.faults[index]
    if (fault === undefined) return { act: normal, head, pace }
    met[index]!++
    return { act: faults[fault.name]({ ...fault, protocol, model, normal }), head, pace }
  }

  const reply = (request: Request) =>
    Effect.map(Clock.currentTimeMillis, (now) => act(request, now - startAt))

  return {
    config: { ...config, providers: config.providers.map(known) },
    met,
    upstream: {
      exchange: (request) => Effect.flatMap(reply(request), Replies.whole),
      open: (request) => Effect.flatMap(reply(request), Replies.opened)
    }
  }
}

const keyOf = ({ headers }: Request): string =>
  headers["x-api-key"] ?? headers["api-key"] ?? (headers.authorization ?? "").replace(/^bearer /i, "")
