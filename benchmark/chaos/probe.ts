/** Loaded into the gateways: on SIGUSR2 a process writes what it holds into the file that CHAOS_PROBE names. */
import { writeFileSync } from "node:fs"

/** What a process holds, after a collection. */
export interface Held {
  /** Bytes of the heap. */
  readonly heap: number
  /** Open TCP connections. */
  readonly sockets: number
  readonly timers: number
}

const file = process.env.CHAOS_PROBE

if (file !== undefined) {
  process.on("SIGUSR2", () => {
    globalThis.gc?.()
    const active = process.getActiveResourcesInfo()
    const count = (name: string) => active.filter((each) => each === name).length
    const held: Held = {
      heap: process.memoryUsage().heapUsed,
      sockets: count("TCPSocketWrap"),
      timers: count("Timeout")
    }
    writeFileSync(file, JSON.stringify(held))
  })
}
