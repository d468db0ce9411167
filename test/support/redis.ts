/** A Redis server of the test's own, on a free port of 127.0.0.1, and what can happen to it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** True where the program is installed; else tests that need it say why they are skipped. */
export const isInstalled: boolean = spawnSync("redis-server", ["--version"]).status === 0

/** Why tests are skipped. */
export const missing = "redis-server is not installed"

/** A running server. */
export interface RedisServer {
  readonly url: string
  /** It keeps its sockets and answers nothing. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** It is gone, with all its data. */
  readonly kill: Effect.Effect<void>
  /** A new one, empty, on the same port. */
  readonly restart: Effect.Effect<void>
}

const freePort = Effect.callback<number>((resume) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as net.AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Starts a server and waits until it answers. It ends with the scope. */
export const make: Effect.Effect<RedisServer, never, Scope.Scope> = Effect.gen(function* () {
  const port = yield* freePort
  let child: ChildProcess | undefined
  const start = Effect.callback<void>((resume) => {
    child = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", ""], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    child.stdout?.on("data", (data: Buffer) => {
      if (data.toString().includes("Ready to accept connections")) resume(Effect.void)
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
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: signal("SIGSTOP"),
    resume: signal("SIGCONT"),
    kill,
    restart: Effect.andThen(kill, start)
  }
})
