/**
 * `npm run bench:gateway -- --soak 10m`: the gateway's memory under full load.
 *
 * Answers, streams, a chain whose first target is down, chains whose targets are all down, streams that are cut, and callers
 * that disconnect, all concurrently. The heap after a collection counts: the rest of the process's memory is kept by the
 * runtime for itself.
 */
import { readFile, rm } from "node:fs/promises"
import { request } from "node:http"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { freePort } from "./child.ts"
import { ours } from "./ours.ts"
import { bodyOf, payloads } from "./payload.ts"
import { median } from "./rounds.ts"
import { here, type System, upstream } from "./system.ts"
import { usageOf } from "./usage.ts"
import { load } from "./wrk.ts"

/** The interval of memory samples. */
const samples = 20

/** The most that the last fifth may lie above the second one: more would be growth, not noise. */
const flat = 1.1

interface Sample {
  /** Seconds since the load began. */
  readonly at: number
  /** After a collection, in megabytes. */
  readonly heap: number
  /** In megabytes. */
  readonly resident: number
}

const bodies = (model: string, stream: boolean): string =>
  JSON.stringify({ ...JSON.parse(bodyOf(payloads[0]!)), model, stream })

/** The requests, and the number of connections for each. */
const mix = [
  { body: bodyOf(payloads[0]!), connections: 8 },
  { body: bodyOf(payloads[1]!), connections: 8 },
  { body: bodyOf(payloads[2]!), connections: 2 },
  { body: bodies("rescued", false), connections: 2 },
  { body: bodies("hopeless", false), connections: 1 },
  { body: bodies("cut", true), connections: 2 }
]

/** Prints the gateway's memory while it is under load, and whether it stayed flat. */
export const soak = async (millis: number, folder: string): Promise<boolean> => {
  const direct = await upstream(await freePort())
  const file = join(folder, "heap")
  const place = { port: await freePort(), upstream: new URL(direct.url).origin, folder }
  const gateway = await ours(place, ["--expose-gc", "--import", here("heapProbe.ts")], { HEAP_FILE: file })
  const began = performance.now()
  const ends = began + millis
  const seconds = Math.ceil(millis / 1000)
  const { headers, url } = gateway
  const loads = mix.map(({ body, connections }) =>
    load({ url, headers, body }, { connections, seconds, folder })
  )
  const left = hangUp(gateway, ends)

  console.log("\n| seconds | heap MB | resident MB |\n| --: | --: | --: |")
  const seen: Array<Sample> = []
  for (let count = 1; count <= samples; count++) {
    await sleep(Math.max(0, began + (millis * count) / (samples + 1) - performance.now()))
    const at = (performance.now() - began) / 1000
    const heap = await heapOf(gateway.child.pid, file)
    const sample = { at, heap, resident: usageOf(gateway.child.pid).memory }
    seen.push(sample)
    console.log(`| ${at.toFixed(0)} | ${heap.toFixed(1)} | ${sample.resident.toFixed(0)} |`)
  }

  const requests = (await Promise.all(loads)).reduce((sum, each) => sum + each.requests, 0)
  console.log(`\n${requests} requests were answered, and ${await left} callers hung up.`)
  return isFlat("heap", seen) && isFlat("resident", seen)
}

const isFlat = (what: "heap" | "resident", seen: ReadonlyArray<Sample>): boolean => {
  const fifth = samples / 5
  const of = (fifths: number) =>
    median(seen.slice(fifths * fifth, (fifths + 1) * fifth).map((each) => each[what]))
  const growth = of(4) / of(1)
  const verdict = growth <= flat ? "flat" : "**grows**"
  console.log(`- ${what}, the last fifth against the second: ${growth.toFixed(2)} times: ${verdict}`)
  return growth <= flat
}

/** Asks the process for its heap. */
const heapOf = async (pid: number, file: string): Promise<number> => {
  await rm(file, { force: true })
  process.kill(pid, "SIGUSR2")
  for (let count = 0; count < 100; count++) {
    await sleep(50)
    const text = await readFile(file, "utf8").catch(() => "")
    if (text !== "") return Number(text) / 1e6
  }
  throw new Error("the gateway does not tell its heap")
}

/** Callers that disconnect at the first bytes of their stream, one after the other. Counts them. */
const hangUp = async ({ headers, url }: System, ends: number): Promise<number> => {
  let count = 0
  const body = bodyOf(payloads[2]!)
  while (performance.now() < ends) {
    await new Promise<void>((resolve) => {
      const sent = request(url, { method: "POST", headers, timeout: 10_000 }, (response) => {
        response.on("error", () => undefined)
        response.once("data", () => sent.destroy())
      })
      sent
        .on("error", () => undefined)
        .on("timeout", () => sent.destroy())
        .on("close", () => resolve())
      sent.end(body)
    })
    count++
    await sleep(10)
  }
  return count
}
