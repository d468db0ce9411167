/** The API reference agrees with the sources. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { folder, generate, type Reference } from "./reference.ts"

describe("the API reference", () => {
  let reference: Reference | undefined
  const made = () => (reference ??= generate())

  it("finds a doc comment on every export", () => {
    assert.deepStrictEqual(made().undocumented, [])
  }, 600_000)

  it("shows names, and no paths of files", () => {
    const paths = [...made().pages].flatMap(([file, page]) =>
      page
        .split("\n")
        .filter((line) => line.includes('import("'))
        .map((line) => `${file}: ${line.trim()}`)
    )
    assert.deepStrictEqual(paths, [])
  }, 600_000)

  it("is up to date; if not, npm run docs", () => {
    const pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => file.replaceAll("\\", "/"))
    assert.sameMembers(pages, [...made().pages.keys()])
    const stale = pages.filter((file) => made().pages.get(file) !== readFileSync(join(folder, file), "utf8"))
    assert.deepStrictEqual(stale, [])
  }, 600_000)
})
