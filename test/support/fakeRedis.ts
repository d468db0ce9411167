/** Servers that replace a Redis, on free ports of this machine. The test decides each answer. */
import * as net from "node:net"
import * as Effect from "effect/Effect"

/** A server that runs until the scope ends, and the sockets that are open. `host` is 127.0.0.1 by default. */
export const serverOf = (onSocket: (socket: net.Socket) => void, host = "127.0.0.1") =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly open: Set<net.Socket>; readonly close: () => void }>(
      (resume) => {
        const open = new Set<net.Socket>()
        const server = net.createServer((socket) => {
          open.add(socket)
          socket.on("error", () => {})
          socket.on("close", () => open.delete(socket))
          onSocket(socket)
        })
        server.listen(0, host, () => {
          const { port } = server.address() as net.AddressInfo
          const close = () => {
            for (const socket of open) socket.destroy()
            server.close()
          }
          resume(Effect.succeed({ port, open, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

/** The commands in a text of Redis' protocol: `*2\r\n$6\r\nEXISTS\r\n$3\r\nkey\r\n`. */
const commandsIn = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .split(/^\*\d+\r\n/m)
    .slice(1)
    .map((command) => command.split("\r\n").filter((_, i) => i % 2 === 1))

/** A node that answers a key with `told`, `GET` with its own name, and `WAIT` not at all. */
export const node = (name: string, told: () => string, host?: string) =>
  serverOf((socket) => {
    socket.on("data", (bytes) => {
      for (const [command, ...args] of commandsIn(bytes.toString())) {
        if (command === "EXISTS")
          socket.write(args[0] === "{p}:entries" ? `${told()}\r\n` : "-ERR another key\r\n")
        else if (command === "GET") socket.write(`+${name}\r\n`)
        else if (command !== "WAIT") socket.write("+OK\r\n")
      }
    })
  }, host)
