/** The gateways of a run: processes of `serve`, two on one Redis and one that saves its bench to a file. */
import { readFile, rm, writeFile } from "node:fs/promises"
import * as http from "node:http"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { type Child, freePort, start } from "../gateway/child.ts"
import { token } from "./caller.ts"
import { now } from "./clock.ts"
import type { Held } from "./probe.ts"
import type { Standing } from "./providers.ts"
import * as Waiting from "./waiting.ts"
import { chains, credentials, keyOf } from "./world.ts"

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** One process of a gateway. */
export interface Incarnation {
  readonly agent: http.Agent
  /** When it was asked to stop, by `clock.ts`. */
  stoppingSince: number | undefined
  /** When its last answer ended, or its caller left. */
  lastEnded: number
}

/** How a gateway stopped. */
export interface Stop {
  /** From the last answer, or from the signal if it is later, to the end of the process, in milliseconds. */
  readonly idle: number
  /** What went wrong. */
  readonly wrong: string | undefined
}

/** One gateway, over all its stops and starts. */
export interface Gateway {
  readonly name: string
  readonly origin: string
  /** Whether it is stopped during the run. The others run from the first request to the last. */
  readonly isStopped: boolean
  readonly state: () => "up" | "stopping" | "down"
  /** How long a stop waits for requests in flight, in milliseconds. */
  readonly drain: number
  readonly incarnation: () => Incarnation
  /** Loads another version of its config, which may be invalid. */
  readonly reload: (change: object | string) => Promise<void>
  readonly start: () => Promise<void>
  /** Pauses its process, as on a suspended machine, and continues it. */
  readonly pause: () => void
  readonly resume: () => void
  /** Asks it to stop, and waits until it has. */
  readonly stop: () => Promise<Stop>
  readonly held: () => Promise<Held>
  readonly said: () => string
}

/** The options of a gateway. */
export interface Options {
  readonly name: string
  readonly folder: string
  readonly store: string
  readonly isStopped: boolean
  /** How long a stop waits for requests in flight, in seconds. */
  readonly drain: number
  /** How long it waits for a provider, in seconds. */
  readonly timeout: number
  readonly providers: ReadonlyArray<Standing>
}

const rest = { base: "500 millis", max: "2 seconds" }

/** The longest time of a request, in seconds. */
export const deadline = 60

const configOf = ({ drain, providers, store, timeout }: Options, port: number): object => ({
  providers: Object.fromEntries(
    providers.map(({ member, origin }) => [
      member.name,
      {
        protocol: member.protocol,
        baseUrl: member.protocol === "openai" ? `${origin}/v1` : origin,
        strategy: "roundRobin",
        credentials: credentials.map((name) => ({ name, apiKey: keyOf(member.name, name) })),
        ...(member.protocol === "openai" && { responses: member.hasResponses })
      }
    ])
  ),
  models: chains,
  policy: {
    deadline: `${deadline} seconds`,
    maxWait: "200 millis",
    timeouts: {
      connect: `${timeout} seconds`,
      headers: `${timeout} seconds`,
      firstContent: `${timeout} seconds`,
      idle: `${timeout} seconds`,
      answer: `${1.5 * timeout} seconds`
    },
    retries: { times: 1, backoff: ["50 millis"] },
    cooldown: { transient: rest, rateLimit: rest, authDead: rest, modelMissing: rest }
  },
  bench: { store },
  log: { level: "warn" },
  server: { host: "127.0.0.1", port, drain: `${drain} seconds`, tokens: [token], adminToken: "chaos-admin" }
})

/** How long a gateway may take to start, and to stop after its drain, in milliseconds. */
const longest = 40_000

/** How long a gateway may take to stop after its last answer, in milliseconds, on an idle machine. */
const longestIdle = 1_000

const incarnate = (): Incarnation => ({
  agent: new http.Agent({ keepAlive: true, maxSockets: 200 }),
  stoppingSince: undefined,
  lastEnded: 0
})

/** Makes a gateway and starts it. */
export const make = async (options: Options): Promise<Gateway> => {
  const { folder, isStopped, name } = options
  const port = await freePort()
  const config = configOf(options, port)
  const file = join(folder, `${name}.jsonc`)
  const probeFile = join(folder, `${name}.held`)
  let child: Child | undefined
  let state: "up" | "stopping" | "down" = "down"
  let incarnation = incarnate()
  const drain = options.drain * 1_000
  await writeFile(file, JSON.stringify(config))

  const begin = async () => {
    const flags = ["--expose-gc", "--import", here("probe.ts")]
    const args = [...flags, here("../../src/cli/main.ts"), "serve", "--no-watch", "--config", file]
    child = await start(process.execPath, args, port, {
      CHAOS_PROBE: probeFile,
      NO_COLOR: "1",
      // This saves a second of CPU time at each start.
      NODE_COMPILE_CACHE: join(folder, "compiled")
    })
    // Its port opens shortly before it listens for signals. Its log says when both are ready.
    const began = now()
    while (!child.said().includes("listening on") && now() - began < longest) await sleep(20)
    state = "up"
  }
  const stop = async (): Promise<Stop> => {
    const running = child
    if (running === undefined) return { idle: 0, wrong: undefined }
    const began = now()
    const waits = [Waiting.of(running.pid), Waiting.of(process.pid)]
    incarnation.stoppingSince = began
    state = "stopping"
    process.kill(running.pid, "SIGTERM")
    while (running.ended() === undefined && now() - began < drain + longest) {
      for (const each of waits) each.look()
      await sleep(20)
    }
    waits[1]?.look()
    const last = Math.max(began, incarnation.lastEnded)
    const idle = now() - last
    state = "down"
    const how = running.ended()
    await running.stop()
    incarnation.agent.destroy()
    incarnation = incarnate()
    child = undefined
    // On a busy machine that process waits for a core, and so does this one, which notices the end late.
    const allowed = longestIdle + waits.reduce((sum, each) => sum + each.since(last), 0)
    const wrong =
      how === undefined
        ? `${name} did not stop within its drain and ${longest / 1000} s`
        : how !== 0
          ? `${name} ended with ${how}: ${running.said().slice(-500)}`
          : idle > allowed
            ? `${name} stopped ${Math.round(idle)} ms after its last answer; ${Math.round(allowed)} are allowed`
            : undefined
    return { idle, wrong }
  }
  const held = async (): Promise<Held> => {
    if (child === undefined) throw new Error(`${name} does not run`)
    const how = child.ended()
    if (how !== undefined) throw new Error(`${name} ended by itself with ${how}: ${child.said()}`)
    await rm(probeFile, { force: true })
    process.kill(child.pid, "SIGUSR2")
    for (let count = 0; count < 200; count++) {
      await sleep(50)
      const text = await readFile(probeFile, "utf8").catch(() => "")
      if (text.endsWith("}")) return JSON.parse(text)
    }
    throw new Error(`${name} does not report what it holds`)
  }
  const signal = (name: NodeJS.Signals) => {
    if (child !== undefined && child.ended() === undefined) process.kill(child.pid, name)
  }
  await begin()
  return {
    name,
    origin: `http://127.0.0.1:${port}`,
    isStopped,
    state: () => state,
    drain,
    incarnation: () => incarnation,
    reload: async (change) => {
      await writeFile(file, typeof change === "string" ? change : JSON.stringify({ ...config, ...change }))
      if (child?.ended() === undefined && child !== undefined) process.kill(child.pid, "SIGHUP")
    },
    start: begin,
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    stop,
    held,
    said: () => child?.said() ?? ""
  }
}
