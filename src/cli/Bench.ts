/** `effect-failover bench`: what a running gateway keeps on the bench, through its admin API. */
import { userInfo } from "node:os"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type { InvalidRequest, NotBenched, TooManyTries, Unauthorized } from "../gateway/admin/AdminApi.ts"
import * as AdminClient from "../gateway/admin/AdminClient.ts"
import type { Bench } from "../gateway/admin/Wire.ts"
import * as DurationFlag from "./DurationFlag.ts"
import { because, type ExitWith } from "./Exit.ts"
import * as Table from "./Table.ts"

/** Which gateway, and the environment variable that holds its admin token. */
export interface Place {
  readonly url: string
  readonly tokenEnv: string
}

/** For how long and why. */
export interface Rest {
  readonly for: Option.Option<string>
  readonly until: Option.Option<string>
  readonly reason: Option.Option<string>
}

/** Prints everything that rests. */
export const list = (place: Place): Effect.Effect<void, ExitWith> =>
  Effect.gen(function* () {
    const benches = yield* ask(place, (admin) => admin.benches.list())
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(benches.length === 0 ? "nothing rests" : tableOf(benches, now))
  })

/** Puts a key on the bench. */
export const add = (place: Place, key: string, rest: Rest): Effect.Effect<void, ExitWith> =>
  Effect.gen(function* () {
    const end = yield* endOf(rest)
    const reason = Option.getOrUndefined(rest.reason)
    const by = yield* user
    const payload = { key, ...end, ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) }
    const bench = yield* ask(place, (admin) => admin.benches.add({ payload }))
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(
      `${key} rests ${bench.until === undefined ? "until it is removed" : until(bench, now)}`
    )
  })

/** Takes a key off the bench. */
export const remove = (place: Place, key: string): Effect.Effect<void, ExitWith> =>
  Effect.andThen(
    ask(place, (admin) => admin.benches.remove({ params: { key } })),
    Console.log(`${key} is off the bench`)
  )

/** What can go wrong on the way. */
type Trouble =
  | HttpClientError
  | Schema.SchemaError
  | Unauthorized
  | TooManyTries
  | InvalidRequest
  | NotBenched

const ask = <A>(
  place: Place,
  f: (admin: AdminClient.AdminClient) => Effect.Effect<A, Trouble>
): Effect.Effect<A, ExitWith> =>
  Effect.gen(function* () {
    const { tokenEnv, url } = place
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      return yield* because(1, `--url: expected an address such as http://127.0.0.1:8080, got ${url}`)
    }
    const token = yield* Effect.orElseSucceed(Config.option(Config.Redacted(tokenEnv)), () => Option.none())
    if (Option.isNone(token) || Redacted.value(token.value).trim() === "") {
      return yield* because(
        1,
        `the admin token is looked for in the environment variable ${tokenEnv}, which is not set; --token-env names another`
      )
    }
    const admin = yield* AdminClient.make({ url, token: token.value })
    return yield* Effect.catch(f(admin), (trouble) => because(1, told(trouble, place)))
  }).pipe(Effect.provide(FetchHttpClient.layer))

const told = (trouble: Trouble, { tokenEnv, url }: Place): string => {
  switch (trouble._tag) {
    case "Unauthorized":
      return `the gateway at ${url} does not take the token in ${tokenEnv} for its admin token`
    case "InvalidRequest":
    case "NotBenched":
    case "TooManyTries":
      return trouble.message
    case "SchemaError":
      return `what ${url} answered is not understood; is it a gateway of the same version?`
    case "HttpClientError":
      return unanswered(trouble, url)
  }
}

const unanswered = ({ reason, response }: HttpClientError, url: string): string => {
  if (response === undefined) {
    const code = "cause" in reason ? codeOf(reason.cause) : undefined
    return `no gateway answers at ${url}${code === undefined ? "" : `: ${code}`}`
  }
  const { status } = response
  if (status === 404) return `the gateway at ${url} has no admin API: its config needs a server.adminToken`
  return status < 300
    ? `what ${url} answered is not understood; is it a gateway?`
    : `${url} answered with status ${status}`
}

/** The innermost word on it, such as ECONNREFUSED. */
const codeOf = (cause: unknown): string | undefined => {
  if (typeof cause !== "object" || cause === null) return undefined
  const { cause: inner, code } = cause as { readonly cause?: unknown; readonly code?: unknown }
  return codeOf(inner) ?? (typeof code === "string" ? code : undefined)
}

/** The end as the API takes it. */
const endOf = (rest: Rest): Effect.Effect<{ readonly for?: number; readonly until?: number }, ExitWith> => {
  const duration = Option.getOrUndefined(rest.for)
  const moment = Option.getOrUndefined(rest.until)
  if (duration !== undefined && moment !== undefined) return because(1, "say --for or --until, not both")
  if (duration !== undefined)
    return Effect.map(DurationFlag.read("for", duration), (millis) => ({ for: millis }))
  if (moment === undefined) return Effect.succeed({})
  const millis = /^\d{4}-\d{2}-\d{2}/.test(moment) ? Date.parse(moment) : Number.NaN
  return Number.isNaN(millis)
    ? because(1, `--until: expected a date such as 2026-05-01T12:00:00Z, got ${moment}`)
    : Effect.succeed({ until: millis })
}

/** Who runs the command; a container's user may have no name. */
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
      bench.until === undefined ? "removed by hand" : until(bench, now),
      bench.by ?? "",
      bench.evidence ?? ""
    ])
  )

const until = ({ until: end = 0 }: Bench, now: number): string =>
  end <= now ? "its probe has passed" : `${new Date(end).toISOString()} (in ${span(end - now)})`

/** Whole seconds are exact enough for people. */
const span = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  return seconds === 0 ? "0s" : Duration.format(Duration.seconds(seconds))
}
