/** How long this thread waited for a core. On a busy machine that time has to be subtracted from a measurement. */
import { readFileSync } from "node:fs"

/** The wait so far, in milliseconds. 0 on systems that do not report it; only Linux does. */
export const waited = (): number => {
  try {
    // The time on a core, the time of waiting for one, in nanoseconds, and the number of time slices.
    const [, nanos] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")
    return Number(nanos) / 1e6
  } catch {
    return 0
  }
}
