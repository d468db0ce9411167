import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Load from "../../src/config/Load.ts"

const folder = resolve(import.meta.dirname, "../../examples")
const files = readdirSync(folder).filter((file) => file.endsWith(".jsonc"))

describe("the example configs", () => {
  for (const file of files) {
    it.effect(`${file} is valid once its variables are set`, () => {
      const variables = [...readFileSync(join(folder, file), "utf8").matchAll(/"env:(\w+)"/g)].map(
        ([, name]) => [name, `value of ${name}`]
      )
      return Effect.gen(function* () {
        const config = yield* Load.load(join(folder, file))
        assert.isNotEmpty(config.providers)
      }).pipe(
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(Object.fromEntries(variables)))),
        Effect.provide(NodeServices.layer)
      )
    })
  }
})
