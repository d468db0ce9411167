/** `effect-failover bench`: lists and changes the bench of a running gateway, through its admin API. */
import { userInfo } from "node:os"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Bench } from "../../gateway/admin/Wire.ts"
import * as DurationFlag from "../support/DurationFlag.ts"
import { because, type ExitWith } from "../support/Exit.ts"
import { span } from "../support/Span.ts"
import * as Table from "../support/Table.ts"
import { call, type GatewayAddress } from "./AdminCall.ts"

/** How long to bench a key, and why. */
export interface BenchOptions {
  readonly for: Option.Option<string>
  readonly until: Option.Option<string>
  readonly reason: Option.Option<string>
}

/** Prints everything that is benched. */
export const list = (gateway: GatewayAddress): Effect.Effect<void, ExitWith> =>
  Effect.gen(function* () {
    const benches = yield* call(gateway, (admin) => admin.benches.list())
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(benches.length === 0 ? "nothing is benched" : tableOf(benches, now))
  })

/** Benches a key. */
export const add = (
  gateway: GatewayAddress,
  key: string,
  rest: BenchOptions
): Effect.Effect<void, ExitWith> =>
  Effect.gen(function* () {
    const end = yield* endOf(rest)
    const reason = Option.getOrUndefined(rest.reason)
    const by = yield* user
    const payload = { key, ...end, ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) }
    const bench = yield* call(gateway, (admin) => admin.benches.add({ payload }))
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(
      `${key} is benched ${bench.until === undefined ? "until it is removed" : until(bench, now)}`
    )
  })

/** Unbenches a key. */
export const remove = (gateway: GatewayAddress, key: string): Effect.Effect<void, ExitWith> =>
  Effect.andThen(
    call(gateway, (admin) => admin.benches.remove({ params: { key } })),
    Console.log(`${key} is unbenched`)
  )

/** The end in the form of the API. */
const endOf = (
  rest: BenchOptions
): Effect.Effect<{ readonly for?: number; readonly until?: number }, ExitWith> => {
  const duration = Option.getOrUndefined(rest.for)
  const moment = Option.getOrUndefined(rest.until)
  if (duration !== undefined && moment !== undefined) return because(1, "use --for or --until, not both")
  if (duration !== undefined)
    return Effect.map(DurationFlag.read("for", duration), (millis) => ({ for: millis }))
  if (moment === undefined) return Effect.succeed({})
  const millis = /^\d{4}-\d{2}-\d{2}/.test(moment) ? Date.parse(moment) : Number.NaN
  return Number.isNaN(millis)
    ? because(1, `--until: expected a date such as 2026-05-01T12:00:00Z, got ${moment}`)
    : Effect.succeed({ until: millis })
}

/** The user that runs the command; in a container it may have no name. */
const user: Effect.Effect<string | undefined> = Effect.orElseSucceed(
  Effect.try(() => userInfo().username.slice(0, 100)),
  () => undefined
)

const tableOf = (benches: ReadonlyArray<Bench>, now: number): string =>
  Table.format(
    ["KEY", "STATE", "REASON", "SINCE", "UNTIL", "BY", "EVIDENCE"],
    benches.map((bench) => [
      bench.key,
      bench.status,
      bench.reason ?? "",
      bench.since === undefined ? "" : `${span(now - bench.since)} ago`,
      bench.until === undefined ? "until removed" : until(bench, now),
      bench.by ?? "",
      bench.evidence ?? ""
    ])
  )

const until = ({ until: end = 0 }: Bench, now: number): string =>
  end <= now ? "over" : `${new Date(end).toISOString()} (in ${span(end - now)})`
