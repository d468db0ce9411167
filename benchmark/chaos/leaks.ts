/** What is left after the run: sockets, requests, memory and probe slots. */
import * as http from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { token } from "./caller.ts"
import type { Gateway } from "./gateways.ts"
import type { Held } from "./probe.ts"
import type { Providers } from "./providers.ts"
import { credentials, members } from "./world.ts"

/** How long resources may take to be released, in milliseconds. */
const maxWait = 20_000

/** The most that the heap may grow between a fifth of the run and its end, as a share and in bytes. */
const growth = { share: 1.3, bytes: 12e6 }

const within = async (isTrue: () => boolean | Promise<boolean>): Promise<boolean> => {
  const until = performance.now() + maxWait
  do {
    if (await isTrue()) return true
    await sleep(250)
  } while (performance.now() < until)
  return false
}

const targetOf = (gateway: Gateway, model: string): Promise<string> =>
  new Promise((resolve) => {
    const request = http.request(`${gateway.origin}/v1/chat/completions`, {
      method: "POST",
      agent: false,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }
    })
    request.on("error", () => resolve(""))
    request.on("response", (response) => {
      response.resume()
      response.on("close", () => resolve(String(response.headers["x-failover-target"] ?? "")))
    })
    request.end(JSON.stringify({ model, messages: [{ role: "user", content: "size=80 tool=no" }] }))
  })

/** Targets that no request reaches although no provider fails any more: a probe slot was not released. */
export const places = async (gateways: ReadonlyArray<Gateway>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const gateway of gateways) {
    const missing = new Set(
      members.flatMap(({ name }) => credentials.map((credential) => `${name}/m#${credential}`))
    )
    await within(async () => {
      for (const { name } of members) missing.delete(await targetOf(gateway, `${name}/m`))
      return missing.size === 0
    })
    found.push(...[...missing].map((target) => `${gateway.name} never calls ${target} again`))
  }
  return found
}

/** Requests that providers still answer although all callers have left. */
export const running = async (providers: Providers): Promise<ReadonlyArray<string>> => {
  const busy = () => providers.running().filter(([, count]) => count > 0)
  await within(() => busy().length === 0)
  return busy().map(([name, count]) => `${count} requests are still open at ${name}`)
}

/** Connections beyond those that a gateway had before the first request. All callers and providers are gone by then. */
export const sockets = async (
  gateways: ReadonlyArray<Gateway>,
  before: ReadonlyMap<string, Held>
): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const gateway of gateways) {
    const most = before.get(gateway.name)?.sockets ?? 0
    let last = 0
    const isBack = await within(async () => (last = (await gateway.held()).sockets) <= most)
    if (!isBack) found.push(`${gateway.name} holds ${last} connections, and held ${most} before`)
  }
  return found
}

/** Compares the heap at the end with an early one, for the gateways that were never stopped. */
export const memory = (
  gateways: ReadonlyArray<Gateway>,
  early: ReadonlyMap<string, Held>,
  end: ReadonlyMap<string, Held>
): ReadonlyArray<string> =>
  gateways
    .filter(({ isStopped }) => !isStopped)
    .flatMap(({ name }) => {
      const [first, last] = [early.get(name)?.heap ?? 0, end.get(name)?.heap ?? 0]
      if (last <= first * growth.share + growth.bytes) return []
      return [`the heap of ${name} grew from ${(first / 1e6).toFixed(1)} to ${(last / 1e6).toFixed(1)} MB`]
    })

/** What all running gateways hold. */
export const held = async (gateways: ReadonlyArray<Gateway>): Promise<ReadonlyMap<string, Held>> => {
  const found = new Map<string, Held>()
  for (const gateway of gateways) {
    if (gateway.state() === "up") found.set(gateway.name, await gateway.held())
  }
  return found
}
