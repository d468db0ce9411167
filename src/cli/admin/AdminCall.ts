/** One call of a running gateway's admin API, as a command makes it. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type { UnknownModel } from "../../failure/RunError.ts"
import type { InvalidRequest, NotBenched, TooManyTries, Unauthorized } from "../../gateway/admin/AdminApi.ts"
import * as AdminClient from "../../gateway/admin/AdminClient.ts"
import { because, type ExitWith } from "../support/Exit.ts"

/** Which gateway, and the environment variable that holds its admin token. */
export interface Place {
  readonly url: string
  readonly tokenEnv: string
}

/** What can go wrong on the way. */
type Trouble =
  | HttpClientError
  | Schema.SchemaError
  | Unauthorized
  | TooManyTries
  | InvalidRequest
  | NotBenched
  | UnknownModel

/** Calls the gateway. Every failure is said on standard error, and ends the command with code 1. */
export const ask = <A>(
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
    case "UnknownModel":
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
