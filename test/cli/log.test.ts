/** The log of `serve`: its output, format and level, and their changes. */
import { spawn, spawnSync } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { processes, root, start } from "../support/cli.ts"
import * as FaultServer from "../support/FaultServer.ts"
import * as Files from "../support/files.ts"
import { ask, chat, openai, provider } from "../support/gateway.ts"

/** A config file with a provider that always fails, and a function that replaces the file. */
const failing = Effect.gen(function* () {
  const server = yield* FaultServer.make
  server.play(FaultServer.json(openai.error("server_error", "The server is overloaded"), 503))
  const folder = yield* Files.folder
  const file = join(folder, "gateway.jsonc")
  const write = (log: object, keys?: ReadonlyArray<string>) =>
    writeFileSync(
      file,
      JSON.stringify({
        providers: { a: provider("openai", server, keys) },
        policy: { retries: { times: 0 }, whenAllBenched: "tryAnyway" },
        log
      })
    )
  return { folder, file, write }
})

/** Starting a process takes long. */
const until = (condition: Effect.Effect<boolean>) =>
  Effect.filterOrFail(
    condition,
    (is) => is,
    () => "it never came to that"
  ).pipe(Effect.retry(Schedule.max([Schedule.spaced("20 millis"), Schedule.recurs(3000)])))

const fail = (url: string) =>
  Effect.map(ask(`${url}/v1/chat/completions`, { body: chat("a/x") }), ({ status }) =>
    assert.strictEqual(status, 503)
  )

describe("the log of serve", { timeout: processes, concurrent: true }, () => {
  it.live("changes its format and level in a reload, and never writes to standard output", () =>
    Effect.gen(function* () {
      const { file, write } = yield* failing
      write({ level: "error" })
      const gateway = yield* start(["serve", "--config", file, "--port", "0", "--no-watch"])
      const url = yield* gateway.says(/^listening on (\S+)\n/)
      yield* fail(url)
      write({ level: "warn", format: "json", requests: true })
      gateway.process.kill("SIGHUP")
      yield* until(
        Effect.map(ask(`${url}/metrics`), ({ text }) => text.includes("failover_config_revision 2"))
      )
      yield* fail(url)
      yield* gateway.says(/"message":"a request failed: ChainExhausted"/)
      // The entries of the start are plain text.
      const lines = gateway
        .stderr()
        .trimEnd()
        .split("\n")
        .filter((line) => !line.startsWith("note: "))
      const entries = lines.map((line): { level: string; message: string } => JSON.parse(line))
      assert.isTrue(
        entries.every(({ level }) => level === "WARN"),
        "nothing below the level, and nothing of the level before"
      )
      assert.strictEqual(gateway.stdout(), `listening on ${url}\n`)
    })
  )

  it.live("is JSON only, from the notes at the start to the signal at the end", () =>
    Effect.gen(function* () {
      const { file, write } = yield* failing
      write({ format: "json" })
      const gateway = yield* start(["serve", "--config", file, "--port", "0", "--no-watch"])
      const url = yield* gateway.says(/^listening on (\S+)\n/)
      yield* fail(url)
      // The changes of the bench are logged in the background.
      yield* gateway.says(/"message":"a\/x#k1 is benched"/)
      gateway.process.kill("SIGTERM")
      assert.strictEqual(yield* gateway.exit, 0)
      const entries = gateway
        .stderr()
        .trimEnd()
        .split("\n")
        .map((line): { message: string } => JSON.parse(line))
      const messages = entries.map(({ message }) => message)
      assert.match(
        messages[0] ?? "",
        /^note: providers\.a\.credentials\[0\]\.apiKey: a key or token is written in the file/
      )
      assert.include(messages, `note: the status page is at ${url}/`)
      assert.include(messages, "stopping on SIGTERM: accepting no new requests, finishing those in flight")
      assert.strictEqual(messages.at(-1), "stopped")
    })
  )

  it.live.skipIf(!existsSync("/dev/full"))(
    "is given up line by line while its disk is full, and the gateway goes on (skipped without /dev/full)",
    () =>
      Effect.gen(function* () {
        const { file, write } = yield* failing
        write({ requests: "all" })
        const full = openSync("/dev/full", "w")
        const gateway = yield* start(["serve", "--config", file, "--port", "0", "--no-watch"], {
          stderrTo: full
        })
        const url = yield* gateway.says(/^listening on (\S+)\n/)
        for (let count = 0; count < 5; count++) yield* fail(url)
        assert.strictEqual((yield* ask(`${url}/healthz`)).status, 200)
        gateway.process.kill("SIGTERM")
        assert.strictEqual(yield* gateway.exit, 0)
        closeSync(full)
      })
  )

  it.live.skipIf(spawnSync("script", ["--version"]).error !== undefined)(
    "goes to standard error at a terminal too (skipped without the program script, which makes a terminal)",
    () =>
      Effect.gen(function* () {
        const { file, folder, write } = yield* failing
        write({}, ["sk-of-the-provider-1"])
        const [out, pid] = [join(folder, "out"), join(folder, "pid")]
        const node = join(root, "node_modules/.bin/node")
        const main = join(root, "src/cli/main.ts")
        const command = `echo $$ > ${pid}; exec ${node} ${main} serve --config ${file} --port 0 > ${out}`
        const seen = { text: "" }
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            const terminal = spawn("script", ["-qefc", command, "/dev/null"], {
              stdio: ["pipe", "pipe", "inherit"]
            })
            terminal.stdout.on("data", (part) => (seen.text += part))
            return terminal
          }),
          (terminal) =>
            Effect.sync(() => {
              if (existsSync(pid)) process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL")
              terminal.kill("SIGKILL")
            })
        )
        const said = () => (existsSync(out) ? readFileSync(out, "utf8") : "")
        yield* until(Effect.sync(() => said().includes("\n")))
        const url = said().trim().replace("listening on ", "")
        yield* fail(url)
        yield* until(Effect.sync(() => seen.text.includes("a request failed: ChainExhausted")))
        assert.include(seen.text, "\x1b[", "it is coloured")
        // A client that sends a key as the model's name.
        const answer = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/sk-of-the-provider-1") })
        assert.strictEqual(answer.status, 404)
        assert.notInclude(answer.text, "sk-of-the-provider-1")
        // All its log entries come before those of the next failure.
        yield* fail(url)
        yield* until(Effect.sync(() => seen.text.split("a request failed: ChainExhausted").length > 2))
        assert.notInclude(seen.text, "sk-of-the-provider-1")
        assert.strictEqual(said(), `listening on ${url}\n`)
      })
  )
})
