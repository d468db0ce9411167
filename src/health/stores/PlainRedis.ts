/**
 * Detects a Redis without TLS behind a `rediss://` URL, which would otherwise wait forever for the end of a command.
 */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const timeout = 1_000

/** A plain-text reply of Redis: `+PONG`, `-NOAUTH …`, `-DENIED …`. TLS never begins like that. */
const answer = /^[+-][A-Z]/

/** Why the URL cannot work: it requires TLS but Redis speaks plain text. `undefined` otherwise. */
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
    socket.setTimeout(timeout, () => end(undefined))
    socket.on("error", () => end(undefined))
    socket.on("close", () => end(undefined))
    socket.once("connect", () => socket.write("PING\r\n"))
    socket.once("data", (bytes) => end(answer.test(bytes.toString("latin1")) ? noTls : undefined))
    return Effect.sync(() => socket.destroy())
  })
}

/** The advice for a Redis without TLS. */
export const noTls = "it does not speak TLS there: use redis:// instead of rediss://, or name its TLS port"
