/**
 * The data of the status page: every target with its state and its last minutes, the bench, and the last
 * decisions.
 *
 * Times are milliseconds since the epoch. The data has names of the config, reasons and counts, and the model
 * names that clients sent; no keys, prompts or answers.
 */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Decision } from "../../observe/Decisions.ts"
import type * as Wire from "../admin/Wire.ts"

/** The state of a target. `half-open`: its cooldown is over, and the next request probes it. */
export type State = "serving" | "resting" | "half-open" | "probing" | "manual"

/**
 * One time step: its number, attempts answered and failed, and two quantiles of latency in milliseconds (0
 * for none).
 */
export type Step = readonly [number: number, answered: number, failed: number, p50: number, p95: number]

/** One time step: its number, and the requests that ended in it. */
export type Requests = readonly [number: number, answered: number, failed: number]

/** One target: its state and its last minutes. Durations are milliseconds. */
export interface Row {
  /** `provider/model#credential` */
  readonly key: string
  readonly provider: string
  readonly model: string
  readonly credential: string
  /** Whether the config names it; clients may call other models too. */
  readonly named: boolean
  readonly state: State
  /** The bench key that keeps it out of rotation. */
  readonly bench?: string
  /** What it takes, as learned from its refusals (`learnedLimit`): attempts at once, and in a second. */
  readonly takes?: { readonly atOnce?: number; readonly perSecond?: number }
  readonly answered: number
  readonly failed: number
  /** The failures, by class. */
  readonly failures: Readonly<Record<string, number>>
  readonly p50?: number
  readonly p95?: number
  /** Steps with attempts, oldest first. */
  readonly steps: ReadonlyArray<Step>
}

/** One provider of the config. */
export interface Provider {
  readonly name: string
  readonly protocol: ProtocolName
  readonly credentials: ReadonlyArray<{ readonly name: string; readonly enabled: boolean }>
}

/** A model name for callers, and the targets of its chain in order. */
export interface Model {
  readonly name: string
  /** Keys of rows. */
  readonly targets: ReadonlyArray<string>
  /** How many of them, from the first on, are equals; absent if the first model is alone in its tier. */
  readonly equals?: number | undefined
}

/** The whole status. */
export interface Status {
  readonly at: number
  /** When the gateway started. */
  readonly startedAt: number
  /** The length of a step in milliseconds, and the number of steps. */
  readonly stepMillis: number
  readonly steps: number
  /** Whether there is an admin token, so that the page can bench and unbench. */
  readonly control: boolean
  readonly providers: ReadonlyArray<Provider>
  /** The names of `models` in the config. They change with the config only. */
  readonly models: ReadonlyArray<Model>
  /** The requests per step, oldest first. */
  readonly requests: ReadonlyArray<Requests>
  readonly rows: ReadonlyArray<Row>
  readonly benches: ReadonlyArray<Wire.Bench>
  /** The newest first. */
  readonly decisions: ReadonlyArray<Decision>
}
