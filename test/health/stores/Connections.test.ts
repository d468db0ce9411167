/** Connections to Redis by URL: in a cluster to the node that has the key, and to servers of other kinds. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as tls from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as PlainRedis from "../../../src/health/stores/PlainRedis.ts"
import { noTls, notRedis, onlyTls } from "../../../src/health/stores/RedisProblem.ts"
import { node, serverOf } from "../../support/fakeRedis.ts"
import * as Files from "../../support/files.ts"
import { eventually } from "../../support/replicas.ts"

const key = "{p}:entries"
const urlOf = (port: number, host = "127.0.0.1", protocol = "redis") =>
  Redacted.make(`${protocol}://${host}:${port}`)

describe("a connection to a cluster", () => {
  const nameAt = (url: Redacted.Redacted) =>
    Effect.flatMap(connect(url, key), (redis) => redis.send("GET", "x"))

  for (const [what, host] of [
    ["by its address", "127.0.0.1"],
    ["by its port alone", ""]
  ] as const) {
    it.live(`goes to the node that has the key, which the first one names ${what}`, () =>
      Effect.gen(function* () {
        const second = yield* node("second", () => ":0")
        const first = yield* node("first", () => `-MOVED 12345 ${host}:${second.port}`)
        assert.strictEqual(yield* nameAt(urlOf(first.port)), "second")
      }).pipe(Effect.scoped)
    )
  }

  it.live("goes to a node with an IPv6 address", () =>
    Effect.gen(function* () {
      const second = yield* node("second", () => ":0", "::1")
      const first = yield* node("first", () => `-MOVED 7 ::1:${second.port}`)
      assert.strictEqual(yield* nameAt(urlOf(first.port)), "second")
    }).pipe(Effect.scoped)
  )

  it.live("stays where no other node is named, or no key was given", () =>
    Effect.gen(function* () {
      for (const told of [
        ":1",
        "-ERR unknown command",
        "-MOVED 12345",
        "-MOVED 12 host:none",
        "-REMOVED 1 x:1"
      ]) {
        const first = yield* node("first", () => told)
        assert.strictEqual(yield* nameAt(urlOf(first.port)), "first", told)
      }
      const second = yield* node("second", () => ":0")
      const first = yield* node("first", () => `-MOVED 1 127.0.0.1:${second.port}`)
      const redis = yield* connect(urlOf(first.port))
      assert.strictEqual(yield* redis.send("GET", "x"), "first")
    }).pipe(Effect.scoped)
  )

  it.live("follows five redirections and no more", () =>
    Effect.gen(function* () {
      let asked = 0
      let port = 0
      const around = yield* node("around", () => {
        asked++
        return `-MOVED 1 :${port}`
      })
      port = around.port
      assert.strictEqual(yield* nameAt(urlOf(around.port)), "around")
      assert.strictEqual(asked, 6)
    }).pipe(Effect.scoped)
  )

  it.live("is closed with its scope, also while an answer is outstanding", () =>
    Effect.gen(function* () {
      const first = yield* node("first", () => ":0")
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(connect(urlOf(first.port)), scope)
      yield* Effect.forkChild(Effect.exit(redis.send("WAIT", "1", "0")), { startImmediately: true })
      assert.strictEqual(first.open.size, 1)
      yield* Scope.close(scope, Exit.void)
      yield* eventually(
        Effect.sync(() => first.open.size),
        (open) => open === 0,
        "1 second"
      )
    }).pipe(Effect.scoped)
  )
})

describe("what is behind the URL of a Redis", () => {
  /** A server that sends this answer to a `PING`, piece by piece, and closes the connection at the end if `ends` is set. */
  const saying = (pieces: ReadonlyArray<string>, ends = false, host?: string) =>
    serverOf((socket) => {
      socket.once("data", (bytes) => {
        const isPing = bytes.toString("latin1") === "PING\r\n"
        const write = (at: number): void => {
          if (at < pieces.length)
            socket.write(pieces[at]!, "latin1", () => setTimeout(() => write(at + 1), 20))
          else if (ends) socket.end()
        }
        if (isPing) write(0)
        else socket.destroy()
      })
    }, host)

  for (const [what, pieces, ends, plain, secured] of [
    ["a Redis without TLS", ["+PONG\r\n"], false, undefined, noTls],
    ["a Redis that wants a password", ["-NOAUTH Authentication required.\r\n"], false, undefined, noTls],
    ["a Redis that speaks slowly", ["+", "P", "ONG\r\n"], false, undefined, noTls],
    ["a web server", ["HTTP/1.1 400 Bad Request\r\n\r\n"], false, notRedis, undefined],
    ["a server that says one character", ["x"], true, notRedis, undefined],
    ["a server that closes without a word", [], true, undefined, undefined],
    ["a server that alerts, without speaking TLS", ["\x15\x03\x01"], true, undefined, undefined]
  ] as const) {
    it.live(`is ${what}`, () =>
      Effect.gen(function* () {
        const { open, port } = yield* saying(pieces, ends)
        assert.strictEqual(yield* PlainRedis.whyNot(urlOf(port)), plain)
        assert.strictEqual(yield* PlainRedis.whyNot(urlOf(port, "127.0.0.1", "rediss")), secured)
        yield* eventually(
          Effect.sync(() => open.size),
          (count) => count === 0,
          "1 second"
        )
      }).pipe(Effect.scoped)
    )
  }

  it.live("is found at an IPv6 address, and is unknown if nothing answers", () =>
    Effect.gen(function* () {
      const six = yield* saying(["+PONG\r\n"], false, "::1")
      assert.strictEqual(yield* PlainRedis.whyNot(urlOf(six.port, "[::1]", "rediss")), noTls)
      six.close()
      assert.isUndefined(yield* PlainRedis.whyNot(urlOf(six.port, "[::1]", "rediss")))
    }).pipe(Effect.scoped)
  )

  it.live("is unknown if nothing is sent within a second", () =>
    Effect.gen(function* () {
      const { open, port } = yield* serverOf((socket) => void socket.resume())
      const began = performance.now()
      assert.isUndefined(yield* PlainRedis.whyNot(urlOf(port)))
      assert.isAtLeast(performance.now() - began, 900)
      yield* eventually(
        Effect.sync(() => open.size),
        (count) => count === 0,
        "1 second"
      )
    }).pipe(Effect.scoped)
  )

  it.live("is a Redis with TLS, also if its certificate is not trusted", () =>
    Effect.gen(function* () {
      const folder = yield* Files.folder
      const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")]
      const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
      const made = spawnSync("openssl", [...args, "-subj", "/CN=x", "-keyout", keyFile, "-out", certFile])
      if (made.status !== 0) return
      const [keyText, cert] = [readFileSync(keyFile), readFileSync(certFile)]
      const { port } = yield* serverOf((socket) => {
        const secured = new tls.TLSSocket(socket, { isServer: true, key: keyText, cert })
        secured.on("error", () => socket.destroy())
      })
      assert.strictEqual(yield* PlainRedis.whyNot(urlOf(port)), onlyTls)
      assert.isUndefined(yield* PlainRedis.whyNot(urlOf(port, "127.0.0.1", "rediss")))
    }).pipe(Effect.scoped)
  )
})
