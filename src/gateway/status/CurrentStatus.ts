/** Reads the data of the status page from the bench, the traffic and the decisions. */
import * as Effect from "effect/Effect"
import type { LearnedLimit } from "../../candidates/queue/Room.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type { BenchInfo, BenchRegistry } from "../../health/BenchRegistry.ts"
import type { Decision, Decisions } from "../../observe/Decisions.ts"
import type { Reading, RecentTraffic } from "../../observe/RecentTraffic.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Turns from "../../util/Turns.ts"
import { benchOf } from "../admin/Views.ts"
import type { ConfiguredNames } from "../reload/ConfiguredNames.ts"
import type { LearnedLimits } from "../reload/LearnedLimits.ts"
import type { Model, Provider, Requests, Row, State, Status } from "./Status.ts"

/** The most targets that are shown besides those in the config; the last called ones. */
const maxOthers = 100

/** From this number of targets on, the status is computed in several turns. */
const many = 1_000

/** The most bench keys that are shown. */
const maxBenches = 300

/** The sources of the status. */
export interface Options {
  readonly config: GatewayConfig
  readonly named: ConfiguredNames
  /** The model names for callers, and their targets. */
  readonly models: ReadonlyArray<Model>
  readonly registry: BenchRegistry["Service"]
  readonly decisions: Decisions["Service"]
  readonly traffic: RecentTraffic["Service"]
  readonly learned: LearnedLimits["Service"]
  /** When the gateway started, in milliseconds since the epoch. */
  readonly startedAt: number
}

/** An effect that gives the status now. An unchanged row is the same object as before. */
export const make = (options: Options): Effect.Effect<Status> => {
  const { config, decisions, learned, models, named, traffic, registry, startedAt } = options
  const { stepMillis, steps } = traffic
  const identities = named.targets.map((key) => identityOf(key, true))
  const known = new Set(named.targets)
  const providers = config.providers.map(
    ({ credentials, name, protocol }): Provider => ({
      name,
      protocol,
      credentials: credentials.map(({ enabled, name }) => ({ name, enabled }))
    })
  )
  let last = new Map<string, Made>()
  let requests: ReadonlyArray<Requests> = []
  const cached = new WeakMap<Decision, Decision>()
  /** Without the request id, which the client may have chosen. */
  const shown = (decision: Decision): Decision => {
    const known = cached.get(decision)
    if (known !== undefined) return known
    const { requestId: _, ...rest } = decision
    cached.set(decision, rest)
    return rest
  }

  // With very many targets each part of the work has a turn of the event loop of its own.
  const pause = identities.length >= many ? Turns.next : Effect.void

  return Effect.gen(function* () {
    const benches = yield* registry.list
    yield* pause
    const readings = yield* traffic.readings
    yield* pause
    const takesOfKey = new Map((yield* learned.all).map((limit) => [limit.key, takesOf(limit)]))
    const benchOfKey = new Map(benches.map((info) => [info.key, info]))
    const readingOfKey = new Map(readings.map((reading) => [reading.target.key, reading]))
    const others = readings
      .filter(({ target }) => !known.has(target.key))
      .sort((a, b) => b.lastAt - a.lastAt)
      .slice(0, maxOthers)
      .map(({ target }): Identity => ({ ...target, named: false }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    const made = new Map<string, Made>()
    for (const identity of [...identities, ...others]) {
      const reading = readingOfKey.get(identity.key)
      const [state, bench] = stateOf(identity, benchOfKey)
      const before = last.get(identity.key)
      const takes = takesOfKey.get(identity.key)
      const isSame =
        before?.reading === reading &&
        before?.row.state === state &&
        before?.row.bench === bench &&
        before?.row.takes?.atOnce === takes?.atOnce &&
        before?.row.takes?.perSecond === takes?.perSecond
      made.set(
        identity.key,
        isSame && before !== undefined
          ? before
          : {
              reading,
              row: { ...rowOf(identity, state, bench, reading), ...(takes !== undefined && { takes }) }
            }
      )
    }
    last = made
    yield* pause
    const ended = (yield* traffic.requests).map(
      ({ answered, failed, number }): Requests => [number, answered, failed]
    )
    if (!isSameStep(ended.at(-1), requests.at(-1))) requests = ended
    const status: Status = {
      at: yield* MonotonicClock.currentTimeMillis,
      startedAt,
      stepMillis,
      steps,
      control: config.server.adminToken !== undefined,
      providers,
      models,
      requests,
      rows: [...made.values()].map(({ row }) => row),
      benches: benches.slice(0, maxBenches).map(benchOf),
      decisions: (yield* decisions.recent).map(shown)
    }
    return status
  })
}

/**
 * Compares the last steps only: a new request changes the last one, and steps that leave the window are no
 * change.
 */
const isSameStep = (a: Requests | undefined, b: Requests | undefined): boolean => String(a) === String(b)

const takesOf = ({ limit, perSecond }: LearnedLimit): NonNullable<Row["takes"]> => ({
  ...(limit !== undefined && { atOnce: limit }),
  ...(perSecond !== undefined && { perSecond })
})

interface Made {
  readonly reading: Reading | undefined
  readonly row: Row
}

type Identity = Pick<Row, "key" | "provider" | "model" | "credential" | "named">

const identityOf = (key: string, named: boolean): Identity => {
  const { credential = "", model = "", provider = key } = BenchKey.parse(key) ?? {}
  return { key, provider, model, credential, named }
}

const weight: Readonly<Record<string, number>> = { manual: 4, resting: 3, probing: 2, "half-open": 1 }

/**
 * Of all benches that cover a target, the most important one: manual benches first, then the one that ends
 * last.
 */
const stateOf = (
  { credential, key, model, provider }: Identity,
  benches: ReadonlyMap<string, BenchInfo>
): readonly [State, string | undefined] => {
  let state: State = "serving"
  let why: BenchInfo | undefined
  for (const each of [
    key,
    BenchKey.format({ provider, credential }),
    BenchKey.format({ provider, model }),
    provider
  ]) {
    const info = benches.get(each)
    if (info === undefined || info.status === "free") continue
    const [mine, theirs] = [weight[info.status] ?? 0, weight[state] ?? 0]
    if (mine > theirs || (mine === theirs && (info.until ?? 0) > (why?.until ?? 0))) {
      state = info.status
      why = info
    }
  }
  return [state, why?.key]
}

const rowOf = (
  { credential, key, model, named, provider }: Identity,
  state: State,
  bench: string | undefined,
  reading: Reading | undefined
): Row => ({
  key,
  provider,
  model,
  credential,
  named,
  state,
  ...(bench !== undefined && { bench }),
  answered: reading?.answered ?? 0,
  failed: reading?.failed ?? 0,
  failures: reading?.failures ?? {},
  ...(reading?.p50 !== undefined && { p50: reading.p50 }),
  ...(reading?.p95 !== undefined && { p95: reading.p95 }),
  steps: (reading?.steps ?? []).map(({ answered, failed, number, p50 = 0, p95 = 0 }) => [
    number,
    answered,
    failed,
    p50,
    p95
  ])
})
