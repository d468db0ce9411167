import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { format } from "../../src/cli/admin/Explain.ts"
import { command } from "../support/command.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { ask, chat, key, openai, provider, start } from "../support/gateway.ts"

const token = "admin-token-0123456789"

/** A gateway with two targets: the key of the first is revoked, the second answers. */
const running = Effect.gen(function* () {
  const a = yield* FaultServer.make
  const b = yield* FaultServer.make
  a.play(FaultServer.json(openai.error("invalid_api_key", `no such key: ${key}`), 401))
  const url = yield* start({
    providers: { a: provider("openai", a), b: provider("openai", b) },
    models: {
      smart: { chain: ["a/gpt", "b/gpt"], onContextExceeded: ["b/long"] },
      alone: "a/gpt",
      same: [["a/gpt", "b/gpt"], "b/other"]
    },
    policy: {},
    server: { adminToken: token }
  })
  return { url, call: (model: string) => ask(`${url}/v1/chat/completions`, { body: chat(model) }) }
})

/** Runs `effect-failover explain …` in this process. */
const explain = (...args: ReadonlyArray<string>) => command(["explain", ...args], { ADMIN_TOKEN: token })

describe("explain", () => {
  it.live("prints the next request's target, and why others are skipped", () =>
    Effect.gen(function* () {
      const { call, url } = yield* running
      const before = yield* explain("smart", "--url", url)
      assert.isTrue(before.ok)
      assert.match(before.out, /^smart: the next request goes to a\/gpt#k1\n/)
      yield* call("a/gpt")
      const { ok, out } = yield* explain("smart", "--url", url)
      assert.isTrue(ok)
      const lines = out.split("\n")
      assert.strictEqual(lines[0], "smart: the next request goes to b/gpt#k1")
      assert.match(
        lines[3] ?? "",
        /^a\/gpt#k1 +resting +a#k1 +InvalidKey +in (5m|4m \d+s) +a probe of a#k1 after .* by hand +code=invalid_api_key$/
      )
      assert.match(lines[4] ?? "", /^b\/gpt#k1 +callable$/)
      assert.include(lines, "chain: a/gpt, b/gpt")
      assert.include(lines, "if the prompt is too long: b/long")
    })
  )

  it.live("shows the models of a tier in parentheses", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const { out } = yield* explain("same", "--url", url)
      assert.include(out.split("\n"), "chain: (a/gpt | b/gpt), b/other")
    })
  )

  it.live("prints that no target can be called and what a request does then, and ends with code 1", () =>
    Effect.gen(function* () {
      const { call, url } = yield* running
      yield* call("a/gpt")
      const { ok, out } = yield* explain("alone", "--url", url)
      assert.isFalse(ok)
      assert.match(
        out,
        /^alone: no target can be called now; a request tries the one with the soonest end of its cooldown/
      )
    })
  )

  it.live("uses the request's own fallbacks, and prints JSON with --json", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const { out } = yield* explain("alone", "--fallbacks", "b/other, b/gpt", "--json", "--url", url)
      assert.deepStrictEqual(JSON.parse(out).chain, ["a/gpt", "b/other", "b/gpt"])
    })
  )

  it("prints the learned limits of a target, and what a hedge would do", () => {
    const target = (name: string, more: object) => ({ target: name, state: "callable" as const, ...more })
    const hedge = { to: ["b/gpt#k"], afterMs: { stream: 1_200, answer: 8_000 } }
    const out = format(
      {
        model: "smart",
        chain: ["a/gpt", "b/gpt"],
        first: "a/gpt#k",
        targets: [
          target("a/gpt#k", { learned: { inFlight: 4, limit: 5, perSecond: 2.5, waiting: 3 }, hedge }),
          target("b/gpt#k", { hedge: { to: [], afterMs: {}, whyNot: "no other target" } })
        ],
        tiers: [],
        whenAllBenched: "wait",
        attempts: 8
      },
      0
    )
    const lines = out.split("\n")
    assert.include(lines, "learned limit: a/gpt#k takes 5 at once and 2.5 a second; 4 under way, 3 waiting")
    assert.include(
      lines,
      "hedge: beside a/gpt#k after 1.2 s without content of a stream, or 8 s without a whole answer, at b/gpt#k"
    )
    assert.include(lines, "hedge: none beside b/gpt#k, no other target")
  })

  it.live("prints that hedging is off", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const { out } = yield* explain("smart", "--url", url)
      assert.include(out.split("\n"), "hedge: none, hedging is off (policy.hedge)")
    })
  )

  it.live("reports an unknown model", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const { err, ok } = yield* explain("nothing", "--url", url)
      assert.isFalse(ok)
      assert.include(err, "nothing")
    })
  )
})
