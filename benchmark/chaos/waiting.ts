/** How long a process had to wait for a core: on a busy machine that is no fault of the process. */
import { readdirSync, readFileSync } from "node:fs"
import { now } from "./clock.ts"

/** Watches one process. */
export interface Waiting {
  /** Looks how long it has waited so far; nothing where the system does not tell, or the process is gone. */
  readonly look: () => void
  /** How long it waited from this time until the last look, in milliseconds. */
  readonly since: (time: number) => number
}

/** Begins to watch all threads of a process: its main thread waits for the others, too. */
export const of = (pid: number): Waiting => {
  const threads = new Map<string, number>()
  const seen: Array<{ readonly at: number; readonly waited: number }> = []
  const look = () => {
    try {
      const tasks = `/proc/${pid}/task`
      for (const task of readdirSync(tasks)) {
        // The time on a core, the time of waiting for one, both in nanoseconds, and how often it got one.
        const [, nanos] = readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")
        threads.set(task, Number(nanos) / 1e6)
      }
    } catch {
      // Only Linux tells, and a thread may have ended.
    }
    seen.push({ at: now(), waited: [...threads.values()].reduce((sum, each) => sum + each, 0) })
  }
  look()
  return {
    look,
    since: (time) => {
      const last = seen.at(-1)
      if (last === undefined) return 0
      const first = seen.findLast(({ at }) => at <= time) ?? seen[0]
      return last.waited - (first?.waited ?? 0)
    }
  }
}
