/**
 * Finds out what is behind the URL of a Redis that cannot be used: without TLS behind `rediss://`, where a client would
 * wait forever for the end of a command; with TLS behind `redis://`, where each connection is closed without an answer; or
 * no Redis at all.
 */
import * as net from "node:net"
import * as tls from "node:tls"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { noTls, notRedis, onlyTls } from "./RedisProblem.ts"

const timeout = 1_000

/** An answer of Redis in plain text: `+PONG`, `-NOAUTH …`, `-DENIED …`. TLS never begins like that. */
const answer = /^[+-][A-Z]/

/** An alert of TLS: https://www.rfc-editor.org/rfc/rfc8446#section-5.1 */
const alert = "\x15"

/** Why the URL cannot work; `undefined` if that is not known. */
export const whyNot = (url: Redacted.Redacted): Effect.Effect<string | undefined> => {
  const { hostname, port, protocol } = new URL(Redacted.value(url))
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  const place = { host, port: port === "" ? 6379 : Number(port) }
  return Effect.flatMap(replyOf(place), (reply) => {
    if (reply === undefined) return Effect.undefined
    if (answer.test(reply)) return Effect.succeed(protocol === "rediss:" ? noTls : undefined)
    if (protocol === "rediss:") return Effect.undefined
    if (reply !== "" && !reply.startsWith(alert)) return Effect.succeed(notRedis)
    return Effect.map(speaksTls(place), (speaks) => (speaks ? onlyTls : undefined))
  })
}

interface Place {
  readonly host: string
  readonly port: number
}

/**
 * How the answer to a `PING` in plain text begins; empty if the connection is closed, `undefined` if there is none in time.
 */
const replyOf = (place: Place): Effect.Effect<string | undefined> =>
  over<string | undefined>((end) => {
    const socket = net.connect(place, () => socket.write("PING\r\n"))
    let reply = ""
    socket.on("data", (bytes) => {
      reply += bytes.toString("latin1")
      if (reply.length > 1) end(reply)
    })
    socket.on("close", () => end(reply))
    return socket
  }, undefined)

/** Nothing is sent over the connection, so its certificate does not matter. */
const speaksTls = (place: Place): Effect.Effect<boolean> =>
  over((end) => tls.connect({ ...place, rejectUnauthorized: false }, () => end(true)), false)

const over = <A>(open: (end: (value: A) => void) => net.Socket, late: A): Effect.Effect<A> =>
  Effect.callback<A>((resume) => {
    const end = (value: A) => {
      socket.destroy()
      resume(Effect.succeed(value))
    }
    const socket = open(end)
    socket.setTimeout(timeout, () => end(late))
    // The close follows.
    socket.on("error", () => {})
    socket.on("close", () => end(late))
    return Effect.sync(() => socket.destroy())
  })
