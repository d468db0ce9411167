/**
 * `npm run chaos`: gateway processes under mixed traffic while everything around them breaks.
 *
 * Every answer proves which provider it comes from. The run counts requests that were lost, mixed up, truncated but reported as
 * complete, or repeated after their commit point, and resources that were not released. Any of them makes the exit code 1. Everything
 * listens on 127.0.0.1, and the run ends only its own processes, by their ids.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stopAll } from "../gateway/child.ts"
import { now } from "./clock.ts"
import * as Course from "./course.ts"
import * as Disk from "./disk.ts"
import * as Gateways from "./gateways.ts"
import * as Leaks from "./leaks.ts"
import * as Ledger from "./ledger.ts"
import * as Options from "./options.ts"
import * as Providers from "./providers.ts"
import * as Redis from "./redis.ts"
import * as Report from "./report.ts"
import * as Traffic from "./traffic.ts"
import * as Trouble from "./trouble.ts"

const readOptions = (): Options.Options | undefined => {
  try {
    return Options.read(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${Options.usage}`)
    return undefined
  }
}

const chaos = async (options: Options.Options, folder: string): Promise<boolean> => {
  const { seed, timeout } = options
  const bounds = Options.boundsOf(options)
  console.log(`Chaos with ${bounds} (again: npm run chaos -- ${bounds} --seed ${seed})`)
  const redis = await Redis.make(folder)
  if (redis === undefined)
    console.log("redis-server is not installed: the gateways share no bench in this run.")
  const disk = Disk.make(folder)
  console.log(`A full disk is ${disk.how}.`)
  const faults = new Map<string, number>()
  const ledger = Ledger.make()
  const providers = await Providers.start(seed, ledger, (name) =>
    faults.set(name, (faults.get(name) ?? 0) + 1)
  )
  try {
    const shared = redis?.url ?? "memory"
    const common = { folder, timeout, providers: providers.standing }
    // The first two gateways answer every request that they accepted. The third one cuts requests that outlast its drain.
    const long = Gateways.deadline + 5
    const gateways = await Promise.all([
      Gateways.make({ ...common, name: "a", drain: long, store: shared, isStopped: false }),
      Gateways.make({ ...common, name: "b", drain: long, store: shared, isStopped: true }),
      Gateways.make({
        ...common,
        name: "c",
        drain: timeout,
        store: `file:${join(disk.path, "bench.json")}`,
        isStopped: true
      })
    ])
    const before = await Leaks.held(gateways)
    const traffic: Traffic.Traffic = { counts: new Map(), findings: [], again: 0, requests: 0 }
    const began = now()
    const course = Course.make(options, () => traffic.requests)
    const telling = setInterval(() => {
      const { findings, requests } = traffic
      console.log(
        `${Math.round((now() - began) / 1_000)} s: ${requests} requests, ${findings.length} violations`
      )
    }, 60_000)
    const [early, troubles] = await Promise.all([
      course.reached(0.2).then(() => Leaks.held(gateways)),
      Trouble.make(options, { gateways, redis, disk }, course),
      Traffic.run({ ...options, course, gateways, ledger }, traffic)
    ]).finally(() => clearInterval(telling))
    const seconds = (now() - began) / 1_000

    providers.clear()
    for (const gateway of gateways) gateway.incarnation().agent.destroy()
    const leaks = [...(await Leaks.places(gateways)), ...(await Leaks.running(providers))]
    await providers.stop()
    leaks.push(...(await Leaks.sockets(gateways, before)))
    const end = await Leaks.held(gateways)
    leaks.push(...Leaks.memory(gateways, early, end))
    const others = [...troubles.violations]
    for (const gateway of gateways) {
      const { wrong } = await gateway.stop()
      if (wrong !== undefined) others.push(wrong)
    }
    others.push(...disk.destroyed().map((name) => `${name} was destroyed`))
    return Report.print({ traffic, seconds, faults, troubles, leaks, early, end, others })
  } finally {
    await providers.stop()
    redis?.resume()
    await stopAll()
    disk.close()
  }
}

const isHelp = process.argv.slice(2).some((arg) => arg === "--help" || arg === "-h")
const options = isHelp ? undefined : readOptions()
if (isHelp) console.log(Options.usage)
else if (options === undefined) process.exitCode = 2
else {
  const folder = await mkdtemp(join(tmpdir(), "effect-failover-chaos-"))
  try {
    const isFine = await chaos(options, folder)
    console.log(isFine ? "\nNothing was lost." : `\nFAILED; replay with --seed ${options.seed}`)
    process.exitCode = isFine ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
