import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Load from "../../src/config/Load.ts"

const folder = resolve(import.meta.dirname, "../../examples")
const files = readdirSync(folder).filter((file) => file.endsWith(".jsonc"))

/** The parsed config, with a value for every variable in the text. */
const withVariables = (text: string) => {
  const variables = [...text.matchAll(/"env:(\w+)"/g)].map(([, name]) => [name, `value of ${name}`])
  return Layer.merge(
    ConfigProvider.layer(ConfigProvider.fromEnvRecord(Object.fromEntries(variables))),
    NodeServices.layer
  )
}

describe("the example configs", () => {
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8")
    it.effect(`${file} is valid once its variables are set`, () =>
      Effect.gen(function* () {
        const config = yield* Load.load(join(folder, file))
        assert.isNotEmpty(config.providers)
      }).pipe(Effect.provide(withVariables(text)))
    )

    const everything = text.replace(/^(\s*)\/\/ (\s*["}].*)$/gm, "$1$2")
    if (everything === text) continue
    it.effect(`${file} is valid with what is commented out in it`, () =>
      Effect.map(Load.parse(everything, { file, folder }), (config) => {
        assert.isNotEmpty(config.providers)
      }).pipe(Effect.provide(withVariables(everything)))
    )
  }
})
