/** Gateways with a saved bench, or with a shared one. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Load from "../../../src/config/Load.ts"
import * as Gateway from "../../../src/gateway/Gateway.ts"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import * as Files from "../../support/files.ts"
import { ask, openai, provider, start } from "../../support/gateway.ts"
import * as Redis from "../../support/redis.ts"

const bearer = { authorization: "Bearer admin" }

/** Two providers, of which the first throttles. */
const config = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  a.play(FaultServer.json(openai.error("rate_limit_exceeded", "slow down"), 429, { "retry-after": "60" }))
  b.play(FaultServer.json(openai.answer))
  return {
    first: a,
    file: {
      providers: { a: provider("openai", a), b: provider("openai", b) },
      models: { smart: ["a/m", "b/m"] },
      server: { adminToken: "admin" }
    }
  }
})

/** Repeats the check until it holds. */
const eventually = (ask: Effect.Effect<boolean>) =>
  Effect.filterOrFail(ask, (holds) => holds).pipe(
    Effect.retry(Schedule.max([Schedule.spaced("10 millis"), Schedule.recurs(300)]))
  )

const chat = (url: string) =>
  ask(`${url}/v1/chat/completions`, { body: { model: "smart", messages: [{ role: "user", content: "hi" }] } })

describe("a gateway with its bench in a file", () => {
  it.live("does not call a throttled target again after a restart", () =>
    Effect.gen(function* () {
      const { file, first } = yield* config
      const folder = yield* Files.folder
      const bench = { store: `file:${folder}/state/bench.json` }
      for (const _ of ["before", "after"]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const url = yield* start({ ...file, bench })
            assert.strictEqual((yield* chat(url)).headers["x-failover-target"], "b/m#k1")
          })
        )
      }
      assert.strictEqual(first.requests.length, 1)
      assert.include(readFileSync(join(folder, "state/bench.json"), "utf8"), "RateLimit")
    }).pipe(Effect.scoped)
  )

  it.live("does not start if it cannot write, and reports why", () =>
    Effect.gen(function* () {
      const { file } = yield* config
      const folder = yield* Files.folder
      writeFileSync(join(folder, "taken"), "")
      const text = JSON.stringify({ ...file, bench: { store: "file:taken/bench.json" } })
      const loaded = yield* Load.parse(text, { file: "f", folder })
      const error = yield* Effect.flip(Layer.build(Gateway.layer(loaded)))
      assert.strictEqual(error._tag, "UnusableStore")
      assert.include(error.message, "taken")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live(
    "does not start if its links lead in a circle, or the disk is read-only, and reports which",
    (context) =>
      Effect.gen(function* () {
        const { file } = yield* config
        const folder = yield* Files.folder
        symlinkSync("two", join(folder, "one"))
        symlinkSync("one", join(folder, "two"))
        const refusal = Effect.fnUntraced(function* (name: string) {
          const text = JSON.stringify({ ...file, bench: { store: `file:${name}` } })
          const loaded = yield* Load.parse(text, { file: "f", folder })
          return (yield* Effect.flip(Layer.build(Gateway.layer(loaded)))).message
        })
        assert.include(yield* refusal("one"), "lead in a circle")
        const disk = join(folder, "disk")
        mkdirSync(disk)
        const mounted = yield* Effect.acquireRelease(
          Effect.sync(() => spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", disk]).status === 0),
          (is) => Effect.sync(() => void (is && spawnSync("umount", [disk])))
        )
        if (!mounted) return context.skip("a disk cannot be mounted here")
        assert.include(yield* refusal("disk/bench.json"), "mounted read-only")
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("does not start with a pipe or a device for a file, which would be read without an end", () =>
    Effect.gen(function* () {
      const { file } = yield* config
      const folder = yield* Files.folder
      spawnSync("mkfifo", [join(folder, "pipe")])
      symlinkSync("/dev/zero", join(folder, "zero"))
      for (const name of ["pipe", "zero"]) {
        const text = JSON.stringify({ ...file, bench: { store: `file:${name}` } })
        const loaded = yield* Load.parse(text, { file: "f", folder })
        const error = yield* Effect.flip(Layer.build(Gateway.layer(loaded)))
        assert.strictEqual(error._tag, "UnusableStore")
        assert.include(error.message, "this is not a regular file")
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})

describe.skipIf(!Redis.isInstalled)(
  `two gateways with one Redis${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    it.live("share automatic and manual benches", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const { file, first } = yield* config
        const bench = { store: redis.url }
        const [here, there] = [yield* start({ ...file, bench }), yield* start({ ...file, bench })]
        const keys = (url: string) =>
          Effect.map(ask(`${url}/admin/benches`, { headers: bearer }), ({ text }) => text)
        yield* ask(`${here}/admin/benches`, { headers: bearer, body: { key: "b#k1", reason: "hello" } })
        yield* eventually(Effect.map(keys(there), (text) => text.includes("hello")))
        yield* ask(`${there}/admin/benches/b%23k1`, { method: "DELETE", headers: bearer })
        yield* eventually(Effect.map(keys(here), (text) => !text.includes("hello")))
        assert.strictEqual((yield* chat(here)).headers["x-failover-target"], "b/m#k1")
        yield* eventually(Effect.map(keys(there), (text) => text.includes("RateLimit")))
        assert.strictEqual((yield* chat(there)).headers["x-failover-attempts"], "1")
        assert.strictEqual(first.requests.length, 1)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    )

    it.live("together keep to the requests per minute of a credential", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const server = yield* FaultServer.make
        server.play(FaultServer.json(openai.answer))
        const { credentials, ...at } = provider("openai", server, ["key-one", "key-two"])
        const limited = (rpm: ReadonlyArray<number>) =>
          rpm.map((limit, index) => ({ ...credentials[index], rpm: limit }))
        const file = {
          providers: {
            a: { ...at, credentials: limited([5, 3]) },
            warm: { ...at, credentials: limited([600]) }
          },
          models: { smart: ["a/m"] },
          bench: { store: redis.url, prefix: "one" },
          policy: { whenAllBenched: "fail" }
        }
        const urls = [yield* start(file), yield* start(file)]
        const client = yield* connect(Redacted.make(redis.url))
        const account = "{one}:rpm:warm#k1"
        for (const url of urls) {
          yield* client.send("DEL", account)
          const warm = ask(`${url}/v1/chat/completions`, { body: { model: "warm/m", messages: [] } })
          const isKnown = Effect.map(client.send("GET", account), (text) => text !== null)
          yield* eventually(Effect.andThen(warm, Effect.orDie(isKnown)))
        }
        const before = server.requests.length
        const answers = yield* Effect.forEach(Array.from({ length: 20 }), (_, i) => chat(urls[i % 2]!))
        const served = answers.filter(({ status }) => status === 200)
        assert.deepStrictEqual(served.map(({ headers }) => headers["x-failover-target"]).sort(), [
          ...Array(5).fill("a/m#k1"),
          ...Array(3).fill("a/m#k2")
        ])
        assert.strictEqual(server.requests.length - before, 8)
        for (const { headers, status } of answers.slice(8)) {
          assert.strictEqual(status, 429)
          assert.isAtMost(Number(headers["retry-after"]), 12)
        }
      }).pipe(Effect.scoped, Effect.orDie, Effect.provide(Logger.layer([])))
    )

    it.live("are there without it", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.make
        yield* redis.kill
        const { file } = yield* config
        const url = yield* start({ ...file, bench: { store: redis.url } })
        assert.strictEqual((yield* chat(url)).status, 200)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    )
  }
)
