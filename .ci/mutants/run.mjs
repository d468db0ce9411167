/**
 * Puts Stryker's mutants to quick tests, all in one process: hundreds of them a minute instead of a few.
 *
 *     npm run mutate:quick -- --mutate 'src/choice/*.ts' --tests 'test/choice/*' [--share 20] [--longest 80] [--most 90] [--out FILE] [--again FILE] [--continue FILE] [--list FILE] [--from FILE]
 *
 * Sources are instrumented as Stryker does it and bundled with the tests once; a mutant is then a switch. `--share` puts only so
 * many of a hundred mutants to the tests, `--longest` leaves tests out that take longer (milliseconds), and `--most` asks at most
 * so many tests about one mutant. With any of these a mutant counts as survived that other tests would kill, never the other
 * way around. Mutants that only run while a module is loaded are left out, as with `ignoreStatic`. `--again` takes the results of
 * an earlier run over and puts only its survivors to the tests: first a few tests about each mutant, then all about the rest.
 * `--continue` goes on with a run that was stopped.
 * `--list test/laws/survivors.md` says which survivors the list does not have yet, as rows without a reason, and which of its
 * rows no mutant of these files survives with. `--from` takes all results of an earlier run over, to compare them with the list.
 */
import { execFileSync, fork } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { rolldown } from "rolldown"
import { compare, namesOf, row } from "./list.mjs"

const { values } = parseArgs({
  options: {
    mutate: { type: "string", multiple: true, default: [] },
    tests: { type: "string", multiple: true, default: [] },
    share: { type: "string", default: "100" },
    longest: { type: "string", default: "1e9" },
    most: { type: "string", default: "1e9" },
    out: { type: "string", default: "reports/quick.txt" },
    again: { type: "string" },
    continue: { type: "string" },
    from: { type: "string" },
    list: { type: "string" }
  }
})
const here = import.meta.dirname
const root = resolve(here, "../..")
const work = resolve(root, `reports/quick-${process.pid}`)
const listed = (patterns) => [
  ...new Set(
    execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--", ...patterns], { cwd: root })
      .toString()
      .trim()
      .split("\n")
  )
]

const leftOut = /index\.ts$/
/** The same tests that vitest.mutation.config.ts leaves out. */
const slow =
  /^test\/(laws\/(crowd|lost|failover|lifetime|scheduler|seams)|candidates\/(Scale|Crowds)|(cli|config|docs|gateway|failoverbench|package|simulator)\/)/
const sources = listed(values.mutate).filter((file) => file.endsWith(".ts") && !leftOut.test(file))
const testFiles = listed(values.tests).filter((file) => file.endsWith(".test.ts") && !slow.test(file))
const texts = new Map(sources.map((file) => [file, readFileSync(resolve(root, file), "utf8")]))

const instrument = async () => {
  const core = createRequire(import.meta.resolve("@stryker-mutator/core"))
  const folder = core.resolve("@stryker-mutator/instrumenter").replace("index.js", "")
  const { Instrumenter } = await import(pathToFileURL(`${folder}instrumenter.js`).href)
  const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false }
  const files = sources.map((file) => ({ name: resolve(root, file), mutate: true, content: texts.get(file) }))
  return new Instrumenter(silent).instrument(files, { ignorers: [], excludedMutations: [], plugins: null })
}

/** The names under which examples and tests know the package's own folders. */
const own = {
  "": "index.ts",
  "/bench": "health/stores/index.ts",
  "/limits": "health/limits/index.ts",
  "/upstream": "router/index.ts"
}
const known = (id) => {
  if (id === "vitest") return resolve(here, "tests.mjs")
  if (id === "@effect/vitest") return resolve(root, "node_modules/@effect/vitest/dist/index.js")
  const part = /^effect-failover(\/[a-z]+)?$/.exec(id)
  return part === null
    ? undefined
    : resolve(root, "src", own[part[1] ?? ""] ?? `${part[1].slice(1)}/index.ts`)
}

const bundle = async (contents) => {
  const entry = resolve(work, "entry.ts")
  writeFileSync(
    entry,
    `${testFiles.map((file) => `import ${JSON.stringify(resolve(root, file))}`).join("\n")}\nexport { tests } from "vitest"\n`
  )
  const plugin = {
    name: "mutants",
    resolveId: (id) => known(id) ?? (/^[./]/.test(id) ? undefined : { id, external: true }),
    load: (id) => {
      if (!id.startsWith(root) || id.includes("node_modules") || id === entry || !/\.m?ts$/.test(id))
        return undefined
      const code = (contents.get(id) ?? readFileSync(id, "utf8"))
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(id)))
      return { code, moduleType: "ts" }
    }
  }
  const made = await rolldown({
    input: entry,
    platform: "node",
    treeshake: false,
    logLevel: "silent",
    plugins: [plugin]
  })
  await made.write({ file: resolve(work, "bundle.mjs"), format: "esm", codeSplitting: false })
}

const results = new Map()
let isFirstRound = true
/** Ends a process, and what its tests have started: a test that is cut off leaves its Redis behind. */
const end = ({ pid }) => {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // All of them have ended.
  }
}
let running
/** Starts a process that goes on with the mutants that are left; a mutant that hangs ends it. */
const round = () =>
  new Promise((done, fail) => {
    const child = fork(resolve(here, "child.mjs"), [work, values.longest, values.most], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      cwd: root,
      // A process group of its own.
      detached: true
    })
    running = child
    let current
    let hasBegun = false
    let timer = setTimeout(() => end(child), 1_800_000)
    child.on("message", ({ begun, result, start, end: isOver }) => {
      clearTimeout(timer)
      // A mutant that loops is found by its silence.
      timer = setTimeout(() => end(child), 30_000)
      if (begun !== undefined) {
        if (isFirstRound)
          console.log(
            `${begun.tests} tests in ${begun.millis} ms; failing without a mutant: ${begun.failing.join(", ") || "none"}`
          )
        hasBegun = true
        isFirstRound = false
      }
      if (start !== undefined) current = start
      if (result !== undefined) {
        results.set(result.id, result.status)
        if (results.size % 100 === 0) {
          console.log(`${results.size} of ${drawn.length}`)
          keep()
        }
        current = undefined
      }
      if (isOver === true) end(child)
    })
    child.on("exit", () => {
      clearTimeout(timer)
      end(child)
      if (current !== undefined) results.set(current, "Timeout")
      if (hasBegun) done()
      else fail(new Error("the tests cannot be run"))
    })
    child.send([...results.keys()])
  })

/** Keeps the results, so that a run that is stopped can be continued. */
const keep = () =>
  writeFileSync(
    resolve(root, `${values.out}.json`),
    JSON.stringify(
      Object.fromEntries(
        drawn.filter(({ id }) => results.has(id)).map((mutant) => [nameOf(mutant), results.get(mutant.id)])
      )
    )
  )

const shown = ({ location: { end, start }, fileName, replacement }) => {
  const lines = texts
    .get(relative(root, fileName))
    .split("\n")
    .slice(start.line, end.line + 1)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column)
  lines[0] = lines[0].slice(start.column)
  const short = (text) => text.replace(/\s+/g, " ").slice(0, 120)
  return `${short(lines.join(" "))} -> ${short(replacement)}`
}

/** What a mutant is known by in a later run. */
const nameOf = (mutant) => {
  const { start } = mutant.location
  return `${relative(root, mutant.fileName)}:${start.line + 1}:${start.column} ${mutant.mutatorName} ${shown(mutant)}`
}

mkdirSync(work, { recursive: true })
const { files, mutants } = await instrument()
if (values.from === undefined) await bundle(new Map(files.map(({ content, name }) => [name, content])))
const drawn = mutants.filter(
  ({ status }, at) => status !== "Ignored" && (at * 7919) % 1000 < 10 * Number(values.share)
)
const earlierFile = values.again ?? values.continue ?? values.from
if (earlierFile !== undefined) {
  const earlier = JSON.parse(readFileSync(resolve(root, `${earlierFile}.json`), "utf8"))
  for (const mutant of drawn) {
    const status = earlier[nameOf(mutant)] ?? (values.from === undefined ? undefined : "Static")
    const isOpen = values.again !== undefined && ["Survived", "NoCoverage"].includes(status)
    if (status !== undefined && !isOpen) results.set(mutant.id, status)
  }
}
writeFileSync(resolve(work, "mutants.json"), JSON.stringify(drawn.map(({ id }) => id)))
console.log(
  `${drawn.length} of ${mutants.length} mutants in ${sources.length} files, ${testFiles.length} files of tests`
)
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    if (running !== undefined) end(running)
    keep()
    process.exit(1)
  })
}
while (results.size < drawn.length) await round()

const survivors = []
const table = [...sources, undefined].flatMap((file) => {
  const mine = drawn.filter(
    ({ fileName, id }) =>
      (file === undefined || relative(root, fileName) === file) && results.get(id) !== "Static"
  )
  const killed = mine.filter(({ id }) => results.get(id) === "Killed" || results.get(id) === "Timeout")
  if (file !== undefined) {
    for (const mutant of mine) {
      if (killed.includes(mutant)) continue
      survivors.push(`${nameOf(mutant)}  [${results.get(mutant.id)}]`)
    }
  }
  return mine.length === 0
    ? []
    : [
        `${file ?? "all"} | ${mine.length} | ${killed.length} (${((100 * killed.length) / mine.length).toFixed(1)} %)`
      ]
})
const alive = drawn.filter(({ id }) => ["Survived", "NoCoverage"].includes(results.get(id)))
if (values.list !== undefined) {
  const { gone, missing } = compare({
    names: namesOf(
      mutants,
      ({ fileName }) => relative(root, fileName),
      (file) => texts.get(file)
    ),
    survivors: alive.map(({ id }) => id),
    measured: new Set(sources),
    markdown: readFileSync(resolve(root, values.list), "utf8")
  })
  for (const { change, file, line, where } of missing)
    console.log(`${file}:${line} ${row(where, [change], "")}`)
  for (const [file, where, change] of gone) console.log(`no survivor: ${file} ${row(where, [change], "")}`)
  console.log(
    `${missing.length} survivors are not in ${values.list}; ${gone.length} of its changes are killed or gone`
  )
}
if (values.from === undefined) {
  keep()
  writeFileSync(resolve(root, values.out), [...survivors, ...table, ""].join("\n"))
}
console.log(table.join("\n"))
rmSync(work, { recursive: true })
process.exit(0)
