/** Tells a Redis without TLS that is asked for by a `rediss://` URL: it waits for the end of a command that never comes. */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const patience = 1_000

/** What Redis says to a command in plain text: `+PONG`, `-NOAUTH …`, `-DENIED …`. TLS says nothing of the kind. */
const answer = /^[+-][A-Z]/

/** Why the URL cannot lead to a bench: it asks for TLS where Redis speaks plain text. `undefined` for everything else. */
export const whyNot = (url: Redacted.Redacted): Effect.Effect<string | undefined> => {
  const { hostname, port, protocol } = new URL(Redacted.value(url))
  if (protocol !== "rediss:") return Effect.undefined
  return Effect.callback<string | undefined>((resume) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1")
    const socket = net.connect({ host, port: port === "" ? 6379 : Number(port) })
    const end = (why: string | undefined) => {
      socket.destroy()
      resume(Effect.succeed(why))
    }
    socket.setTimeout(patience, () => end(undefined))
    socket.on("error", () => end(undefined))
    socket.on("close", () => end(undefined))
    socket.once("connect", () => socket.write("PING\r\n"))
    socket.once("data", (bytes) => end(answer.test(bytes.toString("latin1")) ? noTls : undefined))
    return Effect.sync(() => socket.destroy())
  })
}

/** What to do where there is no TLS. */
export const noTls =
  "it does not speak TLS there: say redis:// instead of rediss://, or name its port for TLS"
