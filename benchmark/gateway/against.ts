/**
 * `npm run bench:gateway -- --against FOLDER`: the cost of requests in this gateway, and in another version of it that is
 * checked out in a folder.
 *
 * Both gateways run all the time and get requests in turns, a few hundred each. Only the CPU time of their main
 * threads counts, so other programs on the machine matter little. The fastest round is closest to the pure cost.
 */
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { freePort } from "./child.ts"
import { Client } from "./client.ts"
import type { Options } from "./options.ts"
import { bodyOf, isWhole, type Payload, pathOf, payloads } from "./payload.ts"
import { median } from "./rounds.ts"
import type { Place, System } from "./system.ts"

interface Module {
  readonly ours: (place: Place) => Promise<System>
}

/** CPU time of a process's main thread, in microseconds. */
const cpuOf = async (pid: number): Promise<number> => {
  const [nanoseconds] = (await readFile(`/proc/${pid}/task/${pid}/schedstat`, "utf8")).split(" ")
  return Number(nanoseconds) / 1000
}

const connections = 4
/** The requests of a round, and those of the warm-up, which do not count. */
const perRound = { json: 400, stream: 120 }
const warmUp = 10

/** Sends requests over some connections. Returns the cost of one in the gateway, in microseconds. */
const round = async (system: System, payload: Payload, clients: ReadonlyArray<Client>): Promise<number> => {
  const { href } = new URL(pathOf(payload), system.url)
  const request = { url: href, headers: system.headers, body: bodyOf(payload) }
  let left = payload.stream ? perRound.stream : perRound.json
  const count = left
  const { pid } = system.child
  const before = await cpuOf(pid)
  await Promise.all(
    clients.map(async (client) => {
      while (left-- > 0) {
        const { status, text } = await client.send(request)
        if (status !== 200 || !isWhole(payload, text)) throw new Error(`${status}: ${text.slice(0, 300)}`)
      }
    })
  )
  return ((await cpuOf(pid)) - before) / count
}

/** Runs the comparison and prints a line for each payload. */
export const against = async (
  other: string,
  { rounds, translated }: Options,
  { folder, upstream }: Omit<Place, "port">
): Promise<void> => {
  const modules = ["./ours.ts", pathToFileURL(join(other, "benchmark/gateway/ours.ts")).href]
  const systems: Array<System> = []
  for (const [index, file] of modules.entries()) {
    const module: Module = await import(file)
    const own = join(folder, String(index))
    await mkdir(own)
    systems.push(await module.ours({ port: await freePort(), upstream, folder: own }))
  }
  console.log(
    `\nCPU time of the gateway's main thread for a request, ${rounds} rounds in turns: least (median)`
  )
  for (const payload of payloads.filter((each) => !translated || each.translated !== undefined)) {
    const clients = systems.map(() => Array.from({ length: connections }, () => new Client()))
    const costs = systems.map((): Array<number> => [])
    for (let index = -warmUp; index < rounds; index++) {
      for (const [which, system] of systems.entries()) {
        const cost = await round(system, payload, clients[which]!)
        if (index >= 0) costs[which]!.push(cost)
      }
    }
    for (const client of clients.flat()) client.close()
    const [now, then] = costs.map((each) => ({ least: Math.min(...each), middle: median(each) }))
    const told = [now, then].map((cost) => `${cost!.least.toFixed(0)} (${cost!.middle.toFixed(0)}) µs`)
    const ratios = `${(now!.least / then!.least).toFixed(3)} (${(now!.middle / then!.middle).toFixed(3)})`
    console.log(`${payload.title.padEnd(76)} now ${told[0]}, then ${told[1]}, ratio ${ratios}`)
  }
  await Promise.all(systems.map(({ child }) => child.stop()))
}
