/** Sends spans, metrics and the log to an OTLP collector. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Layer from "effect/Layer"
import type * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpLogger from "effect/observability/OtlpLogger"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { OtlpConfig, Signal } from "../../config/GatewayConfig.ts"
import type { RunInfo } from "../../events/FailoverEvent.ts"
import * as Spans from "../../observe/Spans.ts"
import type { Secrets } from "../../redaction/Secrets.ts"
import { usageOf } from "../providers/Metered.ts"
import * as ProviderName from "./ProviderName.ts"

/** The timeout of an export. After it, the exporter drops the batch and pauses for a minute. */
const exportTimeout = "5 seconds"

/** How long a stopping gateway waits for the last export of each kind. */
const flushTimeout: Duration.Input = "2 seconds"

/** The exporters of a collector. */
export interface Telemetry {
  /** Makes spans of events; `undefined` if traces are off. */
  readonly spans: Spans.Spans | undefined
  /** Sends log entries; `undefined` if logs are off. */
  readonly logger: Logger.Logger<unknown, void> | undefined
}

/**
 * Starts the exporters until the scope closes, and flushes them then. A slow or unreachable collector affects
 * nothing: what it does not accept is dropped. `secrets` are redacted from everything that is sent.
 */
export const make = (
  otlp: OtlpConfig,
  secrets: () => Secrets
): Effect.Effect<Telemetry, never, Scope.Scope> =>
  Effect.gen(function* () {
    const base = otlp.endpoint.replace(/\/+$/, "")
    const sends = (signal: Signal) => otlp.signals?.includes(signal) ?? true
    const options = (signal: Signal) => ({
      url: `${base}/v1/${signal}`,
      resource: { serviceName: otlp.serviceName },
      headers: Object.fromEntries(
        Object.entries(otlp.headers).map(([name, value]) => [name, Redacted.value(value)])
      ),
      exportInterval: otlp.interval,
      shutdownTimeout: flushTimeout
    })
    if (sends("metrics")) yield* OtlpMetrics.make(options("metrics"))
    return {
      logger: sends("logs") ? yield* OtlpLogger.make(options("logs")) : undefined,
      spans: sends("traces")
        ? yield* Effect.provideServiceEffect(
            Spans.make({ kind: "server", parentOf, providerName: ProviderName.of, usageOf }),
            Tracer.Tracer,
            OtlpTracer.make(options("traces"))
          )
        : undefined
    }
  }).pipe(Effect.provide(transport(secrets)))

/** Redacts secrets from a batch: a caller may have used one as the name of a model or as a request id. */
const redacted = (request: HttpClientRequest.HttpClientRequest, { text }: Secrets) => {
  const { body } = request
  if (body._tag !== "Uint8Array") return request
  const batch = Buffer.from(body.body).toString()
  const cleaned = text(batch)
  return cleaned === batch ? request : HttpClientRequest.bodyText(request, cleaned, body.contentType)
}

const transport = (secrets: () => Secrets) =>
  Layer.mergeAll(
    OtlpExporter.layerFlusher,
    OtlpSerialization.layerJson,
    Layer.effect(
      HttpClient.HttpClient,
      Effect.map(HttpClient.HttpClient, (client) =>
        HttpClient.transform(
          HttpClient.mapRequest(client, (request) => redacted(request, secrets())),
          (sent, request) =>
            Effect.timeoutOrElse(sent, {
              duration: exportTimeout,
              orElse: () =>
                Effect.fail(
                  new HttpClientError.HttpClientError({
                    reason: new HttpClientError.TransportError({ request, description: "no answer in time" })
                  })
                )
            })
        )
      )
    ).pipe(Layer.provide(FetchHttpClient.layer))
  )

/** The caller's trace is continued. Providers do not get it. */
const parentOf = ({ about }: RunInfo): Tracer.AnySpan | undefined =>
  about?.traceparent === undefined
    ? undefined
    : Option.getOrUndefined(HttpTraceContext.w3c(Headers.fromInput({ traceparent: about.traceparent })))
