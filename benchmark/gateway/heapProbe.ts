/**
 * Loaded into the gateway's process for the soak: on SIGUSR2 it collects garbage and writes the
 * bytes that are left into the file that HEAP_FILE names.
 */
import { writeFileSync } from "node:fs"

const file = process.env.HEAP_FILE

if (file !== undefined) {
  process.on("SIGUSR2", () => {
    globalThis.gc?.()
    writeFileSync(file, String(process.memoryUsage().heapUsed))
  })
}
