/**
 * What the status page shows: every target with its state and its last minutes, what is on the bench, and the last
 * decisions.
 *
 * Moments are milliseconds since the epoch. There are names of the config in it, reasons and counts, and of what
 * clients send only how they called a model; no key, no prompt, no answer.
 */
import * as Effect from "effect/Effect"
import type { GatewayConfig, ProtocolName } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type { BenchInfo, BenchRegistry } from "../../health/BenchRegistry.ts"
import type { Decision, Decisions } from "../../observe/Decisions.ts"
import type { Pulse, Reading } from "../../observe/Pulse.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import { benchOf } from "../admin/Views.ts"
import type * as Wire from "../admin/Wire.ts"
import type { ConfiguredNames } from "../reload/ConfiguredNames.ts"

/** How a target stands. `half-open`: its rest is over, and the next request to it decides whether it serves again. */
export type State = "serving" | "resting" | "half-open" | "probing" | "manual"

/** One step of time: its number, what was answered, what failed, and two quantiles of latency (0 for none). */
export type Step = readonly [number: number, answered: number, failed: number, p50: number, p95: number]

/** One step of time, and how the requests that ended in it did. */
export type Requests = readonly [number: number, answered: number, failed: number]

/** One target: its state, and how the last minutes went. Durations are milliseconds. */
export interface Row {
  /** `provider/model#credential` */
  readonly key: string
  readonly provider: string
  readonly model: string
  readonly credential: string
  /** Whether it stands in the config; clients may call other models too. */
  readonly named: boolean
  readonly state: State
  /** The key of the bench that keeps it away. */
  readonly bench?: string
  readonly answered: number
  readonly failed: number
  /** What the failures were, by class. */
  readonly failures: Readonly<Record<string, number>>
  readonly p50?: number
  readonly p95?: number
  /** Steps in which something happened, the oldest first. */
  readonly steps: ReadonlyArray<Step>
}

/** One provider of the config. */
export interface Provider {
  readonly name: string
  readonly protocol: ProtocolName
  readonly credentials: ReadonlyArray<{ readonly name: string; readonly enabled: boolean }>
}

/** A name that callers ask for, and the targets of its chain in the order in which they are tried. */
export interface Model {
  readonly name: string
  /** Keys of rows. */
  readonly targets: ReadonlyArray<string>
  /** So many of them, from the first on, count as the same; absent where the first model is alone. */
  readonly equals?: number | undefined
}

/** Everything. */
export interface Status {
  readonly at: number
  /** When the gateway began. */
  readonly startedAt: number
  /** Milliseconds that one step covers, and how many of them there are. */
  readonly stepMillis: number
  readonly steps: number
  /** Whether there is an admin token, and so a way to bench by hand. */
  readonly control: boolean
  readonly providers: ReadonlyArray<Provider>
  /** The names of `models` in the config; they change with the config only. */
  readonly models: ReadonlyArray<Model>
  /** What callers got: steps in which requests ended, the oldest first. */
  readonly requests: ReadonlyArray<Requests>
  readonly rows: ReadonlyArray<Row>
  readonly benches: ReadonlyArray<Wire.Bench>
  /** The newest first. */
  readonly decisions: ReadonlyArray<Decision>
}

/** Targets that are shown although the config does not name them; those that were called last. */
const maxOthers = 100

/** Keys of the bench that are shown. */
const maxBenches = 300

/** What the status is made from. */
export interface Options {
  readonly config: GatewayConfig
  readonly named: ConfiguredNames
  /** The names that callers ask for, and who answers them. */
  readonly models: ReadonlyArray<Model>
  readonly registry: BenchRegistry["Service"]
  readonly decisions: Decisions["Service"]
  readonly pulse: Pulse["Service"]
  /** When the gateway began, in milliseconds since the epoch. */
  readonly startedAt: number
}

/** An effect that gives the status now. A row in which nothing has changed is the same object again. */
export const make = (options: Options): Effect.Effect<Status> => {
  const { config, decisions, models, named, pulse, registry, startedAt } = options
  const { stepMillis, steps } = pulse
  const places = named.targets.map((key) => placeOf(key, true))
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
  const told = new WeakMap<Decision, Decision>()
  /** Without the id that the client may have chosen. */
  const shown = (decision: Decision): Decision => {
    const known = told.get(decision)
    if (known !== undefined) return known
    const { requestId: _, ...rest } = decision
    told.set(decision, rest)
    return rest
  }

  return Effect.gen(function* () {
    const benches = yield* registry.list
    const readings = yield* pulse.readings
    const benchOfKey = new Map(benches.map((info) => [info.key, info]))
    const readingOfKey = new Map(readings.map((reading) => [reading.target.key, reading]))
    const others = readings
      .filter(({ target }) => !known.has(target.key))
      .sort((a, b) => b.lastAt - a.lastAt)
      .slice(0, maxOthers)
      .map(({ target }): Place => ({ ...target, named: false }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    const made = new Map<string, Made>()
    for (const place of [...places, ...others]) {
      const reading = readingOfKey.get(place.key)
      const [state, bench] = standingOf(place, benchOfKey)
      const before = last.get(place.key)
      const isSame = before?.reading === reading && before?.row.state === state && before?.row.bench === bench
      made.set(
        place.key,
        isSame && before !== undefined ? before : { reading, row: rowOf(place, state, bench, reading) }
      )
    }
    last = made
    const ended = (yield* pulse.requests).map(
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

/** Steps only grow at their end, and what has left the window at the other end is nothing new. */
const isSameStep = (a: Requests | undefined, b: Requests | undefined): boolean => String(a) === String(b)

interface Made {
  readonly reading: Reading | undefined
  readonly row: Row
}

type Place = Pick<Row, "key" | "provider" | "model" | "credential" | "named">

const placeOf = (key: string, named: boolean): Place => {
  const { credential = "", model = "", provider = key } = BenchKey.parse(key) ?? {}
  return { key, provider, model, credential, named }
}

const weight: Readonly<Record<string, number>> = { manual: 4, resting: 3, probing: 2, "half-open": 1 }

/** Of all that keeps a target away what weighs most: a person's word first, then what ends last. */
const standingOf = (
  { credential, key, model, provider }: Place,
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
  { credential, key, model, named, provider }: Place,
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
