/**
 * `GET /metrics` in the format of Prometheus.
 *
 * It needs no token, because scrapers seldom have one. It contains names of providers, models and credentials
 * of the config, and no keys, no prompts and no names from clients.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** An effect that answers with the metrics in the `MetricRegistry` of this context. */
export const make: Effect.Effect<Effect.Effect<HttpServerResponse.HttpServerResponse>> = Effect.map(
  Effect.context<never>(),
  (context) =>
    PrometheusMetrics.format().pipe(
      Effect.map((text) => HttpServerResponse.text(text, { contentType })),
      Effect.provideContext(context)
    )
)
