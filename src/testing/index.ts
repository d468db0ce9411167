/** Test helpers for failover, for this package and for applications built on it. */
export * as Scripted from "./Scripted.ts"
export * as StrictServer from "./strict/index.ts"
export * as VirtualTime from "./VirtualTime.ts"
