/**
 * Loaded into the gateway's process for the hostile runs: on SIGUSR2 it writes the longest pause of the event loop and the most
 * memory since the last time into the file that PROBE_FILE names, and begins anew.
 */
import { writeFileSync } from "node:fs"
import { performance } from "node:perf_hooks"

const file = process.env.PROBE_FILE

/** How often is looked, in milliseconds. */
const every = 5

if (file !== undefined) {
  let last = performance.now()
  let longest = 0
  let peak = 0
  setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last - every)
    last = now
    peak = Math.max(peak, process.memoryUsage.rss())
  }, every).unref()
  process.on("SIGUSR2", () => {
    globalThis.gc?.()
    writeFileSync(file, JSON.stringify({ longest, peak, rss: process.memoryUsage.rss() }))
    longest = 0
    peak = 0
    last = performance.now()
  })
}
