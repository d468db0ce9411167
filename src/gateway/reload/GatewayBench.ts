/** The bench of a gateway in the configured store, and the limits of its credentials. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Redis from "effect/persistence/Redis"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as BenchStore from "../../config/file/BenchStore.ts"
import { BenchRegistry, layerMemory } from "../../health/BenchRegistry.ts"
import * as SharedLimits from "../../health/limits/SharedLimits.ts"
import * as CurrentRedis from "../../health/stores/CurrentRedis.ts"
import * as FileStore from "../../health/stores/FileStore.ts"
import * as PersistedBench from "../../health/stores/PersistedBench.ts"
import * as PlainRedis from "../../health/stores/PlainRedis.ts"
import * as RedisBench from "../../health/stores/RedisBench.ts"
import * as RedisSupport from "../../health/stores/RedisSupport.ts"
import * as Scripts from "../../health/stores/Scripts.ts"
import { GatewayLimits } from "./GatewayLimits.ts"

/**
 * The bench cannot be kept in the configured store. The message has the reason.
 *
 * @category errors
 */
export class UnusableStore extends Schema.TaggedError<UnusableStore>()("UnusableStore", {
  store: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `the bench cannot be kept in ${this.store}: ${this.why}`
  }
}

/**
 * The registry and the limits of credentials. With Redis, replicas share both over one connection.
 *
 * An unreachable Redis is not an error: the gateway works without it until it is reachable. A Redis that can
 * never keep a bench is an error: a wrong password, a read-only replica, a Sentinel.
 */
export const layer = (
  store: BenchStore.BenchStore
): Layer.Layer<BenchRegistry | GatewayLimits, UnusableStore> => {
  switch (store._tag) {
    case "Memory":
      return Layer.merge(layerMemory, GatewayLimits.layerMemory)
    case "File":
      return Layer.merge(inFile(store), GatewayLimits.layerMemory)
    case "Redis":
      return Layer.effectContext(inRedis(store))
  }
}

const inRedis = Effect.fnUntraced(function* (store: Extract<BenchStore.BenchStore, { _tag: "Redis" }>) {
  const open = yield* connection(store)
  const { prefix } = store
  const names = Scripts.names(prefix ?? RedisBench.defaultPrefix)
  const current = open(store.url, names.entries)
  const why = yield* RedisSupport.whyUnsupported(current, names, PlainRedis.whyNot(store.url))
  if (why !== undefined) return yield* unusable(store, why)
  const { connect, redis } = CurrentRedis.make(current)
  const registry = yield* RedisBench.make(connect, { prefix })
  const limits = yield* Effect.provideService(SharedLimits.make({ prefix }), Redis.Redis, redis)
  return Context.make(BenchRegistry, registry).pipe(Context.add(GatewayLimits, limits))
})

const inFile = (store: Extract<BenchStore.BenchStore, { _tag: "File" }>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const path = yield* Path.Path
      const fs = yield* FileSystem.FileSystem
      const folder = path.dirname(store.path)
      yield* fs.makeDirectory(folder, { recursive: true })
      yield* fs.access(folder, { writable: true })
      const type = yield* fs.stat(store.path).pipe(
        Effect.map(({ type }) => type),
        Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed("File" as const))
      )
      if (type === "Directory") return yield* unusable(store, "this is a folder; name a file in it")
      // A pipe would be read without an end, and a device such as /dev/zero until the memory is full.
      if (type !== "File") return yield* unusable(store, "this is not a regular file; name another one")
      const files = FileStore.layer(folder)
      return PersistedBench.layer({ key: path.basename(store.path) }).pipe(Layer.provide(files))
    })
  ).pipe(
    Layer.catch((error) =>
      Layer.effect(
        BenchRegistry,
        Effect.fail(error._tag === "UnusableStore" ? error : unusable(store, whyNot(error)))
      )
    ),
    Layer.provide([NodeFileSystem.layer, NodePath.layer])
  )

/** Why a file cannot be written there, with what the system said. */
const whyNot = ({ message, reason }: PlatformError): string => {
  const said = reason._tag === "BadArgument" ? undefined : reason.cause
  const text = said instanceof Error ? said.message : message
  for (const [code, why] of causes) if (text.includes(code)) return `${why} (${text})`
  return text
}

const causes = [
  ["EROFS", "its disk is mounted read-only"],
  ["EACCES", "this process may not write there"],
  ["ELOOP", "its symbolic links lead in a circle"],
  ["ENOSPC", "its disk is full"]
] as const

/** The client is an optional package, so it is loaded only if it is used. */
const connection = (store: BenchStore.BenchStore) =>
  Effect.map(
    Effect.tryPromise({
      try: () => import("../../health/stores/NodeConnection.ts"),
      catch: () => unusable(store, "the package redis is not installed; run `npm install redis`")
    }),
    ({ connect }) =>
      (url: Redacted.Redacted, key: string) =>
        connect(url, key)
  )

const unusable = (store: BenchStore.BenchStore, why: string) =>
  new UnusableStore({ store: BenchStore.format(store), why })
