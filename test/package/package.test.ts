/** The package as it is installed: built, packed, and used in an empty project. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { Consumer, entryPoints, manifest } from "./consumer.ts"
import { programsOf } from "./programs.ts"

const consumer = new Consumer()
// The project is built, packed, compiled and run in separate processes, each of which is slow on a busy machine.
beforeAll(() => consumer.install(), 300_000)
afterAll(() => consumer.remove())

const application = `
import * as Effect from "effect/Effect"
import { Chain, Failover, Failure, Model, Backend } from "effect-failover"
import { Scripted } from "effect-failover/testing"
${entryPoints.map((entry, i) => `import * as entry${i} from "${entry}"`).join("\n")}

const oslo = Backend.make("oslo", { today: Effect.fail("closed" as const) })
const bergen = Backend.make("bergen", { today: Effect.succeed("rain" as const) })
const chain = Chain.make(Model.make(oslo, "forecast"), Model.make(bergen, "forecast"))

const program = Effect.gen(function* () {
  const today: "rain" = yield* Failover.use(chain, (backend) => backend.service.today, {
    classify: (error: "closed") => new Failure.AuthDead({ reason: "ModelMissing", message: error })
  })
  const said: string = yield* Failover.complete(Chain.make(Model.make(Scripted.make("hi", [["hello"]]), "m")), "a prompt")
  return \`\${today}, \${said}\`
})
console.log(await Effect.runPromise(Effect.provide(program, Failover.layer())))
export const all: ReadonlyArray<object> = [${entryPoints.map((_, i) => `entry${i}`).join(", ")}]
`

const compile = async (name: string, options: object) => {
  consumer.write("app.ts", application)
  const lib = ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"]
  const compilerOptions = {
    ...options,
    ...{ target: "ES2023", lib, types: ["node"], strict: true, skipLibCheck: false, outDir: `out-${name}` }
  }
  consumer.write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions, files: ["app.ts"] }))
  return consumer.run("tsc", "-p", `tsconfig.${name}.json`)
}

describe("the packed package", { timeout: 300_000, concurrent: true }, () => {
  it("holds what is built, its sources and the papers, and no tests", () => {
    const files = readdirSync(consumer.installed, { recursive: true, encoding: "utf8" })
    for (const file of [
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "dist/index.js",
      "src/index.ts",
      "docs/config.schema.json"
    ]) {
      assert.include(files, file)
    }
    assert.deepStrictEqual(
      files.filter((file) => /\.test\.|^(test|scratch|benchmark|\.ci)\b/.test(file)),
      []
    )
  })

  it("brings the files of the status page as they are served, beside what is built and beside the sources", () => {
    for (const folder of ["dist", "src"]) {
      const page = join(consumer.installed, folder, "gateway/page")
      const html = readFileSync(join(page, "page.html"), "utf8")
      const named = [...html.matchAll(/"status\/([\w.-]+)"/g)].map((match) => match[1]!)
      assert.includeMembers(named, ["page.css", "main.js"])
      for (const name of named) {
        const place = name.endsWith(".css") ? join(page, "styles", name) : join(page, name)
        assert.isTrue(existsSync(place), `${folder}: ${name}`)
      }
      const modules = readdirSync(page).filter((name) => name.endsWith(".js"))
      for (const name of modules) assert.include(named, name, "every module is loaded ahead")
    }
  })

  it("serves the status page from where it is installed", async () => {
    const config = {
      providers: { a: { protocol: "openai", baseUrl: "http://127.0.0.1:1" } },
      server: { port: 0 }
    }
    consumer.write("gateway.json", JSON.stringify(config))
    consumer.write(
      "page.mjs",
      `import { spawn } from "node:child_process"
       const main = ${JSON.stringify(join(consumer.installed, manifest.bin["effect-failover"]!))}
       const gateway = spawn(process.execPath, [main, "serve", "--config", "gateway.json"])
       gateway.stdout.once("data", async (line) => {
         const url = String(line).trim().split(" ").at(-1)
         for (const path of ["/", "/status/page.css", "/status/main.js", "/status"]) {
           const got = await fetch(url + path)
           console.log(path, got.status, got.headers.get("content-type"))
         }
         gateway.kill()
       })`
    )
    const { output } = await consumer.run("node", "page.mjs")
    assert.strictEqual(
      output,
      [
        "/ 200 text/html; charset=utf-8",
        "/status/page.css 200 text/css; charset=utf-8",
        "/status/main.js 200 text/javascript; charset=utf-8",
        "/status 200 application/json\n"
      ].join("\n")
    )
  })

  it("has a source for each of its source maps", () => {
    const dist = join(consumer.installed, "dist")
    const maps = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".map")
    )
    assert.isAbove(maps.length, 50)
    for (const map of maps) {
      const { sources }: { readonly sources: ReadonlyArray<string> } = JSON.parse(
        readFileSync(join(dist, map), "utf8")
      )
      for (const source of sources)
        assert.isTrue(existsSync(resolve(dist, map, "..", source)), `${map}: ${source}`)
    }
  })

  it("is imported through every entry point, and required through them as well", async () => {
    const list = JSON.stringify(entryPoints)
    const each = "console.log(name, Object.keys(module).length > 0 ? 'ok' : 'empty')"
    consumer.write("import.mjs", `for (const name of ${list}) { const module = await import(name); ${each} }`)
    consumer.write("require.cjs", `for (const name of ${list}) { const module = require(name); ${each} }`)
    const expected = entryPoints.map((entry) => `${entry} ok\n`).join("")
    for (const file of ["import.mjs", "require.cjs"]) {
      assert.deepStrictEqual(await consumer.run("node", file), { code: 0, output: expected })
    }
  })

  it("has the JSON Schema of the config file, by its own name", async () => {
    consumer.write("schema.cjs", `console.log(require("${manifest.name}/config.schema.json").title)`)
    assert.deepStrictEqual(await consumer.run("node", "schema.cjs"), {
      code: 0,
      output: "effect-failover config\n"
    })
  })

  it("does not export other modules than its entry points", async () => {
    consumer.write("inside.mjs", `await import("${manifest.name}/engine/run/Run")`)
    assert.include((await consumer.run("node", "inside.mjs")).output, "ERR_PACKAGE_PATH_NOT_EXPORTED")
  })

  it("type-checks and runs in an application that resolves as Node does", async () => {
    assert.deepStrictEqual(await compile("node", { module: "NodeNext", moduleResolution: "NodeNext" }), {
      code: 0,
      output: ""
    })
    assert.deepStrictEqual(await consumer.run("node", "out-node/app.js"), {
      code: 0,
      output: "rain, hello\n"
    })
  })

  it("type-checks in an application that is bundled", async () => {
    assert.deepStrictEqual(await compile("bundler", { module: "Preserve", moduleResolution: "Bundler" }), {
      code: 0,
      output: ""
    })
  })

  it("brings programs in its pages and among its examples that compile where it is installed", async () => {
    const programs = programsOf(consumer.installed)
    assert.isAbove(programs.length, 100)
    for (const { name, text } of programs) consumer.write(`program-${name}.ts`, text)
    const compilerOptions = { module: "NodeNext", target: "ES2023", lib: ["ES2024", "DOM"], types: ["node"] }
    const options = { ...compilerOptions, strict: true, exactOptionalPropertyTypes: true, noEmit: true }
    consumer.write(
      "tsconfig.programs.json",
      JSON.stringify({ compilerOptions: options, include: ["program-*.ts"] })
    )
    assert.deepStrictEqual(await consumer.run("tsc", "-p", "tsconfig.programs.json"), { code: 0, output: "" })
  })

  it("has a command that prints its usage", async () => {
    for (const path of Object.values(manifest.bin)) {
      const file = join(consumer.installed, path)
      assert.match(readFileSync(file, "utf8"), /^#!\/usr\/bin\/env node\n/)
      const { code, output } = await consumer.run("node", file, "--help")
      assert.strictEqual(code, 0, output)
      assert.include(output, "effect-failover")
    }
  })

  it("gives publint nothing to complain about", async () => {
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(readFileSync(consumer.tarball)).buffer },
      strict: true
    })
    assert.deepStrictEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      []
    )
  })

  it("has types that are right wherever ES modules are resolved", async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(consumer.tarball)))
    assert.isTrue(result.types !== false && result.types.kind === "included")
    // Node's resolution from before `exports`, and TypeScript's rules for CommonJS, are not supported.
    const unserved: ReadonlyArray<unknown> = ["node10", "node16-cjs"]
    const served = (problem: Problem) =>
      !("resolutionKind" in problem && unserved.includes(problem.resolutionKind))
    const problems = result.types === false ? [] : result.problems
    assert.deepStrictEqual(problems.filter(served), [])
  })
})
