/** The simulated providers, and the transport to them. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type { GatewayConfig, ProtocolName, ProviderConfig } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type * as Credential from "../../domain/Credential.ts"
import type { Request, Transport } from "../../providers/transport/Transport.ts"
import { faults } from "../faults/Faults.ts"
import * as Recorded from "../replay/Recorded.ts"
import type { Scenario } from "../scenario/Scenario.ts"
import * as Faulty from "./Faulty.ts"
import { PromptCaches } from "./PromptCaches.ts"
import * as Responses from "./Responses.ts"
import * as Turn from "./Turn.ts"
import * as Usage from "./Usage.ts"

/** The simulated providers. */
export interface World {
  /** The config with keys that identify the credential of a call. They are not real keys. */
  readonly config: GatewayConfig
  readonly transport: Transport["Service"]
  /** How many calls each fault has hit so far, in the order of the scenario. */
  readonly met: ReadonlyArray<number>
  /** The tokens read and written so far, by target. */
  readonly usage: ReadonlyMap<string, Usage.Tokens>
}

/** What the key of a call identifies. */
interface Known {
  readonly protocol: ProtocolName
  readonly provider: string
  readonly credential: string
}

/** Makes the providers of a config for a scenario that begins at `startAt`, in milliseconds since the epoch. */
export const make = (
  scenario: Scenario,
  config: GatewayConfig,
  { chance, startAt }: { readonly chance: Random.Random; readonly startAt: number }
): World => {
  const callers = new Map<string, Known>()
  const outcomes = new Map(
    [...(scenario.replay?.recorded ?? [])].map(([target, recorded]) => [
      target,
      new Recorded.Outcomes(recorded)
    ])
  )
  const faulty = Faulty.make(scenario.faults, chance)
  const caches = new PromptCaches(scenario.answers.cacheLasts)
  const usage = new Map<string, Usage.Tokens>()

  const known = (provider: ProviderConfig): ProviderConfig => {
    const rename = (credential: Credential.Credential): Credential.Credential => {
      const key = `simulated-${callers.size}`
      callers.set(key, { protocol: provider.protocol, provider: provider.name, credential: credential.name })
      return { ...credential, apiKey: Redacted.make(key) }
    }
    const [first, ...rest] = provider.credentials
    return { ...provider, credentials: [rename(first), ...rest.map(rename)] }
  }

  /** Counts a prompt and its answer; returns how long the target reads the part of the prompt that is not in its cache. */
  const charge = (target: string, { conversation, prompt }: Turn.Turn, now: number): number => {
    const cached = caches.read(target, conversation, prompt, now)
    const tokens = { input: prompt, cached, output: scenario.tokens.answer }
    usage.set(target, Usage.add(usage.get(target) ?? Usage.none, tokens))
    return (scenario.answers.reading * (prompt - cached)) / 1000
  }

  /** The response to a call at `now`. */
  const act = (request: Request, now: number): Responses.Response => {
    const { model } = JSON.parse(request.body)
    const { credential, protocol, provider } = callers.get(keyOf(request))!
    const target = BenchKey.format({ provider, model, credential })
    const pace = paceOf(scenario, chance)
    const head = { protocol, model, created: Math.floor((startAt + now) / 1000) }
    const { firstWord, whole } = scenario.answers
    const { fault, queue } = faulty.meets(target, now)
    const normal = { _tag: "Answer", firstWord: firstWord * pace, whole: whole * pace } as const
    const turn = Turn.read(request.body)
    const met = { protocol, model, normal }
    const recorded = outcomes.get(target)?.at(now)
    const done =
      turn.own !== undefined
        ? faults[turn.own](met)
        : fault !== undefined
          ? faults[fault.name]({ ...fault, ...met })
          : recorded === undefined
            ? normal
            : Recorded.act(recorded, protocol, model)
    if (done._tag !== "Answer") return { act: done, head, pace, queue: undefined }
    const reading = charge(target, turn, now)
    const late = { ...done, firstWord: done.firstWord + reading, whole: done.whole + reading }
    return { act: late, head, pace, queue }
  }

  const response = (request: Request) =>
    Effect.map(Clock.currentTimeMillis, (now) => act(request, now - startAt))

  return {
    config: { ...config, providers: config.providers.map(known) },
    met: faulty.met,
    usage,
    transport: {
      exchange: (request) => Effect.flatMap(response(request), Responses.whole),
      open: (request) => Effect.flatMap(response(request), Responses.opened)
    }
  }
}

/** The share by which the time of a call may differ from the usual one. */
const spread = 0.2

/** The time of this call, as a multiple of the usual time. */
const paceOf = ({ answers }: Scenario, chance: Random.Random): number =>
  answers.spread === "even"
    ? 1 + spread * (2 * chance.nextDoubleUnsafe() - 1)
    : -Math.log(1 - chance.nextDoubleUnsafe())

const keyOf = ({ headers }: Request): string =>
  headers["x-api-key"] ?? headers["api-key"] ?? (headers.authorization ?? "").replace(/^bearer /i, "")
