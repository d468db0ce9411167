/** When a request that gets no answer is sent to a second target as well, and how often that may happen. */
import * as Duration from "effect/Duration"
import type { RecentTimes } from "../choice/RecentTimes.ts"
import * as Checks from "../util/Checks.ts"

/** A percentile of a target's own latest times, such as `"p95"`. */
export type Percentile = `p${number}`

/** Which target a hedge may call: the next one of the same tier, or with `"chain"` also one of a later tier. */
export type HedgeTo = "tier" | "chain"

/** Options for hedges. Absent fields keep their value; the defaults are stated at each field. */
export interface HedgeOptions {
  /**
   * How long the first attempt may take until its first content, or without a stream until its answer, before the next
   * target is called as well: a length of time, or a percentile of the target's own latest 128 times, such as `"p95"`.
   * Default `"p95"`.
   */
  readonly after?: Duration.Input | Percentile | undefined
  /** The delay while fewer than 20 times are known, for a percentile. Default: no hedge until then. */
  readonly otherwise?: Duration.Input | undefined
  /** The share of requests that may be hedged in the long run, 0 to 1. Default 0.05. */
  readonly share?: number | undefined
  /** `"tier"` (default): the next target of the same tier. `"chain"`: also the next model of the chain. */
  readonly to?: HedgeTo | undefined
}

/** When requests are hedged. Times are milliseconds. */
export interface HedgeSettings {
  /** A delay, or the share (0 to 1) of the target's latest times that come sooner. */
  readonly after: number | { readonly percentile: number }
  /** The delay while too few times are known; `undefined` for no hedge. */
  readonly otherwise: number | undefined
  readonly share: number
  readonly to: HedgeTo
}

/** The settings for `hedge: {}`. */
export const defaults: HedgeSettings = {
  after: { percentile: 0.95 },
  otherwise: undefined,
  share: 0.05,
  to: "tier"
}

/** Merges options into settings; `false` disables hedges. */
export const extend = (
  settings: HedgeSettings | undefined,
  options: HedgeOptions | false | undefined
): HedgeSettings | undefined => {
  if (options === undefined) return settings
  if (options === false) return undefined
  const from = settings ?? defaults
  return {
    after: options.after === undefined ? from.after : afterOf(options.after),
    otherwise: options.otherwise === undefined ? from.otherwise : Duration.toMillis(options.otherwise),
    share: options.share ?? from.share,
    to: options.to ?? from.to
  }
}

/** The delay for a target with these times, in milliseconds; `undefined` for no hedge. */
export const delayOf = ({ after, otherwise }: HedgeSettings, times: () => RecentTimes): number | undefined =>
  typeof after === "number" ? after : (times().percentile(after.percentile) ?? otherwise)

const afterOf = (after: NonNullable<HedgeOptions["after"]>): HedgeSettings["after"] =>
  isPercentile(after)
    ? { percentile: Number(after.slice(1)) / 100 }
    : Duration.toMillis(after as Duration.Input)

const isPercentile = (after: unknown): after is Percentile =>
  typeof after === "string" && /^p\d+(\.\d+)?$/.test(after)

const after: Checks.Check = (value) => {
  if (!isPercentile(value)) {
    const wrong = Checks.duration(value)
    return wrong === undefined ? undefined : `${wrong}, or a percentile such as "p95"`
  }
  const percent = Number(value.slice(1))
  return percent > 0 && percent < 100
    ? undefined
    : `is ${JSON.stringify(value)}; a percentile has to be above p0 and below p100`
}

/** The checks of the options. */
export const checks: { readonly [K in keyof HedgeOptions]-?: Checks.Check } = {
  after,
  otherwise: Checks.duration,
  share: Checks.number("a share from 0 to 1", { least: 0, most: 1 }),
  to: Checks.oneOf(["tier", "chain"])
}

/** The fields with a delay that is not below a timeout, so that no hedge would start. */
export const tooLate = (
  { after, otherwise }: HedgeOptions,
  firstContent: number
): ReadonlyArray<"after" | "otherwise"> => {
  const isLate = (delay: HedgeOptions["after"]) =>
    delay !== undefined && !isPercentile(delay) && Duration.toMillis(delay as Duration.Input) >= firstContent
  return [
    ...(isLate(after) ? (["after"] as const) : []),
    ...(isLate(otherwise) ? (["otherwise"] as const) : [])
  ]
}
