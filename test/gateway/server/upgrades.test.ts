/** Requests to change the protocol of a connection: which handler takes them, and how the others are answered. */
import * as http from "node:http"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Connections from "../../../src/gateway/server/Connections.ts"
import * as Upgrades from "../../../src/gateway/server/Upgrades.ts"
import { eventually } from "../../support/gateway.ts"

const serving = Effect.fnUntraced(function* (takers: ReadonlyArray<Upgrades.Taker>) {
  /** Ends the answers to `/slow`. */
  const answers: Array<() => void> = []
  const server = http.createServer((request, response) => {
    let body = ""
    if (request.url === "/slow") return void answers.push(() => response.end("slow"))
    request.on("data", (part) => (body += part))
    request.on("end", () => response.end(`${request.method} ${body} ${request.headers.upgrade ?? "plain"}`))
  })
  const connections = yield* Connections.watch(server)
  Upgrades.install(server, connections, takers)
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.closeAllConnections())
  )
  const { port } = server.address() as net.AddressInfo
  let heard = ""
  let isClosed = false
  const socket = net.connect(port, "127.0.0.1")
  socket.on("data", (part) => (heard += part.toString()))
  socket.on("close", () => (isClosed = true))
  yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
  return { answers, server, connections, socket, heard: () => heard, isClosed: () => isClosed }
})

const offer = (protocol: string, body = "") =>
  `POST /x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\ncontent-length: ${body.length}\r\n\r\n${body}`

describe("an upgrade", () => {
  it.live("goes to the handler that takes it, and its connection is held through a stop until released", () =>
    Effect.gen(function* () {
      let release = () => {}
      const { connections, heard, isClosed, server, socket } = yield* serving([
        (request) =>
          request.headers.upgrade === "mine"
            ? (connection, head) => {
                release = connection.hold()
                connection.socket.write(`mine ${head.toString()}`)
              }
            : undefined
      ])
      socket.write(`${offer("mine")}and more`)
      yield* eventually(() => heard().startsWith("mine"))
      assert.strictEqual(connections.count(), 1)
      yield* connections.stop(10_000)
      server.close()
      yield* Effect.sleep("500 millis")
      assert.isFalse(isClosed())
      release()
      yield* eventually(isClosed)
    })
  )

  it.live(
    "behind a request that waits for its answer is not taken, and its own answer comes after that one",
    () =>
      Effect.gen(function* () {
        for (const asks of [true, false]) {
          let isTaken = false
          const { answers, heard, server, socket } = yield* serving([
            () => (connection) => {
              isTaken = true
              connection.socket.write("mine")
            }
          ])
          if (!asks) Object.assign(server, { shouldUpgradeCallback: () => true })
          const slow = "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"
          socket.write(`${slow}${slow}${offer("mine", "the body")}`)
          yield* eventually(() => answers.length === 2)
          yield* Effect.sleep("50 millis")
          assert.deepStrictEqual([isTaken, heard()], [false, ""])
          answers.shift()?.()
          yield* eventually(() => heard().includes("slow"))
          assert.notInclude(heard(), "mine")
          answers.shift()?.()
          yield* eventually(() => heard().includes("POST the body"))
          assert.isFalse(isTaken)
          assert.match(heard(), /slow[\s\S]*slow[\s\S]*POST the body/)
          // The connection goes on, and its next upgrade has nothing before it.
          socket.write(offer("mine"))
          yield* eventually(() => isTaken && heard().endsWith("mine"))
        }
      })
  )

  it.live("that no handler takes is served as a normal request, also on older Node versions", () =>
    Effect.gen(function* () {
      for (const asks of [true, false]) {
        const { connections, heard, server, socket } = yield* serving([() => undefined])
        if (!asks) Object.assign(server, { shouldUpgradeCallback: () => true })
        socket.write(offer("other", "the body"))
        yield* eventually(() => heard().includes("POST the body"))
        socket.write(offer("other", "another"))
        yield* eventually(() => heard().includes("POST another"))
        assert.lengthOf(heard().match(/HTTP\/1\.1 200 /g) ?? [], 2)
        assert.strictEqual(connections.count(), 1)
        assert.isTrue(asks ? heard().includes("another other") : heard().includes("another plain"))
      }
    })
  )
})
