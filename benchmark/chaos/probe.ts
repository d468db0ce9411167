/**
 * Loaded into the gateways. It adds a header with the current time to each call, since a busy provider may read the call much later.
 * On SIGUSR2 the process writes what it holds into the file that CHAOS_PROBE names.
 */
import { subscribe } from "node:diagnostics_channel"
import { writeFileSync } from "node:fs"
import { now, sentHeader } from "./clock.ts"

/** What a process holds after a garbage collection. */
export interface Held {
  /** Bytes of the heap. */
  readonly heap: number
  /** Open TCP connections. */
  readonly sockets: number
  readonly timers: number
}

const file = process.env.CHAOS_PROBE

interface Call {
  readonly addHeader: (name: string, value: string) => void
}

// https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
const stamp = (message: unknown): void => {
  const { request } = message as { readonly request: Call }
  request.addHeader(sentHeader, String(now()))
}

if (file !== undefined) {
  subscribe("undici:request:create", stamp)
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
