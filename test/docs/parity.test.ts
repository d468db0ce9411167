/** The table of parity and the tests that it names agree. */
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Policy } from "../../src/index.ts"

const root = resolve(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(resolve(root, file), "utf8")

const page = read("docs/parity.md")

/** The cells of every row of the page's tables, without the header rows. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (ability|---) /.test(line))
  .map((line) => line.replace(/^\| | \|$/g, "").split(" | "))

/** The names of the tests in a file. */
const namesIn = (file: string): ReadonlyArray<string> =>
  Array.from(read(file).matchAll(/\b(?:test|it|it\.effect|it\.live)\(\s*"((?:[^"\\]|\\.)+)"/g), (match) =>
    JSON.parse(`"${match[1]}"`)
  )

const inParity = globSync("test/parity/*.test.ts", { cwd: root }).flatMap(namesIn)
const everywhere = globSync("test/**/*.test.ts", { cwd: root }).flatMap(namesIn)

describe("the table of parity", () => {
  it("has three cells in every row, and none is empty", () => {
    assert.isAbove(rows.length, 80)
    assert.deepStrictEqual(
      rows.filter((cells) => cells.length !== 3 || cells.some((cell) => cell.trim() === "")),
      []
    )
  })

  it("names in every row a test that exists exactly once", () => {
    const wrong = rows
      .map(([, , name]) => name!)
      .filter((name) => !inParity.includes(name) || everywhere.filter((other) => other === name).length !== 1)
    assert.deepStrictEqual(wrong, [])
  })

  it("has exactly one row for every test of parity", () => {
    const named = rows.map(([, , name]) => name)
    assert.deepStrictEqual(
      inParity.filter((name) => named.filter((other) => other === name).length !== 1),
      []
    )
  })

  it("names every preset", () => {
    const unnamed = Policy.presetNames.filter((name) => !page.includes(`Policy.${name}`))
    assert.deepStrictEqual(unnamed, [])
  })
})
