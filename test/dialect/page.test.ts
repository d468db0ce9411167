/** docs/dialects.md agrees with the table. */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, expect, it } from "@effect/vitest"
import { defaults } from "../../src/dialect/index.ts"
import { mark, rows } from "./page.ts"

const file = resolve(import.meta.dirname, "../../docs/dialects.md")

describe("docs/dialects.md", () => {
  it("has every row of the table, each rule with its source", async () => {
    const [intro = ""] = readFileSync(file, "utf8").split(mark)
    await expect(`${intro}${mark}\n\n${rows()}\n`).toMatchFileSnapshot(file)
  })

  it("explains every rule", () => {
    const text = readFileSync(file, "utf8")
    const unsaid = Object.keys(defaults.openai).filter((rule) => !text.includes(`\`${rule}\` |`))
    assert.deepStrictEqual(unsaid, [])
  })
})
