/** Files for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A new folder. It is removed with the scope, with all its content. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-failover-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The path of a config file with this content: a string as it is, anything else as JSON. */
export const configFile = (content: unknown): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(folder, (place) => {
    const path = join(place, "gateway.jsonc")
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, null, 2))
    return path
  })
