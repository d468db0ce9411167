/**
 * `GET /metrics`, as Prometheus reads it.
 *
 * It asks for no token, because scrapers seldom have one. It holds the names of providers, models and credentials of
 * the config, and no key, no prompt and nothing that clients can name.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** An effect that answers with what has been counted in the `MetricRegistry` of this context. */
export const make: Effect.Effect<Effect.Effect<HttpServerResponse.HttpServerResponse>> = Effect.map(
  Effect.context<never>(),
  (context) =>
    PrometheusMetrics.format().pipe(
      Effect.map((text) => HttpServerResponse.text(text, { contentType })),
      Effect.provideContext(context)
    )
)
