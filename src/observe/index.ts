/**
 * Observability from the runtime's events: recent decisions, metrics, spans, logs, and the traffic of the last
 * minutes.
 */
export * as Decisions from "./Decisions.ts"
export * as Logs from "./Logs.ts"
export * as Metrics from "./Metrics.ts"
export * as RecentTraffic from "./RecentTraffic.ts"
export * as Spans from "./Spans.ts"
export * as Usage from "./Usage.ts"
