import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Waiting from "../../benchmark/chaos/waiting.ts"
import * as Client from "../../src/cli/demo/Client.ts"
import { processes, root, run, start } from "../support/cli.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { configFile as file } from "../support/files.ts"
import {
  ask,
  chat,
  eventually,
  message,
  openai,
  provider,
  start as startGateway
} from "../support/gateway.ts"

describe("serve", { timeout: processes, concurrent: true }, () => {
  it.live("prints one line when it is ready, and finishes requests in flight after SIGTERM", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([{ wait: 500 }, ...FaultServer.json(openai.answer)])
      const config = yield* file({
        providers: { a: provider("openai", server, ["env:SOME_KEY"]) },
        server: { port: 1, tokens: ["env:SOME_TOKEN"] }
      })
      const gateway = yield* start(["serve", "--config", config, "--port", "0"], {
        env: { SOME_KEY: "the-key", SOME_TOKEN: "the-token" }
      })
      const url = yield* gateway.says(/^listening on (http:\/\/127\.0\.0\.1:\d+)\n/)
      const running = yield* Effect.forkChild(
        ask(`${url}/v1/chat/completions`, {
          body: chat("a/x"),
          headers: { authorization: "Bearer the-token" }
        })
      )
      yield* eventually(() => server.requests.length === 1)
      gateway.process.kill("SIGTERM")
      const got = yield* Fiber.join(running)
      assert.deepStrictEqual(got.json, openai.answer)
      assert.strictEqual(yield* gateway.exit, 0)
      assert.strictEqual(gateway.stdout(), `listening on ${url}\n`)
      const [note, stopping, stopped, ...more] = gateway.stderr().trimEnd().split("\n")
      assert.strictEqual(note, `note: the status page is at ${url}/`)
      assert.match(stopping ?? "", /level=INFO .*message="stopping on SIGTERM: /)
      assert.match(stopped ?? "", /level=INFO .*message=stopped$/)
      assert.deepStrictEqual(more, [])
      assert.strictEqual(server.requests[0]?.headers.authorization, "Bearer the-key")
    })
  )

  it.live("lists every problem of an invalid config with its path, and does not start", () =>
    Effect.gen(function* () {
      const config = yield* file({
        providers: {
          openai: {
            protocol: "openai",
            credentials: [{ name: "a", apiKey: "env:NO_SUCH_VARIABLE" }],
            strategy: "best"
          },
          anthropic: { protocol: "anthropic" }
        },
        models: { other: ["nobody/x"] },
        server: { port: -1 }
      })
      const ended = yield* run(["serve", "--config", config])
      assert.strictEqual(ended.code, 2)
      assert.strictEqual(ended.stdout, "")
      assert.deepStrictEqual(
        ended.stderr.match(/^ {2}[\w.[\]]+: /gm)?.map((line) => line.trim().slice(0, -1)),
        [
          "providers.openai.credentials[0].apiKey",
          "providers.openai.strategy",
          "models.other[0]",
          "server.port"
        ]
      )
      assert.include(ended.stderr, "NO_SUCH_VARIABLE is not set")
    })
  )

  it.live("needs a token beyond loopback, or tokens set to none", () =>
    Effect.gen(function* () {
      const config = (tokens: unknown) =>
        file({ providers: { a: { protocol: "openai" } }, server: { host: "0.0.0.0", port: 0, tokens } })
      const refused = yield* run(["--config", yield* config([])])
      assert.strictEqual(refused.code, 2)
      assert.include(refused.stderr, "server.tokens: ")
      assert.strictEqual((yield* run(["--host", "192.0.2.1"])).code, 2)
      assert.strictEqual((yield* run(["check", "--config", yield* config([])])).code, 2)
      assert.strictEqual((yield* run(["check", "--config", yield* config("none")])).code, 0)
      assert.strictEqual((yield* run(["check", "--config", yield* config(["a-token"])])).code, 0)
    })
  )

  it.live(
    "runs on simulated providers without a config, one throttled and one flaky, and prints how to call it",
    () =>
      Effect.gen(function* () {
        const gateway = yield* start(["--port", "0"])
        const url = yield* gateway.says(/^listening on (http:\/\/\S+)\n/)
        yield* gateway.says(/Stop with Ctrl-C/)
        assert.include(gateway.stdout(), "simulated providers")
        assert.include(gateway.stdout(), `curl -i ${url}/v1/chat/completions`)
        assert.isTrue(
          gateway
            .stdout()
            .split("\n")
            .every((line) => line.length <= 100)
        )
        const trails: Array<unknown> = []
        for (let n = 0; n < 7; n++) {
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
          assert.strictEqual(got.status, 200)
          assert.match(String(got.at("choices.0.message.content")), /^This is \w+\/\w+\./)
          trails.push(got.headers["x-failover-trail"])
        }
        assert.strictEqual(trails[3], "rate-limit,ok", "the first key is used up, the second one answers")
        assert.match(String(trails[6]), /^rate-limit,.*ok$/, "both are")
        const streamed = yield* ask(`${url}/v1/messages`, { body: message("claude", { stream: true }) })
        assert.include(streamed.text, "event: message_stop")
        const vectors = yield* ask(`${url}/v1/embeddings`, { body: { model: "steady/e", input: "text" } })
        assert.isNumber(vectors.at("data.0.embedding.0"))
        gateway.process.kill("SIGINT")
        assert.strictEqual(yield* gateway.exit, 0)
      })
  )

  it.live("answers every operation without a config, and responses with every model", () =>
    Effect.gen(function* () {
      const gateway = yield* start(["--port", "0"])
      const url = yield* gateway.says(/^listening on (http:\/\/\S+)\n/)
      for (const model of ["steady/small", "calm/small"]) {
        const whole = yield* ask(`${url}/v1/responses`, { body: { model, input: "Hello" } })
        assert.match(String(whole.at("output.0.content.0.text")), /^This is /)
        const streamed = yield* ask(`${url}/v1/responses`, { body: { model, input: "Hello", stream: true } })
        assert.include(streamed.text, "response.completed")
      }
      const completion = { model: "steady/small", prompt: "Hello" }
      const completed = yield* ask(`${url}/v1/completions`, { body: completion })
      assert.match(String(completed.at("choices.0.text")), /^This is steady/)
      const words = yield* ask(`${url}/v1/completions`, { body: { ...completion, stream: true } })
      assert.include(words.text, "data: [DONE]")
      const counted = yield* ask(`${url}/v1/messages/count_tokens`, { body: message("calm/small") })
      assert.isNumber(counted.at("input_tokens"))
    })
  )

  it.live("prints why it cannot listen", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const config = yield* file({ providers: { a: { protocol: "openai" } } })
      const ended = yield* run(["--config", config, "--port", new URL(server.origin).port])
      assert.strictEqual(ended.code, 1)
      assert.include(ended.stderr, "the port is in use")
      assert.notInclude(ended.stderr, " at ")
    })
  )

  it.live("reports a missing file, or one that is not JSON", () =>
    Effect.gen(function* () {
      const absent = yield* run(["--config", "/no/such/file.jsonc"])
      assert.strictEqual(absent.code, 2)
      assert.include(absent.stderr, "there is no such file")
      const broken = yield* run(["--config", yield* file('{ "providers": \n oops }')])
      assert.strictEqual(broken.code, 2)
      assert.include(broken.stderr, "(line 2)")
    })
  )
})

describe("check", { timeout: processes, concurrent: true }, () => {
  it.live("summarises a valid file, without its secrets", () =>
    Effect.gen(function* () {
      const config = yield* file({
        providers: {
          a: {
            protocol: "openai",
            credentials: [
              { name: "one", apiKey: "sk-secret", rpm: 60 },
              { name: "two", enabled: false }
            ]
          },
          b: { protocol: "anthropic", fallbackModels: ["v", "w"] }
        },
        models: { smart: "a/x, a/y", wise: "b/v, smart" },
        fallbacks: ["a/z"],
        server: { tokens: ["secret-token"] }
      })
      const { code, stderr, stdout } = yield* run(["check", "--config", config])
      assert.strictEqual(code, 0)
      assert.strictEqual(stderr, "")
      for (const part of [
        "is valid",
        "a (openai): one, two (not enabled)",
        "b (anthropic): default",
        "smart  a/x, a/y",
        "wise   b/v, smart, b/w"
      ]) {
        assert.include(stdout, part)
      }
      assert.deepStrictEqual(
        stdout.split("\n").filter((line) => line.startsWith("note:")),
        [
          'note: providers.a.credentials[0].apiKey, server.tokens[0]: 2 keys or tokens are written in the file in plain text; use "env:NAME" or "file:PATH" instead',
          "note: without --live it is not known whether the providers have these models: a/x, a/y, b/v, a/z, b/w"
        ]
      )
      assert.notInclude(stdout, "secret")
    })
  )

  it.live("warns about old names of fields", () =>
    Effect.gen(function* () {
      const config = yield* file({
        providers: { a: { protocol: "openai" } },
        policy: { patience: "1 second" }
      })
      const { code, stdout } = yield* run(["check", "--config", config])
      assert.strictEqual(code, 0)
      assert.include(stdout, "note: policy.patience: renamed to maxWait; the old name still works\n")
    })
  )

  it.live("refuses an invalid port", () =>
    Effect.gen(function* () {
      for (const port of ["99999", "-1"]) {
        const { code, stderr } = yield* run(["serve", `--port=${port}`])
        assert.notStrictEqual(code, 0)
        assert.include(stderr, `a port is a number from 0 to 65535, got ${port}`)
        assert.notInclude(stderr, "Schema")
      }
    })
  )

  it.live("describes the built-in config without a file", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* run(["check"])
      assert.strictEqual(code, 0)
      assert.strictEqual(stderr, "")
      assert.include(stdout, "No config file given")
      assert.include(stdout, "throttled (openai): primary, backup")
      assert.notInclude(stdout, "is valid")
      assert.notInclude(stdout, "simulated-key")
    })
  )
})

describe("classify", { timeout: processes, concurrent: true }, () => {
  const lines = readFileSync(join(root, "test/fixtures/provider-errors.jsonl"), "utf8").trimEnd().split("\n")

  it.live("writes one line for each input line, in the same order, from standard input and from a file", () =>
    Effect.gen(function* () {
      const input = `${lines.join("\n")}\n`
      const piped = yield* run(["classify"], { input })
      assert.strictEqual(piped.code, 0)
      const ids = (text: string) =>
        text
          .trimEnd()
          .split("\n")
          .map((line): unknown => JSON.parse(line).id)
      assert.deepStrictEqual(ids(piped.stdout), ids(input))
      const read = yield* run(["classify", yield* file(input)])
      assert.strictEqual(read.stdout, piped.stdout)
    })
  )

  it.live("prints the kind, the reason, the wait and the evidence", () =>
    Effect.gen(function* () {
      const input = [
        { id: "a", status: 429, headers: { "retry-after": "7" }, body: "{}" },
        { id: 2, status: 401 },
        { id: "c", transport: { name: "Error", code: "ECONNRESET", message: "reset" } }
      ]
      const { stdout } = yield* run(["classify"], {
        input: input.map((each) => JSON.stringify(each)).join("\n")
      })
      const [a, b, c] = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
      assert.deepInclude(a, { id: "a", kind: "RateLimit", retryAfterMs: 7000 })
      assert.notProperty(a, "reason")
      assert.deepInclude(b, { id: 2, kind: "AuthDead", reason: "InvalidKey" })
      assert.notProperty(b, "retryAfterMs")
      assert.deepInclude(c, { id: "c", kind: "Transient", reason: "Connection" })
      for (const each of [a, b, c]) assert.isString(each.evidence)
    })
  )

  it.live("reports lines that it cannot read, classifies the others, and ends with code 1", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(["classify"], {
        input: '{"id":1,"status":401}\nnope\n\n[1]\n{"id":2,"status":500}'
      })
      assert.strictEqual(code, 1)
      const told = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        told.map((each) => each.id ?? each.error),
        [1, "line 2 is not JSON", "line 4 is not a JSON object", 2]
      )
      const absent = yield* run(["classify", "/no/such/file"])
      assert.strictEqual(absent.code, 1)
      assert.include(absent.stderr, "there is no such file")
    })
  )
})

describe("demo", { timeout: processes }, () => {
  it.live("has the five expected outcomes within twenty seconds and a hundred columns", () =>
    Effect.gen(function* () {
      const startedAt = performance.now()
      const demo = yield* start(["demo"])
      // The demo uses no CPU time while the process waits for a core.
      const waiting = Waiting.of(demo.process.pid ?? 0)
      const looking = setInterval(waiting.look, 50)
      const code = yield* demo.exit
      clearInterval(looking)
      const [stdout, stderr] = [demo.stdout(), demo.stderr()]
      assert.strictEqual(code, 0, stderr)
      assert.isBelow(performance.now() - startedAt - waiting.since(0), 20_000)
      assert.strictEqual(stderr, "")
      assert.isTrue(stdout.split("\n").every((line) => line.length <= 100))
      assert.deepStrictEqual(stdout.match(/^\d\. .*$/gm)?.length, 5)
      assert.include(stdout, "the official openai client")
      for (const trail of ["rate-limit,ok", "overloaded,overloaded,overloaded,ok", "invalid\n"])
        assert.include(stdout, trail)
      assert.include(stdout, "400 Unknown parameter")
    })
  )

  it.live("gives the same outcomes with a client that needs no packages", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* startGateway({
        providers: { a: provider("openai", server) },
        policy: { retries: { times: 0 } }
      })
      const client = Client.plain(url)
      server.play(FaultServer.json(openai.answer))
      assert.strictEqual((yield* client.ask("a/x", false)).text, "hello 漢🦊")
      server.play(FaultServer.sse(openai.events))
      const streamed = yield* client.ask("a/x", true)
      assert.strictEqual(streamed.text, "hello 漢🦊")
      assert.strictEqual(streamed.headers.get("x-failover-trail"), "ok")
      server.play(FaultServer.json(openai.error("invalid_request_error", "no"), 400))
      assert.deepInclude(yield* client.ask("a/x", false), { status: 400, text: "no" })
    })
  )
})

describe("the command line", { timeout: processes, concurrent: true }, () => {
  it.live("prints its commands and its version, and refuses unknown flags", () =>
    Effect.gen(function* () {
      const help = yield* run(["--help"])
      assert.strictEqual(help.code, 0)
      for (const command of ["serve", "check", "classify", "demo"]) assert.include(help.stdout, command)
      const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
      assert.include((yield* run(["--version"])).stdout, version)
      const wrong = yield* run(["serve", "--prot", "1"])
      assert.notStrictEqual(wrong.code, 0)
      assert.include(wrong.stderr, "--port")
    })
  )
})
