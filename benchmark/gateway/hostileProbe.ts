/**
 * Loaded into the gateway's process for the hostile runs: on SIGUSR2 it writes the longest pause of the event loop, the most work
 * between two samples and the most memory since the last time into the file that PROBE_FILE names, and starts again.
 */
import { writeFileSync } from "node:fs"
import { performance } from "node:perf_hooks"

const file = process.env.PROBE_FILE

/** The interval of samples, in milliseconds. */
const every = 5

/** The work of the event loop's thread so far, in milliseconds. */
const worked = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (user + system) / 1000
}

if (file !== undefined) {
  let last = performance.now()
  let lastWork = worked()
  let longest = 0
  let work = 0
  let peak = 0
  setInterval(() => {
    const now = performance.now()
    const nowWork = worked()
    longest = Math.max(longest, now - last - every)
    work = Math.max(work, nowWork - lastWork)
    last = now
    lastWork = nowWork
    peak = Math.max(peak, process.memoryUsage.rss())
  }, every).unref()
  process.on("SIGUSR2", () => {
    globalThis.gc?.()
    writeFileSync(file, JSON.stringify({ longest, work, peak, rss: process.memoryUsage.rss() }))
    longest = 0
    work = 0
    peak = 0
    lastWork = worked()
    last = performance.now()
  })
}
