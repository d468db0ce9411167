/** Gateways on every kind of Redis: each works, or is refused at the start with instructions. */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as GatewayBench from "../../../src/gateway/reload/GatewayBench.ts"
import { BenchRegistry } from "../../../src/health/BenchRegistry.ts"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import { processes } from "../../support/cli.ts"
import { throttle } from "../../support/engine.ts"
import * as Files from "../../support/files.ts"
import * as Redis from "../../support/redis.ts"
import { becomes, on } from "../../support/replicas.ts"
import { fail, target } from "../../support/stores.ts"

/** The bench of a gateway whose config names this store. */
const gateway = (url: string, prefix?: string) =>
  Effect.map(Layer.build(GatewayBench.layer({ _tag: "Redis", url: Redacted.make(url), prefix })), (context) =>
    BenchRegistry.pipe(Effect.provide(context))
  ).pipe(Effect.flatten)

/** Asserts that two gateways share a bench. */
const shares = Effect.fnUntraced(function* (url: string, other = url, prefix?: string) {
  const [a, b] = [yield* gateway(url, prefix), yield* gateway(other, prefix)]
  yield* on(a, fail(target("x", "m"), throttle("1 minute")))
  yield* becomes(b, "x/m#k", "resting")
})

/** The error of a gateway that does not start. */
const refusal = (url: string) =>
  Effect.map(Effect.flip(Effect.scoped(gateway(url))), ({ message }) => message)

const live = (name: string, test: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(Logger.layer([]))), processes)

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0

/** A self-signed certificate for 127.0.0.1. */
const certificate = Effect.map(Files.folder, (folder) => {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")]
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
  const made = spawnSync("openssl", [...args, ...names, "-keyout", key, "-out", cert])
  assert.strictEqual(made.status, 0, made.stderr.toString())
  return { key, cert, folder }
})

describe.skipIf(!Redis.isInstalled)(
  `a gateway whose Redis${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "needs a user and a password works with them, and is refused without",
      Effect.gen(function* () {
        const acl = "user bench on >hush ~{effect-failover}:* &{effect-failover}:* +@all -@admin -@dangerous"
        const { port } = yield* Redis.withOptions(
          "--user",
          ...acl.split(" ").slice(1),
          "--requirepass",
          "secret"
        )
        yield* shares(`redis://bench:hush@127.0.0.1:${port}`)
        yield* shares(`redis://:secret@127.0.0.1:${port}`, undefined, "other")
        for (const [url, why] of [
          [`redis://127.0.0.1:${port}`, "it needs a password"],
          [`redis://bench:wrong@127.0.0.1:${port}`, "the user or the password is wrong"]
        ] as const) {
          const message = yield* refusal(url)
          assert.include(message, why)
          assert.notInclude(message, "wrong@")
        }
      })
    )

    live(
      "denies its user required commands is refused, with the needed rules; with them it works",
      Effect.gen(function* () {
        const { port } = yield* Redis.withOptions("--user", "weak", "on", ">hush", "~other:*", "+@all")
        const message = yield* refusal(`redis://weak:hush@127.0.0.1:${port}`)
        const rules = /`(.*?)`/.exec(message)?.[1]?.replaceAll("PREFIX", "effect-failover") ?? ""
        assert.include(rules, "+@scripting")
        const admin = yield* connect(Redacted.make(`redis://127.0.0.1:${port}`))
        yield* admin.send("ACL", "SETUSER", "strong", "reset", "on", ">hush", ...rules.split(" "))
        yield* shares(`redis://strong:hush@127.0.0.1:${port}`)
      })
    )

    live(
      "is a read-only replica is refused",
      Effect.gen(function* () {
        const master = yield* Redis.make
        const copy = yield* Redis.withOptions("--replicaof", "127.0.0.1", String(master.port))
        assert.include(yield* refusal(copy.url), "name the address of the master")
      })
    )

    live(
      "is a Sentinel is refused",
      Effect.gen(function* () {
        const { folder } = yield* certificate
        const file = join(folder, "sentinel.conf")
        writeFileSync(file, "")
        const sentinel = yield* Redis.withConfig(file, "--sentinel")
        assert.include(yield* refusal(sentinel.url), "Sentinel")
      })
    )

    live(
      "is full starts all the same",
      Effect.gen(function* () {
        const { url } = yield* Redis.withOptions("--maxmemory", "1")
        yield* gateway(url)
      })
    )

    live(
      "holds something else under the same names is refused",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        yield* redis.send("SET", "{effect-failover}:probes", "something else")
        assert.include(yield* refusal(url), "another prefix")
      })
    )

    it.live.skipIf(!hasOpenssl)(
      "speaks TLS works when its certificate is trusted, and is refused when it is not",
      () =>
        Effect.gen(function* () {
          const { cert, key } = yield* certificate
          const tls = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert]
          const { port } = yield* Redis.withTls(...tls, "--tls-auth-clients", "no")
          const url = `rediss://127.0.0.1:${port}`
          assert.include(yield* refusal(url), "NODE_EXTRA_CA_CERTS")
          const child = spawnSync(
            process.execPath,
            [
              "--disable-warning=ExperimentalWarning",
              new URL("../../support/tlsGateways.ts", import.meta.url).pathname,
              url
            ],
            { env: { ...process.env, NODE_EXTRA_CA_CERTS: cert }, timeout: 60_000 }
          )
          assert.include(child.stdout.toString(), "shared", child.stderr.toString())
        }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    )

    live(
      "has no TLS at the port of a rediss:// URL is refused at once, with or without a password",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const locked = yield* Redis.withOptions("--requirepass", "secret")
        for (const plain of [url, locked.url]) {
          const why = yield* refusal(plain.replace("redis://", "rediss://"))
          assert.include(why, "does not speak TLS")
          assert.include(why, "redis://")
        }
      })
    )

    live(
      "is a cluster of three nodes works, whichever node is named",
      Effect.gen(function* () {
        const urls = yield* Redis.cluster(3)
        for (const url of urls) yield* shares(url, urls[0], `prefix-${url.length}-${urls.indexOf(url)}`)
      })
    )
  }
)
