/**
 * A server on 127.0.0.1 that misbehaves by a script.
 *
 * A list of steps says what it does with a request. `requests` holds the requests that it received. It closes with its
 * scope, at once and with all its sockets.
 */

import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** One step of the server. Waits are milliseconds of real time. */
export type Step =
  /** The status line and the headers. */
  | { readonly head: number; readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>> }
  /** Some bytes of the body, in one write, or in writes of this many bytes with a pause after each. */
  | { readonly send: string | Uint8Array; readonly by?: number; readonly pause?: number }
  | { readonly wait: number }
  /** Nothing more happens. */
  | { readonly hang: true }
  /** The connection is reset (RST). */
  | { readonly reset: true }
  /** The connection is closed (FIN), even in the middle of an answer. */
  | { readonly cut: true }
  /** Bytes that are written to the socket as they are, outside of HTTP. */
  | { readonly raw: string }
  | { readonly end: true }

/** All that the server does with one request. */
export type Behaviour = ReadonlyArray<Step>

/** One request as it was received. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly model: string | undefined
  /** The number of the server's socket that it came over: 1, 2, … */
  readonly socket: number
  /** The client left before the answer was complete. */
  readonly aborted: boolean
  /** Bytes of the answer that the client has not read yet. */
  readonly unsent: number
  /** The progress of its answer, without the body. */
  readonly progress: Progress
}

/** The progress of an answer. */
export interface Progress {
  /** The current step, or how the answer ended. */
  readonly at: string
  /** Since when, in milliseconds of `performance.now()`. */
  readonly since: number
}

/** A running server. */
export interface FaultServer {
  /** `http://127.0.0.1:54321` */
  readonly origin: string
  /** Every request so far whose body has been read. */
  readonly requests: ReadonlyArray<Seen>
  /** Empties `requests`, for runs with many requests. */
  readonly forget: () => void
  /** How many connections were made so far. */
  readonly sockets: number
  /** Requests whose answer has not ended, and whose client is still there. */
  readonly running: number
  /** What the next requests get, in order. The last one is repeated. */
  readonly play: (...behaviours: ReadonlyArray<Behaviour>) => void
  /** What a request gets, by its content. Overrides `play` where it returns something. */
  readonly answer: (f: (request: Seen) => Behaviour | undefined) => void
}

/** Starts a server on this port. Dies if the port is in use. */
export const makeAt = (port: number): Effect.Effect<FaultServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = new Server()
      server.http.once("error", (error) => resume(Effect.die(error)))
      server.http.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        for (const socket of server.open) socket.destroy()
        server.http.close(() => resume(Effect.void))
      })
  )

/** Starts a server on a free port. */
export const make: Effect.Effect<FaultServer, never, Scope.Scope> = makeAt(0)

/** An origin that refuses connections. */
export const refused: Effect.Effect<string> = Effect.callback<string>((resume) => {
  const server = net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(`http://127.0.0.1:${port}`)))
  })
})

/** An origin that accepts connections and sends nothing. */
export const mute: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.callback<{ readonly server: net.Server; readonly open: Set<net.Socket> }>((resume) => {
      const open = new Set<net.Socket>()
      const server = net.createServer((socket) => {
        open.add(socket)
        socket.on("error", () => {})
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, open })))
    }),
    ({ open, server }) =>
      Effect.callback<void>((resume) => {
        for (const socket of open) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  ),
  ({ server }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
)

interface Recording extends Seen {
  aborted: boolean
  readonly progress: { at: string; since: number }
}

class Server implements FaultServer {
  readonly http: http.Server
  readonly open = new Set<net.Socket>()
  readonly requests: Array<Recording> = []
  readonly #ids = new WeakMap<net.Socket, number>()
  sockets = 0
  running = 0
  #script: ReadonlyArray<Behaviour> = []
  #played = 0
  #answer: (request: Seen) => Behaviour | undefined = () => undefined

  constructor() {
    this.http = http.createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
      const parts: Array<Uint8Array> = []
      request.on("data", (part) => parts.push(part))
      request.on("error", () => {})
      request.on("end", () => void this.#serve(request, response, Buffer.concat(parts).toString()))
    })
    this.http.on("connection", (socket) => {
      this.#ids.set(socket, ++this.sockets)
      this.open.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => this.open.delete(socket))
    })
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`
  }

  readonly forget = (): void => {
    this.requests.length = 0
  }

  readonly play = (...behaviours: ReadonlyArray<Behaviour>): void => {
    this.#script = behaviours
    this.#played = 0
  }

  readonly answer = (f: (request: Seen) => Behaviour | undefined): void => {
    this.#answer = f
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse, body: string): Promise<void> {
    const seen: Recording = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)])
      ),
      body,
      model: modelOf(body),
      socket: this.#ids.get(request.socket) ?? 0,
      aborted: false,
      progress: { at: "received", since: performance.now() },
      get unsent() {
        return response.writableLength
      }
    }
    this.requests.push(seen)
    let isGone = false
    this.running++
    const { progress } = seen
    const reach = (at: string) => {
      progress.at = at
      progress.since = performance.now()
    }
    response.on("close", () => {
      isGone = true
      this.running--
      if (!response.writableFinished) seen.aborted = true
      reach(response.writableFinished ? "finished" : `left or broken off at "${progress.at}"`)
    })
    const script = this.#script
    const behaviour = this.#answer(seen) ?? script[this.#played++] ?? script.at(-1) ?? [{ reset: true }]
    for (const step of behaviour) {
      if (isGone) return
      reach(Object.keys(step)[0] ?? "")
      await perform(step, request, response)
    }
  }
}

const perform = async (
  step: Step,
  request: http.IncomingMessage,
  response: http.ServerResponse
): Promise<void> => {
  const { socket } = request
  if ("head" in step) {
    response.writeHead(step.head, step.headers as http.OutgoingHttpHeaders)
    response.flushHeaders()
  } else if ("send" in step) {
    const bytes = typeof step.send === "string" ? Buffer.from(step.send) : step.send
    const by = step.by ?? Math.max(1, bytes.length)
    for (let at = 0; at < bytes.length && !response.destroyed; at += by) {
      response.write(bytes.subarray(at, at + by))
      // At least one turn of the event loop, so that each write is a packet of its own.
      if (by < bytes.length) await sleep(step.pause ?? 0)
    }
  } else if ("wait" in step) await sleepUnlessGone(step.wait, response)
  else if ("hang" in step) await new Promise<void>((resolve) => response.on("close", resolve))
  else if ("reset" in step) socket.resetAndDestroy()
  else if ("cut" in step) {
    await new Promise<void>((resolve) => socket.end(resolve))
    socket.destroy()
  } else if ("raw" in step) socket.write(step.raw)
  else response.end()
}

const sleep = (millis: number): Promise<void> =>
  new Promise((resolve) => (millis === 0 ? setImmediate(resolve) : setTimeout(resolve, millis)))

/** A wait that ends early when the client disconnects. */
const sleepUnlessGone = (millis: number, response: http.ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    if (millis === 0) return void setImmediate(resolve)
    const wake = () => {
      clearTimeout(timer)
      response.off("close", wake)
      resolve()
    }
    const timer = setTimeout(wake, millis)
    response.once("close", wake)
  })

const modelOf = (body: string): string | undefined => {
  try {
    const model = JSON.parse(body)?.model
    return typeof model === "string" ? model : undefined
  } catch {
    return undefined
  }
}

/** A JSON answer. */
export const json = (
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {}
): Behaviour =>
  text(typeof body === "string" ? body : JSON.stringify(body), status, {
    "content-type": "application/json",
    ...headers
  })

/** An answer that is just this text. */
export const text = (
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {}
): Behaviour => [
  { head: status, headers: { "content-length": String(Buffer.byteLength(body)), ...headers } },
  { send: body },
  { end: true }
]

const eventStream = { "content-type": "text/event-stream; charset=utf-8" }

/** The head of an event stream. */
export const sseHead: Step = { head: 200, headers: eventStream }

/** A stream of these events. Each is written unchanged, with a turn of the event loop between two. */
export const sse = (events: ReadonlyArray<string>): Behaviour => [
  sseHead,
  ...events.flatMap((event): ReadonlyArray<Step> => [{ send: event }, { wait: 0 }]),
  { end: true }
]
