/** How the folders of src may lean on each other, and on what of Effect the innermost one may. */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../..")
const src = join(root, "src")

/** The folders a folder may import from, besides itself. */
const below: Record<string, ReadonlyArray<string>> = {
  core: [],
  words: [],
  choice: [],
  classifier: ["core", "words"],
  testing: ["core", "providers"],
  observe: ["core"],
  dialect: ["words"],
  translate: ["dialect", "words"],
  upstream: ["core"],
  bench: ["core"],
  limits: ["core"],
  providers: ["core", "classifier", "words"],
  ai: ["core", "classifier", "dialect", "providers", "translate", "testing"],
  config: ["core", "classifier", "dialect", "providers", "testing"],
  gateway: [
    "core",
    "classifier",
    "providers",
    "testing",
    "observe",
    "config",
    "dialect",
    "translate",
    "bench",
    "limits",
    "words"
  ],
  simulator: ["core", "providers", "config", "gateway"],
  cli: ["core", "classifier", "providers", "testing", "observe", "upstream", "config", "gateway", "simulator"]
}

interface Import {
  readonly file: string
  readonly from: string
}

const code = (file: string) => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(src, file))

const imports: ReadonlyArray<Import> = files.flatMap((file) =>
  [...code(file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map((match) => ({
    file,
    from: match[1]!
  }))
)

const folderOf = (file: string) => {
  const [first, ...rest] = relative(src, file).split("/")
  return rest.length === 0 ? "." : first!
}

const show = ({ file, from }: Import) => `${relative(root, file)} imports ${from}`

describe("the folders of src", () => {
  it("point down only", () => {
    const wrong = imports.filter(({ file, from }) => {
      if (!from.startsWith(".")) return false
      const [here, there] = [folderOf(file), folderOf(resolve(file, "..", from))]
      return here !== there && !(here === "." ? ["core"] : (below[here] ?? [])).includes(there)
    })
    assert.deepStrictEqual(wrong.map(show), [])
  })

  it("all have their place among the layers", () => {
    const unknown = new Set(files.map(folderOf).filter((folder) => folder !== "." && !(folder in below)))
    assert.deepStrictEqual([...unknown], [])
  })

  it("import each module of Effect by its own path", () => {
    assert.deepStrictEqual(imports.filter(({ from }) => from === "effect").map(show), [])
  })
})

/** The stability tag of a module of Effect, and of each of its exports that has one of its own. */
const tagsOf = (specifier: string) => {
  const text = readFileSync(
    join(root, "node_modules", `${specifier.replace("effect/", "effect/src/")}.ts`),
    "utf8"
  )
  const tag = (comment: string) => /@stability (\w+)/.exec(comment)?.[1]
  const comment = String.raw`\/\*\*((?:(?!\*\/)[\s\S])*)\*\/`
  const declared = new RegExp(
    String.raw`${comment}\s*(?:export (?:declare )?(?:abstract )?\w+ |\w+ as )(\w+)`,
    "g"
  )
  return {
    module: tag(text),
    members: new Map([...text.matchAll(declared)].map((match) => [match[2]!, tag(match[1]!)]))
  }
}

describe("core", () => {
  const effects = imports.filter(({ file, from }) => folderOf(file) === "core" && from.startsWith("effect"))

  it("knows nothing outside of Effect", () => {
    const outside = imports.filter(
      ({ file, from }) => folderOf(file) === "core" && !from.startsWith("effect/") && !from.startsWith(".")
    )
    assert.deepStrictEqual(outside.map(show), [])
  })

  it("uses only modules of Effect that are stable", () => {
    assert.isAbove(effects.length, 20)
    assert.deepStrictEqual(effects.filter(({ from }) => tagsOf(from).module !== "stable").map(show), [])
  })

  it("uses nothing in them that is not stable", () => {
    const checked: Array<string> = []
    const wrong: Array<string> = []
    for (const { file, from } of effects) {
      const alias = new RegExp(String.raw`\* as (\w+) from "${from}"`).exec(code(file))?.[1]
      if (alias === undefined) continue
      const { members } = tagsOf(from)
      for (const [, member] of code(file).matchAll(new RegExp(String.raw`\b${alias}\.(\w+)`, "g"))) {
        const tag = members.get(member!)
        if (tag === undefined) continue
        checked.push(member!)
        if (tag !== "stable") wrong.push(`${relative(root, file)} uses ${from}.${member} (${tag})`)
      }
    }
    assert.isAbove(checked.length, 100)
    assert.deepStrictEqual(wrong, [])
  })
})
