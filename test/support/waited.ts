/** How long this thread had to wait for a core: on a busy machine that is no fault of what is measured in it. */
import { readFileSync } from "node:fs"

/** So far, in milliseconds; 0 where the system does not tell. Only Linux tells. */
export const waited = (): number => {
  try {
    // The time on a core, the time of waiting for one, both in nanoseconds, and how often it got one.
    const [, nanos] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")
    return Number(nanos) / 1e6
  } catch {
    return 0
  }
}
