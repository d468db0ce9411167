/** What can be made of the runtime's events: a record of recent decisions, and metrics. */
export * as Decisions from "./Decisions.ts"
export * as Metrics from "./Metrics.ts"
