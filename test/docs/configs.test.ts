/** The configs in the README and the docs are valid. Parts of configs are tested with the providers that they name. */
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Load from "../../src/config/Load.ts"

const root = resolve(import.meta.dirname, "../..")

/** The blocks of a page that are JSON with comments, except scenarios of `simulate` and files of other programs. */
const blocksOf = (file: string): ReadonlyArray<readonly [line: number, text: string]> => {
  const text = readFileSync(resolve(root, file), "utf8")
  return [...text.matchAll(/^```jsonc?\n([\s\S]*?)^```$/gm)]
    .map((block) => [text.slice(0, block.index).split("\n").length, block[1]!] as const)
    .filter(([, block]) => !/"title"|"npm"/.test(block))
}

const providers =
  '"openai": { "protocol": "openai" }, "anthropic": { "protocol": "anthropic" }, "azure": { "protocol": "openai", "baseUrl": "https://azure.example.com/v1" }'

/** A whole config. A part without providers gets some. */
const whole = (block: string): string => {
  const object = block.trimStart().startsWith("{") ? block : `{ ${block} }`
  return object.includes('"providers"') ? object : object.replace("{", `{ "providers": { ${providers} },`)
}

const withVariables = (text: string) =>
  Layer.merge(
    ConfigProvider.layer(
      ConfigProvider.fromEnvRecord(
        Object.fromEntries([...text.matchAll(/"env:(\w+)"/g)].map(([, name]) => [name, `value of ${name}`]))
      )
    ),
    NodeServices.layer
  )

describe("the configs in the docs", () => {
  const pages = ["README.md", ...globSync("docs/*.md", { cwd: root }).sort()]
  const blocks = pages.flatMap((file) => blocksOf(file).map(([line, text]) => ({ file, line, text })))

  it("are found", () => assert.isAtLeast(blocks.length, 5))

  for (const { file, line, text } of blocks) {
    it.effect(`${file}:${line} is valid`, () =>
      Effect.map(Load.parse(whole(text), { file, folder: root }), (config) => {
        assert.isNotEmpty(config.providers)
      }).pipe(Effect.provide(withVariables(text)))
    )
  }
})
