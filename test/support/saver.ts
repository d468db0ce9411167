/** A process that keeps saving new benches in the folder of its argument until it is killed. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as FileStore from "../../src/health/stores/FileStore.ts"

const files = FileStore.layer(process.argv[2] ?? "").pipe(
  Layer.provide([NodeFileSystem.layer, NodePath.layer])
)

Effect.gen(function* () {
  const store = yield* KeyValueStore.KeyValueStore
  process.stdout.write("ready\n")
  for (let round = 0; ; round++) {
    const keys = Array.from({ length: 200 + (round % 7) * 1_000 }, (_, i) => [`key-${i}`, round] as const)
    yield* store.set("bench.json", JSON.stringify({ round, ...Object.fromEntries(keys), end: round }))
  }
}).pipe(Effect.provide(files), Effect.runFork)
