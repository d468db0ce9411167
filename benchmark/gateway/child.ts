/** Programs that the benchmark starts, and ends by their own process ids. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { connect, createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** A running program. */
export interface Child {
  readonly pid: number
  /** The end of its output. */
  readonly said: () => string
  /** Its exit code, or the signal that ended it; `undefined` while it runs. */
  readonly ended: () => number | string | undefined
  readonly stop: () => Promise<void>
}

/** How long a program may take to listen, and to end when it is stopped, in milliseconds. */
const maxWait = { start: 180_000, stop: 5_000 }

const running = new Set<ChildProcess>()

/** A port that is free now. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string") throw new Error("no free port")
  return address.port
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })

/** Starts a program and waits until it listens on its port. Its output is shown only if it fails to. */
export const start = async (
  command: string,
  args: ReadonlyArray<string>,
  port: number,
  env: Readonly<Record<string, string>> = {}
): Promise<Child> => {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } })
  running.add(child)
  let said = ""
  const hear = (part: Buffer) => {
    said = (said + part.toString()).slice(-4_000)
  }
  child.stdout.on("data", hear)
  child.stderr.on("data", hear)
  let failed: Error | undefined
  child.once("error", (error) => {
    failed = error
  })
  const until = performance.now() + maxWait.start
  while (!(await isListening(port))) {
    if (failed !== undefined || child.exitCode !== null || performance.now() > until) {
      await stop(child)
      throw new Error(`${command} ${args.join(" ")} did not start: ${failed?.message ?? said}`)
    }
    await sleep(50)
  }
  return {
    pid: child.pid ?? 0,
    said: () => said,
    ended: () => child.exitCode ?? child.signalCode ?? undefined,
    stop: () => stop(child)
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null

const stop = async (child: ChildProcess): Promise<void> => {
  running.delete(child)
  if (!isRunning(child)) return
  const ended = once(child, "exit")
  child.kill("SIGTERM")
  const late = new AbortController()
  await Promise.race([ended, sleep(maxWait.stop, undefined, { signal: late.signal }).catch(() => undefined)])
  late.abort()
  if (isRunning(child)) {
    child.kill("SIGKILL")
    await ended
  }
}

/** Ends all programs that still run. Called at every end of the benchmark. */
export const stopAll = async (): Promise<void> => {
  await Promise.all([...running].map(stop))
}

/** Runs a program to its end and returns its output. */
export const run = async (
  command: string,
  args: ReadonlyArray<string>
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> => {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })
  running.add(child)
  let out = ""
  let err = ""
  child.stdout.on("data", (part: Buffer) => (out += part.toString()))
  child.stderr.on("data", (part: Buffer) => (err += part.toString()))
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      err += error.message
      resolve(null)
    })
    child.once("close", (status) => resolve(status))
  })
  running.delete(child)
  return { code, out, err }
}
