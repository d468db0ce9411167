/** The typed client of the admin API. */
import type * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import type * as Redacted from "effect/Redacted"
import { AdminApi } from "./AdminApi.ts"

/** The endpoints of the admin API, as typed functions. */
export type AdminClient = HttpApiClient.ForApi<typeof AdminApi>

/**
 * A client for the gateway at a URL, such as `http://127.0.0.1:8080`.
 *
 * @example
 * import { AdminClient } from "effect-failover/gateway"
 * import { Effect, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const program = Effect.gen(function* () {
 *   const admin = yield* AdminClient.make({ url: "http://127.0.0.1:8080", token: Redacted.make("secret") })
 *   yield* admin.benches.add({ payload: { key: "openai#backup", reason: "rotating the key" } })
 *   return yield* admin.insight.explain({ query: { model: "smart" } })
 * })
 * program.pipe(Effect.provide(FetchHttpClient.layer))
 */
export const make = (options: {
  readonly url: string | URL
  readonly token: Redacted.Redacted
}): Effect.Effect<AdminClient, never, HttpClient.HttpClient> =>
  HttpApiClient.make(AdminApi, {
    baseUrl: String(options.url).replace(/\/+$/, ""),
    transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(options.token))
  })
