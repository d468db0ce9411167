import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { processes, start } from "../support/cli.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { folder } from "../support/files.ts"
import { ask, chat, openai, provider } from "../support/gateway.ts"

/** A gateway with a config file, and a key in another file. */
const running = (config: object, options: { readonly flags?: ReadonlyArray<string> } = {}) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make
    server.play(FaultServer.json(openai.answer))
    const place = yield* folder
    const file = join(place, "gateway.jsonc")
    const write = (name: string, content: unknown) =>
      writeFileSync(
        join(place, name),
        typeof content === "string" ? content : JSON.stringify(content, null, 2)
      )
    write("key", "key-1\n")
    const whole = (more: object) => ({
      providers: { a: provider("openai", server, ["file:key"]) },
      models: { smart: "a/one" },
      ...more
    })
    write("gateway.jsonc", whole(config))
    const gateway = yield* start(["serve", "--config", file, "--port", "0", ...(options.flags ?? [])], {
      env: { ADMIN: "admin-token" }
    })
    const url = yield* gateway.says(/^listening on (\S+)\n/)
    const call = (model = "smart", headers: Readonly<Record<string, string>> = {}) =>
      ask(`${url}/v1/chat/completions`, { body: chat(model), headers })
    return { server, place, file, write, whole, gateway, url, call }
  })

describe("serve reloads", { timeout: processes, concurrent: true }, () => {
  it.live("on SIGHUP; an invalid file changes nothing, and its problems are logged", () =>
    Effect.gen(function* () {
      const { call, gateway, url, whole, write } = yield* running(
        { server: { port: 1, adminToken: "env:ADMIN" } },
        { flags: ["--no-watch"] }
      )
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/one#k1")

      write("gateway.jsonc", whole({ models: { smart: "nobody/two" }, fallbacs: [] }))
      gateway.process.kill("SIGHUP")
      yield* gateway.says(/the config in force stays unchanged/)
      yield* gateway.says(/models\.smart: .*nobody.*\(line \d+\)/)
      yield* gateway.says(/fallbacs: there is no such field; did you mean fallbacks\? \(line \d+\)/)
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/one#k1")
      const bearer = { authorization: "Bearer admin-token" }
      const config = yield* ask(`${url}/admin/config`, { headers: bearer })
      assert.strictEqual(config.at("revision"), 1)
      assert.match(String(config.at("refused.problems.0.path")), /models\.smart|fallbacs/)
      assert.match((yield* ask(`${url}/metrics`)).text, /failover_config_last_reload_successful 0/)

      write(
        "gateway.jsonc",
        whole({ models: { smart: "a/two" }, server: { port: 2, adminToken: "env:ADMIN" } })
      )
      gateway.process.kill("SIGHUP")
      yield* gateway.says(/config revision 2 is in force"?\n/)
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/two#k1")
      const after = yield* ask(`${url}/admin/config`, { headers: bearer })
      assert.deepStrictEqual([after.at("revision"), after.at("refused")], [2, undefined])
      assert.notInclude(gateway.stdout() + gateway.stderr(), "key-1")
    })
  )

  it.live("on a SIGHUP before it listens", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const file = join(place, "gateway.jsonc")
      // A Redis that does not answer delays the start, and the warning about the plain key is printed before.
      const redis = (yield* FaultServer.mute).replace("http:", "redis:")
      const config = {
        providers: { a: { protocol: "openai", credentials: [{ name: "k", apiKey: "sk-in-clear-1" }] } },
        bench: { store: redis }
      }
      writeFileSync(file, JSON.stringify(config))
      const gateway = yield* start(["serve", "--config", file, "--port", "0", "--no-watch"])
      yield* gateway.says(/^note: .*a key or token is written/m)
      writeFileSync(file, JSON.stringify({ ...config, models: { smart: "a/one" } }))
      gateway.process.kill("SIGHUP")
      yield* gateway.says(/listening on (\S+)\n/)
      yield* gateway.says(/config revision 2 is in force/)
    })
  )

  it.live("when the file is written in place or replaced, or when a key file changes", () =>
    Effect.gen(function* () {
      const { call, gateway, place, server, whole, write } = yield* running({})
      write("gateway.jsonc", whole({ models: { smart: "a/two" } }))
      yield* gateway.says(/config revision 2 is in force/)
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/two#k1")

      write("next", whole({ models: { smart: "a/three" } }))
      renameSync(join(place, "next"), join(place, "gateway.jsonc"))
      yield* gateway.says(/config revision 3 is in force/)
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/three#k1")

      write("neighbour", "nothing of ours")
      write("key", "key-2\n")
      yield* gateway.says(/config revision 4 is in force/)
      yield* call()
      assert.strictEqual(server.requests.at(-1)?.headers.authorization, "Bearer key-2")
      assert.notInclude(gateway.stdout(), "revision 5")
    })
  )

  it.live("when a link in the path of the file changes, as Kubernetes does with a mounted config", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const place = yield* folder
      const version = (name: string, model: string) => {
        mkdirSync(join(place, name))
        const config = { providers: { a: provider("openai", server) }, models: { smart: model } }
        writeFileSync(join(place, name, "gateway.jsonc"), JSON.stringify(config))
      }
      version("..1", "a/one")
      symlinkSync("..1", join(place, "..data"))
      symlinkSync("..data/gateway.jsonc", join(place, "gateway.jsonc"))
      const gateway = yield* start(["serve", "--config", join(place, "gateway.jsonc"), "--port", "0"])
      const url = yield* gateway.says(/^listening on (\S+)\n/)
      version("..2", "a/two")
      symlinkSync("..2", join(place, "..data_tmp"))
      renameSync(join(place, "..data_tmp"), join(place, "..data"))
      yield* gateway.says(/config revision 2 is in force/)
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      assert.strictEqual(got.headers["x-failover-target"], "a/two#k1")
    })
  )

  it.live("without changing what a flag set", () =>
    Effect.gen(function* () {
      const { call, gateway, whole, write } = yield* running({ server: { port: 1 } })
      write("gateway.jsonc", whole({ server: { port: 2, host: "0.0.0.0", tokens: ["t"] } }))
      yield* gateway.says(/revision 2 is in force; server\.host: changed only after a restart/)
      assert.strictEqual((yield* call()).status, 401)
      assert.notInclude(gateway.stdout(), "server.port")
    })
  )
})
