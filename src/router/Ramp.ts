/**
 * The share of traffic that a recovered upstream gets: little at first, eventually all of it.
 *
 * All traffic returning at once would bring a recovering upstream down again. The idea and the first share are
 * Envoy's slow start,
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
 */
import * as Duration from "effect/Duration"
import * as Checks from "../util/Checks.ts"

/** How the share grows. */
export interface Options {
  /** The share at the beginning, from 0 to 1. Default 0.1. */
  readonly from?: number | undefined
  /** How long until all requests go there again. Default 1 minute. */
  readonly over?: Duration.Input | undefined
}

/** The options with defaults; `over` in milliseconds. */
export interface Ramp {
  readonly from: number
  readonly over: number
}

/** All traffic returns at once. */
export const none: Ramp = { from: 1, over: 0 }

/**
 * Fills in the defaults; `false` means no ramp.
 *
 * @internal
 */
export const make = (options: Options | false = {}): Ramp => {
  if (options !== false) {
    const from = Checks.number("a share from 0 to 1", { least: 0, most: 1 })
    Checks.fields("Ramp.make", options, { from, over: Checks.duration })
  }
  return filled(options)
}

const filled = (options: Options | false): Ramp =>
  options === false
    ? none
    : {
        from: Math.min(1, Math.max(0, options.from ?? 0.1)),
        over: Math.max(0, Duration.toMillis(options.over ?? "1 minute"))
      }

/**
 * The share a number of milliseconds after the recovery, from 0 to 1. It grows linearly.
 *
 * @example
 * import { Ramp } from "effect-failover/upstream"
 *
 * const ramp = Ramp.make({ from: 0.2, over: "40 seconds" })
 * Ramp.share(ramp, 0) // => 0.2
 * Ramp.share(ramp, 10_000) // => 0.4
 * Ramp.share(ramp, 40_000) // => 1
 *
 * @internal
 */
export const share = ({ from, over }: Ramp, elapsed: number): number =>
  elapsed >= over ? 1 : from + (1 - from) * (Math.max(0, elapsed) / over)
