import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fromDocComments, fromMarkdown, toModule } from "./extract.ts"

const root = resolve(import.meta.dirname, "../..")
const directory = join(root, "node_modules/.cache/examples")
const examples = [...fromDocComments(), ...fromMarkdown()]
const fileOf = (index: number) => join(directory, `example${index}.ts`)

rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
for (const [index, example] of examples.entries()) writeFileSync(fileOf(index), toModule(example, directory))
const options = { noUnusedLocals: false, noUnusedParameters: false }
writeFileSync(
  join(directory, "tsconfig.json"),
  JSON.stringify({
    extends: join(root, "tsconfig.json"),
    compilerOptions: options,
    include: ["."],
    exclude: []
  })
)

/** The compiler's errors, located in the example instead of in its file. */
const compile = (): string => {
  try {
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", directory], {
      cwd: directory
    })
    return ""
  } catch (error) {
    const said = String((error as { readonly stdout?: unknown }).stdout)
    return said.replace(/^example(\d+)\.ts/gm, (_, index) => examples[Number(index)]?.at ?? "")
  }
}

describe("the examples", () => {
  it("are found in doc comments and in the README", () => {
    assert.isAbove(fromDocComments().length, 10)
    assert.isAbove(fromMarkdown().length, 1)
  })

  it("compile", () => assert.strictEqual(compile(), ""), 900_000)

  it.each(examples.map(({ at }, index) => ({ at, index })))("do what they say at $at", async ({ index }) => {
    await import(/* @vite-ignore */ fileOf(index))
  })
})
