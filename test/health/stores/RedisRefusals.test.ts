/** Gateways on a Redis that cannot serve them: the error names the cause. */
import { spawnSync } from "node:child_process"
import { createServer } from "node:http"
import { type AddressInfo, createServer as createSilent } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as GatewayBench from "../../../src/gateway/reload/GatewayBench.ts"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as RedisBench from "../../../src/health/stores/RedisBench.ts"
import * as RedisProblem from "../../../src/health/stores/RedisProblem.ts"
import { processes } from "../../support/cli.ts"
import * as Files from "../../support/files.ts"
import * as Redis from "../../support/redis.ts"
import { eventually } from "../../support/replicas.ts"

/** The error of a gateway that does not start. */
const refusal = (url: string) => {
  const gateway = Layer.build(
    GatewayBench.layer({ _tag: "Redis", url: Redacted.make(url), prefix: undefined })
  )
  return Effect.map(Effect.flip(Effect.scoped(gateway)), ({ message }) => message)
}

const live = (name: string, test: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(Logger.layer([]))), processes)

describe("an error of Redis", () => {
  it("is explained by its text", () => {
    for (const [text, kind, words] of [
      [
        "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
        "unsuitable",
        "lacks permissions"
      ],
      [
        "tlsv13 alert certificate required:../deps/openssl: SSL alert number 116",
        "unsuitable",
        "tls-auth-clients"
      ],
      ["DENIED Redis is running in protected mode", "unsuitable", "protected mode"],
      ["BUSY Redis is busy running a script. You can only call SCRIPT KILL", "silent", "busy"],
      ["getaddrinfo ENOTFOUND cache.example", "silent", "name of its host"]
    ] as const) {
      const problem = RedisProblem.of(new Error("connect", { cause: new Error(text) }))
      assert.strictEqual(problem.kind, kind, text)
      assert.include(problem.why, words)
    }
  })
})

describe.skipIf(!Redis.isInstalled)(
  `a gateway is refused by name of the cause${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "when its user may not run a single one of the commands in its scripts",
      Effect.gen(function* () {
        const { port, url } = yield* Redis.make
        const admin = yield* connect(Redacted.make(url))
        const rules = ["on", ">hush", "~{effect-failover}:*", "&{effect-failover}:*", "+@all"]
        for (const command of "time get set incr hget hset hdel hlen hscan publish pttl pexpire del".split(
          " "
        )) {
          yield* admin.send("ACL", "SETUSER", "weak", "reset", ...rules, `-${command}`)
          const message = yield* refusal(`redis://weak:hush@127.0.0.1:${port}`)
          assert.include(message, "lacks permissions", command)
        }
      })
    )

    live(
      "when one of the commands has another name",
      Effect.gen(function* () {
        for (const command of ["INCR", "HSCAN"]) {
          const { url } = yield* Redis.withOptions("--rename-command", command, "")
          assert.include(yield* refusal(url), "lacks a command", command)
        }
      })
    )

    live(
      "when Redis speaks TLS and the URL does not",
      Effect.gen(function* () {
        const folder = yield* Files.folder
        const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")]
        const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        const made = spawnSync("openssl", [...args, "-subj", "/CN=x", "-keyout", key, "-out", cert])
        if (made.status !== 0) return
        const { port } = yield* Redis.withTls(
          "--tls-cert-file",
          cert,
          "--tls-key-file",
          key,
          "--tls-ca-cert-file",
          cert
        )
        assert.include(yield* refusal(`redis://127.0.0.1:${port}`), "use rediss://")
      })
    )

    live(
      "when a web server answers in place of Redis",
      Effect.gen(function* () {
        const server = createServer((_, response) => response.end())
        yield* Effect.acquireRelease(
          Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
          () => Effect.sync(() => server.close())
        )
        const { port } = server.address() as AddressInfo
        assert.include(yield* refusal(`redis://127.0.0.1:${port}`), "something else than a Redis")
      })
    )
  }
)

describe("a gateway whose Redis is unreachable", () => {
  it.live("logs so once, however often it tries again", () => {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
    return Effect.gen(function* () {
      yield* RedisBench.make(connect(Redacted.make("redis://127.0.0.1:1")), { retry: "10 millis" })
      yield* eventually(
        Effect.sync(() => lines.length),
        (count) => count > 0
      )
      yield* Effect.sleep("300 millis")
      assert.lengthOf(lines, 1)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
  })

  live(
    "stops within a second if something accepts its connection and says nothing",
    Effect.gen(function* () {
      const server = createSilent()
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
        () => Effect.sync(() => server.close())
      )
      const { port } = server.address() as AddressInfo
      const scope = yield* Scope.make()
      const bench = yield* RedisBench.make(connect(Redacted.make(`redis://127.0.0.1:${port}`))).pipe(
        Scope.provide(scope)
      )
      yield* bench.bench("x")
      const before = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - before, 900)
    })
  )
})
