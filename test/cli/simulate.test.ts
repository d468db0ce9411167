import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import { processes, root, run } from "../support/cli.ts"

const file = (name: string, content: unknown) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-failover-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    ),
    (folder) => {
      const path = join(folder, name)
      writeFileSync(path, JSON.stringify(content, null, 2))
      return path
    }
  )

const short = (target: string, fault = "throttled") => ({
  duration: "40 seconds",
  requests: { perSecond: 2 },
  faults: [{ target, fault, from: "10 seconds", until: "30 seconds" }]
})

describe("simulate", { timeout: processes, concurrent: true }, () => {
  it.live("reports an outage without lost requests in 100 columns, the same in every run", () =>
    Effect.gen(function* () {
      const [ended, again] = yield* Effect.all(
        [run(["simulate", "throttle"]), run(["simulate", "throttle"])],
        {
          concurrency: 2
        }
      )
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.strictEqual(ended.stderr, "")
      assert.match(ended.stdout, /Nothing was lost: all 1500 requests were answered\./)
      assert.match(ended.stdout, /north\/large#main is benched until 1:20\.\d: RateLimit/)
      assert.match(ended.stdout, /north\/large#main answers again/)
      for (const line of ended.stdout.split("\n")) assert.isAtMost(line.length, 100, line)
      assert.strictEqual(again.stdout, ended.stdout)
    })
  )

  it.live("ends with code 1 if requests were lost", () =>
    Effect.gen(function* () {
      const scenario = yield* file("outage.jsonc", short("every target", "unreachable"))
      const ended = yield* run(["simulate", scenario])
      assert.strictEqual(ended.code, 1)
      assert.match(ended.stdout, /40 of 80 requests were lost: 40 failed\./)
    })
  )

  it.live("uses the chains and the policy of a config, and reads none of its keys", () =>
    Effect.gen(function* () {
      const config = yield* file("gateway.jsonc", {
        providers: {
          openai: {
            protocol: "openai",
            credentials: [
              { name: "one", apiKey: "env:NO_SUCH_VARIABLE" },
              { name: "two", apiKey: "file:no-such-file" }
            ]
          }
        },
        models: { smart: "openai/gpt-5.2", other: "openai/other" },
        policy: { rules: { RateLimit: { next: "stop" } } },
        server: { tokens: ["env:NO_SUCH_TOKEN"] },
        bench: { store: "redis://nowhere.invalid:1" }
      })
      const scenario = yield* file("outage.jsonc", short("openai#one"))
      const ended = yield* run(["simulate", scenario, "--config", config, "--model", "other", "--json"])
      assert.strictEqual(ended.stderr, "")
      const report = JSON.parse(ended.stdout)
      assert.strictEqual(report.model, "other")
      assert.deepStrictEqual(
        report.targets.map(({ target }: { target: string }) => target),
        ["openai/other#one", "openai/other#two"]
      )
      // Only this policy ends the request at a throttle.
      assert.isAbove(report.requests.failed, 0)
      assert.strictEqual(ended.code, 1)
    })
  )

  it.live("reports every problem of a scenario or a config, and ends with code 2", () =>
    Effect.gen(function* () {
      const scenario = yield* file("outage.jsonc", { ...short("nroth"), seeds: 1 })
      const config = yield* file("gateway.jsonc", { providers: { a: { protocol: "opena1" } } })
      const place = yield* file("outage.jsonc", short("nroth"))
      const [shape, name, wrong, unknown] = yield* Effect.all(
        [
          run(["simulate", scenario]),
          run(["simulate", place]),
          run(["simulate", "throttle", "--config", config]),
          run(["simulate", "throtle"])
        ],
        { concurrency: 2 }
      )
      for (const { code, stdout } of [shape, name, wrong, unknown]) {
        assert.strictEqual(code, 2)
        assert.strictEqual(stdout, "")
      }
      assert.match(shape.stderr, /seeds: there is no such field; did you mean seed\? \(line \d+\)/)
      assert.match(name.stderr, /faults\[0\]\.target: .* did you mean north\? \(line \d+\)/)
      assert.match(wrong.stderr, /providers\.a\.protocol: expected/)
      assert.match(unknown.stderr, /built-in scenario of that name; did you mean throttle\?/)
    })
  )

  it.live("lists the built-in scenarios without an argument", () =>
    Effect.gen(function* () {
      const ended = yield* run(["simulate"])
      assert.strictEqual(ended.code, 0)
      for (const name of Object.keys(BuiltIn.scenarios)) assert.include(ended.stdout, `  ${name} `)
      for (const line of ended.stdout.split("\n")) assert.isAtMost(line.length, 120)
    })
  )

  it.live("runs the example scenario with the example config, and shows lost requests by its exit code", () =>
    Effect.gen(function* () {
      const [scenario, config] = ["outages/scenario.jsonc", "gateway.jsonc"].map((name) =>
        join(root, "examples", name)
      )
      const ended = yield* run(["simulate", scenario!, "--config", config!])
      assert.strictEqual(ended.stderr, "")
      assert.strictEqual(ended.code, ended.stdout.includes("Nothing was lost") ? 0 : 1)
      for (const line of ended.stdout.split("\n")) assert.isAtMost(line.length, 100, line)
    })
  )

  it.live("compares two configs with their costs, and writes the page to the given file", () =>
    Effect.gen(function* () {
      const config = (policy: object) =>
        file("gateway.jsonc", {
          providers: { a: { protocol: "openai" }, b: { protocol: "openai" } },
          models: { smart: ["a/large", "b/large"] },
          policy
        })
      const [one, other] = [yield* config({}), yield* config({ retries: { times: 0 } })]
      const scenario = yield* file("outage.jsonc", short("a", "serverError"))
      const prices = yield* file("prices.jsonc", {
        "a/large": { input: 1, output: 4 },
        "*": { input: 10, output: 40, cachedInput: 1 }
      })
      const page = join(dirname(prices), "page.html")
      const args = ["simulate", scenario, "--config", one, "--compare", other, "--prices", prices]
      const [text, json] = yield* Effect.all([run([...args, "--html", page]), run([...args, "--json"])], {
        concurrency: 2
      })
      assert.strictEqual(text.code, 0, text.stderr)
      assert.match(text.stdout, /What differs most: with /)
      assert.match(text.stdout, /calls a request/)
      assert.match(text.stdout, /cost +\d/)
      assert.match(readFileSync(page, "utf8"), /^<!doctype html>/)
      const told = JSON.parse(json.stdout)
      assert.match(told.differsMost, /^What differs most/)
      assert.strictEqual(told.one.name, one)
      // Eighty answers of 300 tokens to prompts of 2,000 tokens. Answers of `a` cost a tenth.
      const { cost, targets } = told.other.report
      const [a, b] = targets.map(({ answered }: { answered: number }) => answered)
      assert.strictEqual(a + b, 80)
      assert.approximately(cost, (a * (2_000 + 300 * 4) + b * (20_000 + 300 * 40)) / 1e6, 1e-9)
    })
  )

  it.live("reports problems of prices, and a page that cannot be written", () =>
    Effect.gen(function* () {
      const prices = yield* file("prices.jsonc", { "a/large": { input: -1 } })
      const [wrong, nowhere] = yield* Effect.all(
        [
          run(["simulate", "throttle", "--prices", prices]),
          run(["simulate", "throttle", "--html", join(prices, "page.html")])
        ],
        { concurrency: 2 }
      )
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stderr, `["a/large"].input: expected a number from 0`)
      assert.include(wrong.stderr, `["a/large"].output: is missing`)
      assert.strictEqual(nowhere.code, 2)
      assert.match(nowhere.stderr, /--html: .* cannot be written/)
    })
  )

  it.live("replays the decisions of a gateway with two configs", () =>
    Effect.gen(function* () {
      const at = (second: number) => new Date(Date.UTC(2026, 4, 1) + second * 1000).toISOString()
      const lines = Array.from({ length: 20 }, (_, second) =>
        JSON.stringify({
          id: second,
          at: at(second),
          kind: "effect",
          model: "smart",
          outcome: "answered",
          duration: 2_000,
          attempts: [
            {
              target: "a/large#default",
              at: at(second),
              duration: 50,
              outcome: "failed",
              failure: "Overloaded"
            },
            { target: "b/large#default", at: at(second), duration: 500, outcome: "answered" }
          ]
        })
      )
      const log = yield* file("decisions.jsonl", {})
      writeFileSync(log, `${lines.join("\n")}\n`)
      const config = (models: ReadonlyArray<string>) =>
        file("gateway.jsonc", {
          providers: { a: { protocol: "openai" }, b: { protocol: "openai" } },
          models: { smart: models }
        })
      const [one, other] = [yield* config(["a/large", "b/large"]), yield* config(["b/large", "a/large"])]
      const stranger = yield* file("stranger.jsonc", {
        providers: { a: { protocol: "openai" } },
        models: { other: "a/large" }
      })
      writeFileSync(
        log,
        `${lines.join("\n")}\n${lines[0]!.replace('"id":0', '"id":20').replace("smart", "other")}\n`
      )
      const page = join(dirname(log), "page.html")
      const partly = yield* run([
        "simulate",
        "--replay",
        log,
        "--config",
        one,
        "--compare",
        stranger,
        "--html",
        page
      ])
      for (const text of [partly.stdout.replace(/\s+/g, " "), readFileSync(page, "utf8")]) {
        assert.match(
          text,
          /With \S+stranger\.jsonc: 20 requests for models that the config does not have are left out\./
        )
      }
      writeFileSync(log, `${lines.join("\n")}\n`)
      const unknown = yield* run(["simulate", "--replay", log, "--config", one, "--compare", stranger])
      assert.strictEqual(unknown.code, 2)
      assert.match(
        unknown.stderr,
        /decisions\.jsonl has a problem:\n {2}with \S+stranger\.jsonc: no request in it is for a model of the config: unknown model "smart" \(known: other\)/
      )
      const [ended, both, wrong] = yield* Effect.all(
        [
          run(["simulate", "--replay", log, "--config", other, "--compare", one, "--json"]),
          run(["simulate", "throttle", "--replay", log]),
          run(["simulate", "--replay", one])
        ],
        { concurrency: 2 }
      )
      assert.strictEqual(ended.code, 0, ended.stderr)
      const told = JSON.parse(ended.stdout)
      assert.strictEqual(told.one.report.requests.calls, 20)
      assert.isAbove(told.other.report.requests.calls, 20)
      assert.strictEqual(both.code, 2)
      assert.match(both.stderr, /--replay replaces the scenario/)
      assert.strictEqual(wrong.code, 2)
      assert.match(wrong.stderr, /this is not a decision of \/admin\/decisions\?format=jsonl \(line 1\)/)
    })
  )
})
