import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run as spawn } from "../support/cli.ts"
import { command } from "../support/command.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { ask, chat, key, openai, provider, start } from "../support/gateway.ts"

const token = "admin-token-0123456789"

const running = (server: object = { adminToken: token }) =>
  Effect.gen(function* () {
    const a = yield* FaultServer.make
    a.play(FaultServer.json(openai.error("invalid_api_key", `no such key: ${key}`), 401))
    const url = yield* start({ providers: { a: provider("openai", a) }, policy: {}, server })
    return { url, fail: ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") }) }
  })

/** Runs `effect-failover bench …` in this process. */
const bench = (args: ReadonlyArray<string>, env: Record<string, string> = { ADMIN_TOKEN: token }) =>
  command(["bench", ...args], env)

describe("bench", () => {
  it.live("benches keys, lists them and unbenches them", () =>
    Effect.gen(function* () {
      const { fail, url } = yield* running()
      assert.strictEqual((yield* bench(["list", "--url", url])).out, "nothing is benched")
      yield* fail
      const added = yield* bench([
        "add",
        "a/gpt",
        "--for",
        "10m",
        "--reason",
        "a \u001b[31mred\nday",
        "--url",
        url
      ])
      assert.match(added.out, /^a\/gpt is benched 20\d\d-.*Z \(in 10m\)$/)
      const forever = yield* bench(["add", "a", "--url", `${url}/`])
      assert.strictEqual(forever.out, "a is benched until it is removed")

      const [header, ...rows] = (yield* bench(["list", "--url", url])).out.split("\n")
      assert.match(header ?? "", /^KEY +STATE +REASON +SINCE +UNTIL +BY +EVIDENCE$/)
      assert.strictEqual(rows.length, 3)
      const row = (name: string) => rows.find((line) => line.startsWith(`${name} `)) ?? ""
      assert.match(row("a#k1"), /resting +InvalidKey +\ds ago +20.* \(in (5m|4m \d+s)\)/)
      assert.match(row("a/gpt"), /manual +Manual +\ds ago +20.* a \[31mred day$/)
      assert.match(row("a"), /manual +Manual +\ds ago +until removed/)

      assert.strictEqual((yield* bench(["remove", "a/gpt", "--url", url])).out, "a/gpt is unbenched")
      assert.notInclude((yield* bench(["list", "--url", url])).out, "a/gpt")
    })
  )

  it.live("reads the token from the given environment variable", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const got = yield* bench(["list", "--url", url, "--token-env", "OTHER"], { OTHER: token })
      assert.deepStrictEqual(got, { ok: true, out: "nothing is benched", err: "" })
    })
  )

  it.live("reports errors and fails", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const none = (yield* running({})).url
      const nobody = yield* FaultServer.refused
      const other = yield* FaultServer.make
      other.play(FaultServer.json({ hello: "world" }))
      const cases: ReadonlyArray<
        readonly [args: ReadonlyArray<string>, env: Record<string, string>, says: RegExp]
      > = [
        [
          ["list", "--url", nobody],
          { ADMIN_TOKEN: token },
          /^no gateway is reachable at http.*: ECONNREFUSED$/
        ],
        [["list", "--url", url], { ADMIN_TOKEN: "wrong" }, /does not accept the token in ADMIN_TOKEN/],
        [["list", "--url", url], {}, /the environment variable ADMIN_TOKEN .* is not set/],
        [["list", "--url", none], { ADMIN_TOKEN: token }, /has no admin API.*server\.adminToken/],
        [["remove", "a", "--url", none], { ADMIN_TOKEN: token }, /has no admin API/],
        [["list", "--url", other.origin], { ADMIN_TOKEN: token }, /is invalid; is it a gateway/],
        [["list", "--url", "localhost"], { ADMIN_TOKEN: token }, /--url: expected an address/],
        [["remove", "a", "--url", url], { ADMIN_TOKEN: token }, /^a is not on the bench$/],
        [["add", "b", "--url", url], { ADMIN_TOKEN: token }, /no provider "b" \(known: a\)/],
        [["add", "a", "--for", "long", "--url", url], { ADMIN_TOKEN: token }, /--for: expected a duration/],
        [["add", "a", "--until", "soon", "--url", url], { ADMIN_TOKEN: token }, /--until: expected a date/],
        [["add", "a", "--until", "2020-01-01", "--url", url], { ADMIN_TOKEN: token }, /not in the future/],
        [
          ["add", "a", "--for", "1m", "--until", "2030-01-01", "--url", url],
          { ADMIN_TOKEN: token },
          /not both/
        ]
      ]
      for (const [args, env, says] of cases) {
        const got = yield* bench(args, env)
        assert.isFalse(got.ok, args.join(" "))
        assert.strictEqual(got.out, "")
        assert.match(got.err, says)
        for (const secret of [token, "wrong", key]) assert.notInclude(got.err, secret)
      }
    })
  )

  it.live("ends with code 1 after an error, and with 0 otherwise", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const env = { ADMIN_TOKEN: token }
      const [good, bad] = yield* Effect.all(
        [
          spawn(["bench", "list", "--url", url], { env }),
          spawn(["bench", "remove", "a", "--url", url], { env })
        ],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(good, { code: 0, stdout: "nothing is benched\n", stderr: "" })
      assert.deepStrictEqual(bad, { code: 1, stdout: "", stderr: "a is not on the bench\n" })
    })
  )
})
