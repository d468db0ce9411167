/** Calls the admin API of a running gateway for a command. */
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

/** The URL of a gateway, and the environment variable with its admin token. */
export interface GatewayAddress {
  readonly url: string
  readonly tokenEnv: string
}

/** The errors of a call. */
type CallError =
  | HttpClientError
  | Schema.SchemaError
  | Unauthorized
  | TooManyTries
  | InvalidRequest
  | NotBenched
  | UnknownModel

/** Calls the gateway. Failures go to standard error, and end the command with code 1. */
export const call = <A>(
  gateway: GatewayAddress,
  f: (admin: AdminClient.AdminClient) => Effect.Effect<A, CallError>
): Effect.Effect<A, ExitWith> =>
  Effect.gen(function* () {
    const { tokenEnv, url } = gateway
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      return yield* because(1, `--url: expected an address such as http://127.0.0.1:8080, got ${url}`)
    }
    const token = yield* Effect.orElseSucceed(Config.option(Config.Redacted(tokenEnv)), () => Option.none())
    if (Option.isNone(token) || Redacted.value(token.value).trim() === "") {
      return yield* because(
        1,
        `the environment variable ${tokenEnv} for the admin token is not set; --token-env names another`
      )
    }
    const admin = yield* AdminClient.make({ url, token: token.value })
    return yield* Effect.catch(f(admin), (error) => because(1, messageOf(error, gateway)))
  }).pipe(Effect.provide(FetchHttpClient.layer))

const messageOf = (error: CallError, { tokenEnv, url }: GatewayAddress): string => {
  switch (error._tag) {
    case "Unauthorized":
      return `the gateway at ${url} does not accept the token in ${tokenEnv}`
    case "InvalidRequest":
    case "NotBenched":
    case "TooManyTries":
    case "UnknownModel":
      return error.message
    case "SchemaError":
      return `the answer of ${url} is invalid; is it a gateway of the same version?`
    case "HttpClientError":
      return unreachable(error, url)
  }
}

const unreachable = ({ reason, response }: HttpClientError, url: string): string => {
  if (response === undefined) {
    const code = "cause" in reason ? codeOf(reason.cause) : undefined
    return `no gateway is reachable at ${url}${code === undefined ? "" : `: ${code}`}`
  }
  const { status } = response
  if (status === 404) return `the gateway at ${url} has no admin API: its config needs a server.adminToken`
  return status < 300
    ? `the answer of ${url} is invalid; is it a gateway?`
    : `${url} returned status ${status}`
}

/** The innermost error code, such as ECONNREFUSED. */
const codeOf = (cause: unknown): string | undefined => {
  if (typeof cause !== "object" || cause === null) return undefined
  const { cause: inner, code } = cause as { readonly cause?: unknown; readonly code?: unknown }
  return codeOf(inner) ?? (typeof code === "string" ? code : undefined)
}
