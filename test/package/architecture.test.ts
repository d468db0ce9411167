/** The structure of src: which folder may import which, the size of files and folders, and retired words. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../..")
const src = join(root, "src")

/** The folders of src from the lowest to the highest. A file imports from its own folder and from lower ones, types included. */
const layers = [
  // The engine: it is independent of HTTP, of bodies and of Redis.
  "time",
  "util",
  "capacity",
  "choice",
  "failure",
  "policy",
  "domain",
  "catalog",
  "callers",
  "health/state",
  "health",
  "events",
  "stream",
  "candidates/queue",
  "candidates",
  "engine/failures",
  "engine/run",
  "engine",
  // Extensions that replace parts of the engine, or use only the engine.
  "health/stores",
  "health/limits",
  "checks",
  "router",
  "observe",
  // Providers: their responses, and how they are called.
  "words",
  "redaction",
  "classifier/sentences",
  "classifier/signals",
  "classifier/body",
  "classifier",
  "providers/bytes",
  "providers/wire",
  "providers/forms",
  "providers/protocols",
  "providers/transport",
  "providers/answers",
  "providers",
  // From one protocol to another.
  "dialect/rules",
  "dialect/rows",
  "dialect",
  "translate/common",
  "translate/fit",
  "translate/carry",
  "translate/protocol",
  "translate/anthropic",
  "translate/openai/parts",
  "translate/openai",
  "translate/responses",
  "translate",
  // Modules for users' tests, and for effect/ai.
  "testing/strict",
  "testing",
  "ai/calls",
  "ai/wire",
  "ai",
  // The gateway, the simulator and the command line.
  "config/file",
  "config",
  "gateway/http",
  "gateway/server",
  "gateway/providers",
  "gateway/request",
  "gateway/reload",
  "gateway/observe",
  "gateway/admin",
  "gateway/status",
  "gateway/socket",
  "gateway",
  "simulator/faults",
  "simulator/replay",
  "simulator/scenario",
  "simulator/time",
  "simulator/world",
  "simulator/callers",
  "simulator/report",
  "simulator",
  "simulator/defaults",
  "cli/support",
  "cli/admin",
  "cli/simulate",
  "cli/simulate/page",
  "cli/simulated",
  "cli/live",
  "cli/demo",
  "cli",
  "."
]

/** The folders that make up the engine. They use only the stable parts of Effect. */
const engine = new Set(layers.slice(0, layers.indexOf("engine") + 1))

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

const folderOf = (file: string) => relative(src, dirname(file)) || "."

const show = ({ file, from }: Import) => `${relative(root, file)} imports ${from}`

/** The files that import each other in a cycle, if there are any. */
const circles = (): ReadonlyArray<string> => {
  const edges = new Map(files.map((file) => [file, [] as Array<string>]))
  for (const { file, from } of imports) {
    const other = resolve(file, "..", from)
    if (from.startsWith(".") && other !== file) edges.get(file)!.push(other)
  }
  const found: Array<string> = []
  const done = new Set<string>()
  const visit = (file: string, path: ReadonlyArray<string>): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      found.push([...path.slice(at), file].map((one) => relative(src, one)).join(" → "))
      return
    }
    if (done.has(file)) return
    for (const other of edges.get(file) ?? []) visit(other, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return found
}

describe("the folders of src", () => {
  it("import lower folders only", () => {
    const wrong = imports.filter(({ file, from }) => {
      if (!from.startsWith(".")) return false
      const [here, there] = [folderOf(file), folderOf(resolve(file, "..", from))]
      return here !== there && layers.indexOf(there) > layers.indexOf(here)
    })
    assert.deepStrictEqual(wrong.map(show), [])
  })

  it("are all in the list of layers, and every layer is a folder", () => {
    assert.deepStrictEqual([...new Set(files.map(folderOf))].sort(), [...layers].sort())
  })

  it("have no files that import each other in a circle", () => {
    assert.deepStrictEqual(circles(), [])
  })

  it("have at most 15 files each", () => {
    const counts = new Map<string, number>()
    for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) counts.set(entry.parentPath, (counts.get(entry.parentPath) ?? 0) + 1)
    }
    const large = [...counts].filter(([, count]) => count > 15)
    assert.deepStrictEqual(
      large.map(([folder, count]) => `${relative(root, folder)} has ${count} files`),
      []
    )
  })

  it("import each module of Effect by its own path", () => {
    assert.deepStrictEqual(imports.filter(({ from }) => from === "effect").map(show), [])
  })
})

/** The most lines in a file of src. Most files have 40 to 150 lines, and one idea each. */
const maxLines = 400

describe("the files of src", () => {
  it(`have at most ${maxLines} lines`, () => {
    const long = files
      .map((file) => ({
        file: relative(src, file),
        lines: readFileSync(file, "utf8").trimEnd().split("\n").length
      }))
      .filter(({ lines }) => lines > maxLines)
    assert.deepStrictEqual(long, [])
  })
})

/**
 * Words that the project does not use any more, and what to write instead. The glossary is in docs/concepts.md.
 */
const retired: ReadonlyArray<readonly [word: RegExp, instead: string]> = [
  [/\bafterword\b/i, "usage after the last content"],
  [/\bout of the game\b/i, "out of rotation"],
  [/\bhands full\b/i, "too many requests in flight"],
  [/\bholds? up nobody\b/i, "does not block"],
  [/\brests? nobody\b/i, "benches nothing"],
  [/\bnobody\b/i, "say what does not happen, and to what"],
  [/\bsliver\b/i, "rounded"],
  [/\bpatience\b/i, "maxWait, or a timeout"],
  [/["`]Silent["`]/, "Timeout"],
  [/["`]hits["`]|\.hits\b/, "consecutiveBenches"],
  // undici's own class has this name.
  [/(?<!undici\.)\b(?:Member)?Pool(?:Of)?\b/, "Backend"],
  [
    /\b(?:Onlookers|OwnThoughts|OwnLimits|KeptBench|KeptLimits|ReloadTold|UndiciUpstream)\b/,
    "the names in docs/design.md"
  ],
  [/\bblot(?:s|ted)?\b/i, "redact"],
  [/\bpass(?:ed|es|ing)? by\b/i, "skip"],
  [/\b(?:is|are|gets?) told\b/i, "gets, receives"],
  [/\blast resort\b/i, "last attempt"],
  [/\bTail(?:Error|Options)\b/, "CommittedStream"],
  [/\bhears\b/i, "receives"],
  [/\bspeaks? (?:about|of)\b/i, "is evidence against, concerns"],
  [/\bsigns? of life\b/i, "keep-alive"],
  [/\blast word\b/i, "last failure, final event"],
  [/\bwhoever\b/i, "name the subject"],
  [/\bwhose word\b/i, "name the subject"],
  [/\bhas no words?\b/i, "cannot express"],
  [/\bhangs? up on\b/i, "disconnects"],
  [/\bputs? right\b/i, "corrects"],
  [/\bfor ever\b/i, "always, forever"],
  [/\banew\b/i, "again"],
  [/\blaid over\b|\blays? \w+ over\b/i, "merged, overrides"],
  [/\bas people write\b/i, "options"],
  [/\bin vain\b/i, "without success"],
  [/\bcount as the same\b/i, "equal, equally good"],
  [/\bsomebody\b/i, "name the subject"],
  [/\bheeded\b/i, "without type checks"],
  [/(?<!socket )\b(?:hung|hangs?) up\b/i, "disconnects"],
  [/\brests (?:for|until|on|at)\b|\bbenched? rests\b/i, "is benched"],
  [/\bleads? nowhere\b/i, "unknown"],
  [/\bResting\b|\bisResting\b/, "Benched, isBenched"],
  [/\bLastTries\b/, "NoTargetLeft"],
  [/\bwithoutTokenCap\b|\btoken cap\b/i, "withoutOutputLimit, output limit"],
  [/\b(?:is|are) let in\b|\blets? (?:it|\w+ requests?) in\b/i, "admit"]
]

/** Old names of config fields and of saved records, which can still be read. */
const mayUseRetired = new Set([
  "src/config/file/RenamedFields.ts",
  "src/health/stores/ReadSaved.ts",
  "src/health/stores/Scripts.ts"
])

const prose = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map((file) => join(root, file))
const pages = readdirSync(join(root, "docs"))
  .filter((file) => file.endsWith(".md"))
  .map((file) => join(root, "docs", file))

describe("the words of src and docs", () => {
  const texts = [...files, ...pages, ...prose]
    .filter((file) => !mayUseRetired.has(relative(root, file)))
    .map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n") }))

  it("are those of the glossary: no retired word comes back", () => {
    const found = texts.flatMap(({ file, lines }) =>
      lines.flatMap((line, i) =>
        retired
          .filter(([word]) => word.test(line))
          .map(([word, instead]) => `${relative(root, file)}:${i + 1}: ${word.source} → ${instead}`)
      )
    )
    assert.deepStrictEqual(found, [])
  })
})

describe("the comments of tests, benchmarks and examples", () => {
  const comments = ["test", "benchmark", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => {
        const lines = readFileSync(join(root, folder, file), "utf8").split("\n")
        return lines.flatMap((text, i) =>
          /^\s*(?:\/\/|\/?\*)/.test(text) ? [{ at: `${folder}/${file}:${i + 1}`, text }] : []
        )
      })
  )

  it("have no retired word", () => {
    assert.isAbove(comments.length, 2_500)
    const found = comments.flatMap(({ at, text }) =>
      retired
        .filter(([word]) => word.test(text))
        .map(([word, instead]) => `${at}: ${word.source} → ${instead}`)
    )
    assert.deepStrictEqual(found, [])
  })
})

describe("the names of tests", () => {
  const named = /\b(?:it|test|live|describe)(?:\.\w+)*(?:\([^()]*\))?\(\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)/g
  const titles = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) =>
      [...readFileSync(join(root, "test", file), "utf8").matchAll(named)].map((match) => ({
        file,
        title: match[1]!
      }))
    )

  it("have no retired word", () => {
    assert.isAbove(titles.length, 3_000)
    const found = titles.flatMap(({ file, title }) =>
      retired
        .filter(([word]) => word.test(title))
        .map(([word, instead]) => `test/${file}: ${title}: ${word.source} → ${instead}`)
    )
    assert.deepStrictEqual(found, [])
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

describe("the engine", () => {
  const effects = imports.filter(({ file, from }) => engine.has(folderOf(file)) && from.startsWith("effect"))

  it("imports nothing outside of Effect", () => {
    const outside = imports.filter(
      ({ file, from }) => engine.has(folderOf(file)) && !from.startsWith("effect/") && !from.startsWith(".")
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
