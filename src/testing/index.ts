/** What tests of failover need: for ours, and for those of applications built on it. */
export * as Scripted from "./Scripted.ts"
export * as StrictServer from "./strict/index.ts"
export * as VirtualTime from "./VirtualTime.ts"
