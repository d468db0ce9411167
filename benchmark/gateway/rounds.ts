/**
 * Measures systems in alternating rounds, so that the drift of a shared machine affects all of them. Medians count.
 */
import { Client } from "./client.ts"
import type { Options } from "./options.ts"
import { bodyOf, isWhole, type Payload, pathOf, targetPathOf } from "./payload.ts"
import type { System } from "./system.ts"
import { usageOf } from "./usage.ts"
import { load, type Request } from "./wrk.ts"

/** The results of one system with one payload. Times are milliseconds. */
export interface Measured {
  readonly system: System
  readonly perSecond: number
  /** Of all its processes, per request. */
  readonly cpu: number
  /** Resident at the end of the last round's load, in megabytes. */
  readonly memory: number
  readonly errors: number
  /** Over one connection. */
  readonly content: Spread
  readonly whole: Spread
}

/** The median and the 99th percentile of many times. */
export interface Spread {
  readonly p50: number
  readonly p99: number
}

/** The median of some numbers. */
export const median = (numbers: ReadonlyArray<number>): number => at(numbers, 0.5)

const at = (numbers: ReadonlyArray<number>, share: number): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

interface Tally {
  readonly system: System
  readonly request: Request
  readonly client: Client
  readonly perSecond: Array<number>
  readonly cpu: Array<number>
  readonly memory: Array<number>
  readonly content: Array<number>
  readonly whole: Array<number>
  errors: number
}

/** Seconds of load that do not count, while code is compiled and connections are made. */
const warmUp = 3

/** The other systems pass requests on: only ours translates. */
const asked = (systems: ReadonlyArray<System>, { translated }: Payload): ReadonlyArray<System> =>
  translated === undefined
    ? systems
    : systems.filter(({ name }, index) => index === 0 || name === "effect-failover")

/** Measures the systems with one payload. The first is the upstream itself. */
export const measure = async (
  systems: ReadonlyArray<System>,
  payload: Payload,
  options: Options,
  folder: string
): Promise<ReadonlyArray<Measured>> => {
  const tallies: Array<Tally> = []
  const { connections, rounds, seconds, single } = options

  for (const system of asked(systems, payload)) {
    const isTarget = system === systems[0]
    const spoken = isTarget ? payload.translated?.target : payload.translated?.caller
    const { href } = new URL(isTarget ? targetPathOf(payload) : pathOf(payload), system.url)
    const request = { url: href, headers: system.headers, body: bodyOf(payload, spoken) }
    const client = new Client()
    const seen = await client.send(request)
    if (seen.status !== 200 || !isWhole(payload, seen.text, spoken)) {
      client.close()
      console.log(`${system.name} is left out, it answers ${seen.status}: ${seen.text.slice(0, 300)}`)
      continue
    }
    await load(request, { connections, seconds: warmUp, folder })
    const lists = { perSecond: [], cpu: [], memory: [], content: [], whole: [] }
    tallies.push({ system, request, client, errors: 0, ...lists })
  }

  for (let round = 0; round < rounds; round++) {
    for (const tally of tallies) {
      for (let count = 0; count < single; count++) {
        const seen = await tally.client.send(tally.request)
        tally.content.push(seen.content)
        tally.whole.push(seen.whole)
      }
    }
    for (const tally of tallies) {
      const { pid } = tally.system.child
      const before = usageOf(pid)
      const { duration, errors, requests } = await load(tally.request, { connections, seconds, folder })
      const after = usageOf(pid)
      tally.perSecond.push(requests / duration)
      tally.cpu.push((after.cpu - before.cpu) / requests)
      tally.memory.push(after.memory)
      tally.errors += errors
    }
  }

  return tallies.map(({ client, content, cpu, errors, memory, perSecond, system, whole }) => {
    client.close()
    return {
      system,
      perSecond: median(perSecond),
      cpu: median(cpu),
      memory: memory.at(-1) ?? Number.NaN,
      errors,
      content: { p50: median(content), p99: at(content, 0.99) },
      whole: { p50: median(whole), p99: at(whole, 0.99) }
    }
  })
}
