/**
 * Portkey's gateway (https://github.com/Portkey-AI/gateway), from npm.
 *
 * It is not a dependency of the project: npm installs it into a folder outside of the project when the benchmark needs it,
 * and the next run reuses it.
 */
import { existsSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { run, start } from "./child.ts"
import { callerHeaders, type Place, type System, urlOf } from "./system.ts"

const version = "1.15.2"

/** With newer versions of its server its streams fail: headers that it appends to have become immutable. */
const overrides = { "@hono/node-server": "1.13.8" }

const folder = join(tmpdir(), `portkey-gateway-${version}`)

const program = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js")

/** Installs it if needed. Returns why that is impossible. */
export const install = async (): Promise<string | undefined> => {
  if (existsSync(program)) return undefined
  await mkdir(folder, { recursive: true })
  const manifest = { private: true, dependencies: { "@portkey-ai/gateway": version }, overrides }
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest))
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
  const { err } = await run("npm", ["install", "--prefix", folder, ...flags])
  return existsSync(program)
    ? undefined
    : `npm could not install @portkey-ai/gateway@${version}: ${err.trim()}`
}

/** Portkey's gateway with the upstream as its provider, which its callers name with each request. */
export const portkey = async ({ port, upstream }: Place): Promise<System> => ({
  name: `Portkey ${version}`,
  url: urlOf(port),
  headers: {
    ...callerHeaders,
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `${upstream}/v1`
  },
  child: await start(process.execPath, [program, `--port=${port}`, "--headless"], port, {
    NODE_ENV: "production"
  })
})
