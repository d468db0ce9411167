/** The connections of a transport over undici, to a server of this process. */
import { createServer, type Server } from "node:http"
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket
} from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as UndiciTransport from "../../../src/providers/transport/UndiciTransport.ts"

const limits = { answer: 1_000, error: 1_000, errorWait: 1_000 }

/** A server that answers everything with `fine`, and the connections that it has received. */
const server = Effect.acquireRelease(
  Effect.callback<{ readonly origin: string; readonly connections: Array<Socket>; readonly server: Server }>(
    (resume) => {
      const connections: Array<Socket> = []
      const server = createServer((_, response) => response.end("fine"))
      server.on("connection", (socket) => connections.push(socket))
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, connections, server }))
      })
    }
  ),
  ({ server }) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)

/** A server that never answers, and the first bytes that it received on each connection. */
const silentServer = Effect.acquireRelease(
  Effect.callback<{
    readonly origin: string
    readonly hellos: Array<string>
    readonly sockets: Array<Socket>
    readonly server: NetServer
  }>((resume) => {
    const [hellos, sockets]: [Array<string>, Array<Socket>] = [[], []]
    const server = createNetServer((socket) => {
      sockets.push(socket)
      socket.on("error", () => {})
      socket.once("data", (bytes) => hellos.push(bytes.toString("latin1")))
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({ origin: `https://127.0.0.1:${port}`, hellos, sockets, server }))
    })
  }),
  ({ server, sockets }) =>
    Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
)

const closed = (socket: Socket) =>
  Effect.callback<void>((resume) => {
    if (socket.destroyed) resume(Effect.void)
    else socket.on("close", () => resume(Effect.void))
  })

describe("a transport over undici", () => {
  it.live("uses a connection again, and closes it with its scope", () =>
    Effect.gen(function* () {
      const { connections, origin } = yield* server
      const scope = yield* Scope.make()
      const { exchange } = yield* Scope.provide(UndiciTransport.make(), scope)
      const request = { origin, path: "/", headers: {}, body: "{}", connectTimeout: 1_000 }
      for (let i = 0; i < 3; i++) {
        const { body, status } = yield* exchange(request, limits)
        assert.deepStrictEqual([status, Buffer.from(body).toString()], [200, "fine"])
        // undici reuses the connection a turn after the end of an answer.
        yield* Effect.sleep("5 millis")
      }
      assert.lengthOf(connections, 1)
      yield* exchange({ ...request, connectTimeout: Number.POSITIVE_INFINITY }, limits)
      assert.lengthOf(connections, 2, "one for each connect timeout")
      assert.isFalse(connections[0]!.destroyed)
      yield* Scope.close(scope, Exit.void)
      // An idle one is closed after some seconds in any case.
      yield* Effect.timeout(Effect.forEach(connections, closed), "1 second")
    })
  )

  it.live("has as many connections as requests at once, or as many as it may", () =>
    Effect.gen(function* () {
      const { connections, origin } = yield* server
      const request = { origin, path: "/", headers: {}, body: "{}", connectTimeout: 1_000 }
      const opened = Effect.fnUntraced(function* (options: UndiciTransport.Options) {
        const before = connections.length
        const { exchange } = yield* UndiciTransport.make(options)
        yield* Effect.all([exchange(request, limits), exchange(request, limits)], { concurrency: 2 })
        return connections.length - before
      }, Effect.scoped)
      assert.deepStrictEqual([yield* opened({}), yield* opened({ connections: 1 })], [2, 1])
      assert.throws(
        () => UndiciTransport.make({ connections: 0 }),
        /UndiciTransport\.make: connections is 0; it has to be a whole number, at least 1/
      )
    })
  )

  it.live("offers HTTP/2 only where the options say so, and gives up a handshake that takes too long", () =>
    Effect.gen(function* () {
      const { hellos, origin } = yield* silentServer
      const request = { origin, path: "/", headers: {}, body: "{}", connectTimeout: 50 }
      const refused = (options: UndiciTransport.Options) =>
        Effect.flatMap(UndiciTransport.make(options), ({ exchange }) =>
          Effect.flip(Effect.timeout(exchange(request, limits), "5 seconds"))
        )
      for (const [options, offers] of [
        [{}, false],
        [{ http2: true }, true]
      ] as const) {
        const error = yield* refused(options)
        assert.deepInclude(error, { answered: false, tooLarge: false })
        assert.include(error.cause, { code: "UND_ERR_CONNECT_TIMEOUT" })
        assert.strictEqual(hellos.at(-1)?.includes("\u0002h2"), offers)
      }
    })
  )

  it.effect("is shared by all providers that have none of their own", () =>
    Effect.gen(function* () {
      const shared = yield* UndiciTransport.shared
      assert.isDefined(shared.exchange)
      assert.strictEqual(yield* UndiciTransport.shared, shared)
      assert.strictEqual(yield* UndiciTransport.orShared, shared)
    })
  )
})
