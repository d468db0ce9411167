/** The bench in other stores: saved to a file or a `KeyValueStore`, or shared over Redis. */

export * as FileStore from "./FileStore.ts"
export * as PersistedBench from "./PersistedBench.ts"
export * as RedisBench from "./RedisBench.ts"
