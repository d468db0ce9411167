export * as PersistedBench from "./PersistedBench.ts"
export * as RedisBench from "./RedisBench.ts"
