/** A Redis for the run, which can be paused, killed and started. */
import { type Child, freePort, run, start } from "../gateway/child.ts"

export interface Redis {
  readonly url: string
  readonly pause: () => void
  readonly resume: () => void
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
}

/** Starts one. `undefined` if `redis-server` is not installed. */
export const make = async (folder: string): Promise<Redis | undefined> => {
  if ((await run("redis-server", ["--version"])).code !== 0) return undefined
  const port = await freePort()
  let child: Child | undefined
  const begin = async () => {
    const args = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      folder
    ]
    child = await start("redis-server", args, port)
  }
  const signal = (name: NodeJS.Signals) => {
    if (child !== undefined && child.ended() === undefined) process.kill(child.pid, name)
  }
  await begin()
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    kill: async () => {
      signal("SIGKILL")
      await child?.stop()
      child = undefined
    },
    start: begin
  }
}
