export * as FileStore from "./FileStore.ts"
export * as PersistedBench from "./PersistedBench.ts"
export * as RedisBench from "./RedisBench.ts"
