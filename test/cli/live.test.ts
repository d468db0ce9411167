/** `check --live`: whether the credentials and models of a config work. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { processes, run as spawn } from "../support/cli.ts"
import { command } from "../support/command.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { configFile as file } from "../support/files.ts"
import { anthropic, openai } from "../support/gateway.ts"

/** Runs `effect-failover check …` in this process. */
const check = (args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
  command(["check", ...args], env)

/** The rows of the table, by `provider#credential model`: the outcome, and the text after it. */
const rows = (out: string) => {
  const [header = "", ...lines] = out.slice(out.indexOf("CREDENTIAL")).split("\n\n")[0]!.split("\n")
  const starts = [...header.matchAll(/\S+/g)].map(({ index }) => index)
  return new Map(
    lines.map((line) => {
      const cells = starts.map((start, column) => line.slice(start, starts[column + 1]).trim())
      return [
        `${cells[0]} ${cells[1]}`.trim(),
        { result: cells[2], time: cells[3], evidence: cells[4], message: cells[5] }
      ]
    })
  )
}

const results = (out: string) =>
  Object.fromEntries([...rows(out)].map(([name, { result }]) => [name, result]))

const keyOf = ({ headers }: FaultServer.Seen) =>
  headers.authorization?.replace("Bearer ", "") ?? headers["x-api-key"] ?? ""

const bodyOf = ({ body }: FaultServer.Seen): Record<string, unknown> => JSON.parse(body)

const secret = (name: string) => `${name}-of-the-lily-pond`

const credentials = (...names: ReadonlyArray<string>) =>
  names.map((name) => ({ name, apiKey: `env:${name.toUpperCase()}` }))

const envOf = (...names: ReadonlyArray<string>) =>
  Object.fromEntries(names.map((name) => [name.toUpperCase(), secret(name)]))

const noModel = FaultServer.json(
  openai.error("model_not_found", "The model does not exist or you do not have access to it."),
  404
)

describe("check --live", { timeout: processes }, () => {
  it.live("calls every enabled credential once for a few tokens, and reports how each of them failed", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const names = ["fine", "dead", "throttled", "broke", "silent", "liar", "cut"]
      const answers: Record<string, FaultServer.Behaviour> = {
        fine: FaultServer.json(openai.answer),
        dead: FaultServer.json(
          openai.error("invalid_api_key", `Incorrect API key provided: ${secret("dead")}.`),
          401,
          { "x-echo": secret("dead") }
        ),
        throttled: FaultServer.json(openai.error("rate_limit_exceeded", "slow down"), 429, {
          "retry-after": "7"
        }),
        broke: FaultServer.json(openai.error("insufficient_quota", "You exceeded your current quota"), 429),
        silent: [{ hang: true }],
        liar: FaultServer.json(openai.error("server_error", `no luck for ${secret("fine")}`)),
        cut: [{ head: 200 }, { send: '{"choices":[' }, { reset: true }]
      }
      server.answer((seen) => answers[names.find((name) => keyOf(seen) === secret(name)) ?? ""])
      const config = yield* file({
        providers: {
          a: {
            protocol: "openai",
            baseUrl: `${server.origin}/v1`,
            credentials: [...credentials(...names), { name: "off", apiKey: "k", enabled: false }],
            headers: { "x-team": "blue" }
          }
        },
        models: { smart: ["a/m"] }
      })
      const got = yield* check(["--config", config, "--live", "--timeout", "10s"], envOf(...names))
      assert.isFalse(got.ok)
      assert.deepStrictEqual(results(got.out), {
        "a#fine m": "ok",
        "a#dead m": "InvalidKey",
        "a#throttled m": "RateLimit",
        "a#broke m": "Balance",
        "a#silent m": "Timeout",
        "a#liar m": "ServerError",
        "a#cut m": "Truncated"
      })
      const table = rows(got.out)
      assert.match(table.get("a#fine m")?.time ?? "", /^\d+ ms$/)
      assert.include(table.get("a#dead m")?.evidence, "code=invalid_api_key")
      assert.include(table.get("a#dead m")?.message, "Incorrect API key provided: [redacted]")
      assert.include(table.get("a#throttled m")?.evidence, "header retry-after: 7")
      assert.include(table.get("a#liar m")?.message, "no luck for [redacted]")
      assert.include(got.out, "6 of 7 are not ok.")
      for (const name of names) assert.notInclude(got.out + got.err, secret(name))

      assert.deepStrictEqual(server.requests.map(keyOf).sort(), names.map(secret).sort())
      for (const seen of server.requests) {
        assert.strictEqual(seen.path, "/v1/chat/completions")
        assert.strictEqual(seen.headers["x-team"], "blue")
        assert.deepInclude(bodyOf(seen), { model: "m", max_completion_tokens: 16 })
        assert.notProperty(bodyOf(seen), "stream")
      }
    })
  )

  it.live("calls every other model with the credentials that worked", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.answer((seen) =>
        keyOf(seen) === secret("dead")
          ? FaultServer.json(openai.error("invalid_api_key", "no"), 401)
          : seen.model === "gone"
            ? noModel
            : FaultServer.json(openai.answer)
      )
      const config = yield* file({
        providers: {
          a: {
            protocol: "openai",
            baseUrl: server.origin,
            credentials: credentials("dead", "one", "two"),
            fallbackModels: ["m4"],
            models: { m3: { contextWindow: 1000 } }
          }
        },
        models: { smart: ["a/m1", "a/gone"], long: { chain: "a/m1", onContextExceeded: ["a/m2"] } },
        fallbacks: ["a/m5"]
      })
      const got = yield* check(["--config", config, "--live"], envOf("dead", "one", "two"))
      assert.isFalse(got.ok)
      assert.include(got.out, "calling 3 credentials and 5 more models, each for at most 30s …")
      assert.deepStrictEqual(results(got.out), {
        "a#dead m1": "InvalidKey",
        "a#one m1": "ok",
        "a#two m1": "ok",
        "a#one gone": "ModelMissing",
        "a#two m2": "ok",
        "a#one m3": "ok",
        "a#two m4": "ok",
        "a#one m5": "ok"
      })
      const good = server.requests.filter((seen) => seen.model !== "gone")
      assert.strictEqual(good.length, 7, "each of them once")
    })
  )

  it.live("verifies a model with the form of request that it accepts", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const refuse = (message: string, status = 400) =>
        FaultServer.json(openai.error("invalid_request_error", message), status)
      server.answer((seen) => {
        const { model, path } = seen
        const body = bodyOf(seen)
        if (path === "/v1/responses") {
          const item = { type: "message", content: [{ type: "output_text", text: "ok" }] }
          return model === "pro"
            ? FaultServer.json({ status: "completed", output: [item] })
            : refuse("not here")
        }
        if (path === "/v1/embeddings") {
          return model === "vectors"
            ? FaultServer.json({ data: [{ embedding: [0.1] }] })
            : FaultServer.text("nothing here", 500)
        }
        if (path === "/v1/completions") {
          return model === "old"
            ? FaultServer.json({ choices: [{ text: "ok", finish_reason: "stop" }] })
            : FaultServer.text("404 page not found", 404)
        }
        const isNewer = "max_completion_tokens" in body
        switch (model) {
          case "mistral":
            return isNewer ? refuse("Extra inputs are not permitted", 422) : FaultServer.json(openai.answer)
          case "mistral-gone":
            return isNewer ? refuse("Extra inputs are not permitted", 422) : noModel
          case "mistral-busy":
            return isNewer ? refuse("no such field") : refuse("slow down", 429)
          case "thinker":
            return refuse(
              "Could not finish the message because max_tokens or model output limit was reached."
            )
          case "thought":
            return FaultServer.json({ choices: [{ message: { content: "" }, finish_reason: "length" }] })
          case "strange":
            return refuse("the first message must be a poem")
          default:
            return refuse("This is not a chat model", 404)
        }
      })
      const names = [
        "mistral",
        "mistral-gone",
        "mistral-busy",
        "thinker",
        "thought",
        "pro",
        "vectors",
        "old",
        "strange",
        "none"
      ]
      const config = yield* file({
        providers: { a: { protocol: "openai", baseUrl: server.origin } },
        models: { all: names.map((name) => `a/${name}`) }
      })
      const got = yield* check(["--config", config, "--live"])
      assert.deepStrictEqual(results(got.out), {
        "a#default mistral": "ok",
        "a#default mistral-gone": "ModelMissing",
        "a#default mistral-busy": "RateLimit",
        "a#default thinker": "ok",
        "a#default thought": "ok",
        "a#default pro": "ok",
        "a#default vectors": "ok",
        "a#default old": "ok",
        "a#default strange": "Invalid",
        "a#default none": "Unsupported"
      })
      const table = rows(got.out)
      assert.strictEqual(table.get("a#default pro")?.message, "responses")
      assert.strictEqual(table.get("a#default vectors")?.message, "embeddings")
      assert.include(table.get("a#default strange")?.message, "must be a poem")
    })
  )

  it.live("does not request responses from a server with responses: false", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(noModel)
      const config = yield* file({
        providers: { a: { protocol: "openai", baseUrl: server.origin, responses: false } },
        models: { smart: "a/m" }
      })
      assert.deepStrictEqual(results((yield* check(["--config", config, "--live"])).out), {
        "a#default m": "ModelMissing"
      })
      assert.notInclude(
        server.requests.map(({ path }) => path),
        "/v1/responses"
      )
    })
  )

  it.live("uses Anthropic's protocol for providers with that protocol", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.answer((seen) => {
        if (seen.model === "gone")
          return FaultServer.json(anthropic.error("not_found_error", "model: gone"), 404)
        switch (keyOf(seen)) {
          case secret("fine"):
            return FaultServer.json(anthropic.answer)
          case secret("busy"):
            return FaultServer.json(anthropic.error("overloaded_error", "Overloaded"), 529)
          default:
            return FaultServer.json(
              anthropic.error("authentication_error", `invalid x-api-key ${keyOf(seen)}`),
              401
            )
        }
      })
      const config = yield* file({
        providers: {
          c: {
            protocol: "anthropic",
            baseUrl: server.origin,
            credentials: credentials("dead", "busy", "fine")
          }
        },
        models: { claude: ["c/large", "c/gone"] }
      })
      const got = yield* check(["--config", config, "--live"], envOf("dead", "busy", "fine"))
      assert.deepStrictEqual(results(got.out), {
        "c#dead large": "InvalidKey",
        "c#busy large": "Overloaded",
        "c#fine large": "ok",
        "c#fine gone": "ModelMissing"
      })
      for (const seen of server.requests) {
        assert.strictEqual(seen.path, "/v1/messages")
        assert.strictEqual(bodyOf(seen).max_tokens, 16)
      }
      assert.strictEqual(server.requests.length, 4)
      for (const name of ["dead", "busy", "fine"]) assert.notInclude(got.out, secret(name))
    })
  )

  it.live("requests the list of models if the config names none, which verifies only the key", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.answer((seen) =>
        keyOf(seen) === secret("dead")
          ? FaultServer.json(openai.error("invalid_api_key", "no"), 401)
          : keyOf(seen) === secret("none")
            ? FaultServer.text("404 page not found", 404)
            : FaultServer.json({ object: "list", data: [] })
      )
      const config = yield* file({
        providers: {
          a: {
            protocol: "openai",
            baseUrl: server.origin,
            credentials: credentials("fine", "dead", "none")
          }
        }
      })
      const got = yield* check(["--config", config, "--live"], envOf("fine", "dead", "none"))
      assert.deepStrictEqual(results(got.out), {
        "a#fine": "ok",
        "a#dead": "InvalidKey",
        "a#none": "Unsupported"
      })
      assert.include(rows(got.out).get("a#fine")?.message, "its credit is not checked")
      assert.include(rows(got.out).get("a#none")?.message, "name a model of a in the config")
      assert.deepStrictEqual(
        new Set(server.requests.map(({ body, method, path }) => `${method} ${path} ${body}`)),
        new Set(["GET /v1/models "])
      )
    })
  )

  it.live("calls each endpoint, and no model if no credential worked", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const nobody = yield* FaultServer.refused
      server.play(FaultServer.json(openai.answer))
      const [here, there] = credentials("here", "there")
      const config = yield* file({
        providers: {
          a: {
            protocol: "openai",
            baseUrl: server.origin,
            credentials: [here, { ...there, baseUrl: `${nobody}/v1` }]
          }
        },
        models: { smart: ["a/m1", "a/m2"] }
      })
      const got = yield* check(["--config", config, "--live"], envOf("here", "there"))
      assert.deepStrictEqual(results(got.out), {
        "a#here m1": "ok",
        "a#here m2": "ok",
        "a#there m1": "Connection",
        "a m2": "not called"
      })
      assert.include(rows(got.out).get("a#there m1")?.evidence, "ECONNREFUSED")
      assert.include(got.out, "2 of 4 are not ok.")
    })
  )

  it.live("makes at most eight calls at once", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([{ wait: 150 }, ...FaultServer.json(openai.answer)])
      const names = Array.from({ length: 20 }, (_, index) => `k${index}`)
      const config = yield* file({
        providers: { a: { protocol: "openai", baseUrl: server.origin, credentials: credentials(...names) } },
        models: { smart: "a/m" }
      })
      const [duration, got] = yield* Effect.timed(check(["--config", config, "--live"], envOf(...names)))
      assert.isTrue(got.ok, got.out)
      assert.include(got.out, "All 20 are ok.")
      assert.isAtLeast(Duration.toMillis(duration), 440, "three rounds")
      assert.isAtMost(Duration.toMillis(duration), 2_900, "and not twenty")
    })
  )

  it.live("makes no calls without --live", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const config = yield* file({ providers: { a: { protocol: "openai", baseUrl: server.origin } } })
      assert.isTrue((yield* check(["--config", config])).ok)
      assert.strictEqual(server.sockets, 0)
    })
  )

  it.live("ends with code 0 if all calls succeed, 1 if one fails, and 2 for an invalid file", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.answer((seen) => (seen.model === "gone" ? noModel : FaultServer.json(openai.answer)))
      const config = (model: string, more: object = {}) =>
        file({
          providers: { a: { protocol: "openai", baseUrl: server.origin, credentials: credentials("k") } },
          models: { smart: `a/${model}` },
          ...more
        })
      const live = (path: string, ...more: ReadonlyArray<string>) =>
        spawn(["check", "--live", "--config", path, ...more], { env: envOf("k") })
      const [good, bad, wrong, flag] = yield* Effect.all(
        [
          live(yield* config("m")),
          live(yield* config("gone")),
          live(yield* config("m", { fallbacks: ["nobody/m"] })),
          live(yield* config("m"), "--timeout", "soon")
        ],
        { concurrency: 2 }
      )
      assert.deepStrictEqual([good.code, bad.code, wrong.code, flag.code], [0, 1, 2, 1])
      assert.include(good.stdout, "All 1 are ok.")
      assert.strictEqual(good.stderr + bad.stderr, "")
      assert.include(wrong.stderr, "fallbacks[0]: ")
      assert.include(flag.stderr, "--timeout: expected a duration")
      assert.strictEqual(wrong.stdout + flag.stdout, "")
    })
  )
})
