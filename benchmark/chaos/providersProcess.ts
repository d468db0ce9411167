/**
 * The providers of a run, in a process of their own, so that they answer in time even while the callers are busy.
 *
 * Its arguments configure it. It reports the requests of the providers, and their progress, to its parent.
 */
import * as http from "node:http"
import { now, sentHeader } from "./clock.ts"
import * as FaultMix from "./faultMix.ts"
import type { Came, Order, Over, Report } from "./messages.ts"
import { nothing, turnOf } from "./provider.ts"
import { play } from "./stage.ts"
import { type Member, members } from "./world.ts"

/** The interval of its reports, in milliseconds. */
const every = 20

const seed = Number(process.argv[2])
const mix = FaultMix.make(seed, now())

let came: Array<Came> = []
let over: Array<Over> = []
const running = members.map(() => 0)
let lastId = 0

/** How often each request came to any provider, for the last tens of thousands of requests. */
let visits = new Map<string, number>()
let older = new Map<string, number>()

const visitOf = (nonce: string): number => {
  const count = visits.get(nonce) ?? older.get(nonce) ?? 0
  visits.set(nonce, count + 1)
  if (visits.size > 20_000) {
    older = visits
    visits = new Map()
  }
  return count
}

const serve = (
  member: Member,
  index: number,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: string
): void => {
  const { headers, url: path = "" } = request
  const began = now()
  const turn = turnOf(seed, member, mix, visitOf, { path, headers, body })
  const id = ++lastId
  if (turn !== undefined) {
    const { fault, nonce, target } = turn
    came.push({ id, nonce, target, fault, began, sent: Number(headers[sentHeader] ?? began) })
  }
  running[index] = (running[index] ?? 0) + 1
  play(turn?.behaviour ?? nothing, request, response, (at) => {
    running[index] = (running[index] ?? 0) - 1
    if (turn !== undefined) over.push({ id, at, since: now() })
  })
}

const start = (member: Member, index: number): Promise<number> =>
  new Promise((resolve) => {
    const server = http.createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("error", () => {})
      request.on("end", () => serve(member, index, request, response, Buffer.concat(parts).toString()))
    })
    server.on("connection", (socket) => socket.on("error", () => {}))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

const report = (ports?: ReadonlyArray<number>): void => {
  const upTo = now()
  // Everything that has reached a socket by then is read two turns of the event loop later.
  setImmediate(() =>
    setImmediate(() => {
      const all: Report = { upTo, came, over, running, ...(ports !== undefined && { ports }) }
      came = []
      over = []
      process.send?.(all)
    })
  )
}

process.on("message", (order: Order) => {
  if (order === "clear") mix.clear()
})
process.on("disconnect", () => process.exit(0))
report(await Promise.all(members.map(start)))
setInterval(() => report(), every)
