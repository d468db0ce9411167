/** How long a process waited for a core. On a busy machine that time is subtracted from what it may take. */
import { readdirSync, readFileSync } from "node:fs"
import { now } from "./clock.ts"

/** Watches one process. */
export interface Waiting {
  /** Records its wait so far. Does nothing if the system does not report it or the process is gone. */
  readonly look: () => void
  /** How long it waited from this time until the last look, in milliseconds. */
  readonly since: (time: number) => number
}

/** Watches all threads of a process, since its main thread waits for the others. */
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
      // Only Linux reports this, and a thread may have ended.
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
