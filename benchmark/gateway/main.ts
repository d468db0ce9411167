/** `npm run bench:gateway`: the cost of the gateway, compared with other proxies, in one run on this machine. */
import { mkdtemp, rm } from "node:fs/promises"
import { cpus, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { against } from "./against.ts"
import { freePort, run, stopAll } from "./child.ts"
import { hostile } from "./hostile.ts"
import { nginx } from "./nginx.ts"
import { type Options, read, usage } from "./options.ts"
import { ours } from "./ours.ts"
import { payloads } from "./payload.ts"
import { install, portkey } from "./portkey.ts"
import { table } from "./report.ts"
import { measure } from "./rounds.ts"
import { soak } from "./soak.ts"
import { bareNode, type Place, type System, upstream } from "./system.ts"

/** Why the benchmark cannot be run here. */
const missing = async ({ against }: Options): Promise<ReadonlyArray<string>> => {
  const reasons = process.platform === "linux" ? [] : ["Linux, because CPU time is read from /proc"]
  if (against !== undefined) return reasons
  // Their version flags exit with 0 or 1. Only a missing program has no exit code.
  for (const [program, flag] of [
    ["wrk", "-v"],
    ["nginx", "-v"]
  ] as const) {
    if ((await run(program, [flag])).code === null)
      reasons.push(`${program} (Debian: apt-get install ${program})`)
  }
  return reasons
}

/** Starts the programs one after the other, each on its own port. */
const startAll = async (options: Options, folder: string): Promise<ReadonlyArray<System>> => {
  const direct = await upstream(await freePort())
  const { origin } = new URL(direct.url)
  const place = async (): Promise<Place> => ({ port: await freePort(), upstream: origin, folder })
  const systems = [
    direct,
    await nginx(await place()),
    await bareNode(await place()),
    await ours(await place())
  ]
  if (!options.portkey) return systems
  const problem = await install()
  if (problem === undefined) systems.push(await portkey(await place()))
  else console.log(`Without Portkey's gateway: ${problem}`)
  return systems
}

const compare = async (options: Options, folder: string): Promise<void> => {
  const systems = await startAll(options, folder)
  const { connections, rounds, seconds, single } = options
  console.log(
    `\nMedians of ${rounds} rounds taken in turns. Load: ${connections} connections for ${seconds} s; CPU is the user and system ` +
      `time of all processes of a system. Times: one connection, ${single} answers a round; rows below the first say what they add to it.`
  )
  for (const payload of payloads.filter(({ translated }) => !options.translated || translated !== undefined))
    console.log(`\n${table(payload, await measure(systems, payload, options, folder))}`)
}

const compareVersions = async (options: Options, other: string, folder: string): Promise<void> => {
  const { url } = await upstream(await freePort())
  await against(resolve(other), options, { upstream: new URL(url).origin, folder })
}

const main = async (options: Options): Promise<void> => {
  const reasons = options.hostile ? [] : await missing(options)
  if (reasons.length > 0) {
    console.error(`This benchmark needs ${reasons.join(" and ")}.`)
    process.exitCode = 1
    return
  }
  const folder = await mkdtemp(join(tmpdir(), "bench-gateway-"))
  try {
    const [processor] = cpus()
    console.log(
      `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} × ${processor?.model.trim()}`
    )
    if (options.hostile) await hostile(options, folder)
    else if (options.against !== undefined) await compareVersions(options, options.against, folder)
    else if (options.soak === undefined) await compare(options, folder)
    else if (!(await soak(options.soak, folder))) process.exitCode = 1
  } finally {
    await stopAll()
    await rm(folder, { recursive: true, force: true })
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)))
}

let options: Options | undefined
try {
  if (process.argv.slice(2).some((arg) => arg === "--help" || arg === "-h")) console.log(usage)
  else options = read(process.argv.slice(2))
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  process.exitCode = 2
}
if (options !== undefined) await main(options)
