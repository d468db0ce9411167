/** Redis servers for tests, on free ports of 127.0.0.1, and their faults. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Files from "./files.ts"

/** Whether the program is installed. Otherwise the tests that need it are skipped, with a reason. */
export const isInstalled: boolean = spawnSync("redis-server", ["--version"]).status === 0

/** Why tests are skipped. */
export const missing = "redis-server is not installed"

/** A running server. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** It keeps its sockets open and does not answer. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** It ends and loses its data. */
  readonly kill: Effect.Effect<void>
  /** A new, empty server starts on the same port. */
  readonly restart: Effect.Effect<void>
}

const freePort = Effect.callback<number>((resume) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as net.AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Starts a server with these arguments behind its port and waits until it answers. It ends with the scope. */
const run = Effect.fnUntraced(function* (argsOf: (port: number) => ReadonlyArray<string>) {
  const port = yield* freePort
  let child: ChildProcess | undefined
  const start = Effect.callback<void>((resume) => {
    child = spawn("redis-server", argsOf(port), { stdio: ["ignore", "pipe", "ignore"] })
    child.stdout?.on("data", (data: Buffer) => {
      if (/Ready to accept connections|Sentinel ID is/.test(data.toString())) resume(Effect.void)
    })
  })
  const kill = Effect.callback<void>((resume) => {
    const running = child
    if (running === undefined || running.exitCode !== null) return resume(Effect.void)
    running.once("exit", () => resume(Effect.void))
    running.kill("SIGKILL")
    child = undefined
  })
  const signal = (name: NodeJS.Signals) => Effect.sync(() => void child?.kill(name))
  yield* Effect.acquireRelease(start, () => kill)
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    pause: signal("SIGSTOP"),
    resume: signal("SIGCONT"),
    kill,
    restart: Effect.andThen(kill, start)
  }
  return server
})

const onPort = (port: number) => ["--port", String(port), "--bind", "127.0.0.1", "--save", ""]

/** A server with these options. */
export const withOptions = (
  ...options: ReadonlyArray<string>
): Effect.Effect<RedisServer, never, Scope.Scope> => run((port) => [...onPort(port), ...options])

/** Starts a server and waits until it answers. It ends with the scope. */
export const make: Effect.Effect<RedisServer, never, Scope.Scope> = withOptions()

/** A server that reads and writes this config file, such as a Sentinel. */
export const withConfig = (
  file: string,
  ...options: ReadonlyArray<string>
): Effect.Effect<RedisServer, never, Scope.Scope> =>
  run((port) => [file, "--port", String(port), "--bind", "127.0.0.1", ...options])

/** A server that accepts TLS only. */
export const withTls = (...options: ReadonlyArray<string>): Effect.Effect<RedisServer, never, Scope.Scope> =>
  run((port) => [...onPort(0), "--tls-port", String(port), ...options])

/** The answer of a server to one command whose words contain no spaces. */
const ask = (port: number, ...words: ReadonlyArray<string>) =>
  Effect.callback<string>((resume) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(`${words.join(" ")}\r\n`))
    socket.once("data", (data) => {
      socket.destroy()
      resume(Effect.succeed(data.toString()))
    })
  })

const slots = 16_384

/** Starts a cluster with this many nodes and no replicas, and returns their URLs. */
export const cluster = Effect.fnUntraced(function* (count: number) {
  const nodes: Array<{ readonly server: RedisServer; readonly bus: number }> = []
  for (let i = 0; i < count; i++) {
    const bus = yield* freePort
    const folder = yield* Files.folder
    const options = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--dir", folder]
    nodes.push({ server: yield* withOptions(...options), bus })
  }
  const first = nodes[0]!.server.port
  for (const [i, { bus, server }] of nodes.entries()) {
    const from = Math.floor((slots * i) / count)
    const to = Math.floor((slots * (i + 1)) / count) - 1
    yield* ask(server.port, "CLUSTER", "ADDSLOTSRANGE", String(from), String(to))
    if (i > 0) yield* ask(first, "CLUSTER", "MEET", "127.0.0.1", String(server.port), String(bus))
  }
  const isReady: Effect.Effect<void> = Effect.flatMap(
    Effect.forEach(nodes, ({ server }) => ask(server.port, "CLUSTER", "INFO")),
    (infos) =>
      infos.every((info) => info.includes("cluster_state:ok"))
        ? Effect.void
        : Effect.andThen(Effect.sleep("50 millis"), isReady)
  )
  yield* isReady
  return nodes.map(({ server }) => server.url)
})
