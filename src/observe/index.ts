/** What can be made of the runtime's events: a record of recent decisions, metrics, and how the last minutes went. */
export * as Decisions from "./Decisions.ts"
export * as Logs from "./Logs.ts"
export * as Metrics from "./Metrics.ts"
export * as Pulse from "./Pulse.ts"
export * as Spans from "./Spans.ts"
export * as Usage from "./Usage.ts"
