import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import * as Scenario from "../../src/simulator/scenario/Scenario.ts"

const parse = (file: unknown, overrides?: Scenario.Overrides, config = BuiltIn.config) =>
  Scenario.parse(
    typeof file === "string" ? file : JSON.stringify(file, null, 2),
    "outage.jsonc",
    config,
    overrides
  )

const problems = (...args: Parameters<typeof parse>) =>
  Result.match(parse(...args), {
    onSuccess: () => [],
    onFailure: ({ problems }) => problems.map(({ message, path }) => `${path}: ${message}`)
  })

describe("a scenario file", () => {
  it("needs nothing but faults", () => {
    const scenario = Result.getOrThrow(parse('{ "faults": [] } // a quiet day'))
    assert.strictEqual(scenario.model, "smart")
    assert.strictEqual(scenario.requests, 5 * 60 * 5)
    assert.deepStrictEqual(
      scenario.targets.map(({ target }) => target),
      ["north/large#main", "north/large#spare", "south/large#main"]
    )
  })

  it("reports every wrong field, with its path and what is expected", () => {
    assert.deepStrictEqual(
      problems({
        duration: "soon",
        requests: { perSecond: 0, modle: "smart" },
        answers: { whole: 0 },
        faults: [
          { target: "north", fault: "melted", share: 2 },
          { fault: "slow", factor: 1, from: -1 }
        ]
      }),
      [
        'duration: expected a duration such as "250 millis" or "2 minutes", or a number of milliseconds',
        "requests.perSecond: expected a number above 0, at most 10000",
        "requests.modle: there is no such field; did you mean model?",
        "answers.whole: expected a time above zero",
        'faults[0].fault: expected "throttled" | "capped" | "overloaded" | "crowded" | "serverError" | "unreachable" | "silent" | "slow" | "cut" | "hang" | "invalidKey" | "noCredit" | "modelGone" | "badRequest" | "contextExceeded"',
        "faults[0].share: expected a number above 0, at most 1",
        "faults[1].target: is missing",
        "faults[1].factor: expected a number above 1",
        'faults[1].from: expected a duration such as "250 millis" or "2 minutes", or a number of milliseconds'
      ]
    )
  })

  it("reports everything that is contradictory or does not fit the config", () => {
    assert.deepStrictEqual(
      problems({
        duration: "10 minutes",
        answers: { firstWord: "5 seconds", whole: "4 seconds" },
        faults: [
          { target: "nroth", fault: "slow" },
          { target: "west/large", fault: "silent" },
          { target: "north", fault: "silent", retryAfter: "1 minute", factor: 3 },
          { target: "south", fault: "slow", from: "3 minutes", until: "2 minutes" },
          { target: "south", fault: "slow", from: "11 minutes" }
        ]
      }),
      [
        "answers.firstWord: comes after the end of the answer (whole)",
        "faults[0].target: no request for smart goes there; did you mean north?",
        "faults[1].target: no request for smart goes there; they may go to north/large#main, north/large#spare, south/large#main",
        "faults[2].retryAfter: does not apply to silent; it applies to throttled, capped and overloaded",
        "faults[2].factor: does not apply to silent; it applies to slow",
        "faults[3].until: is not later than from",
        "faults[4].until: is not later than from",
        "faults[4].from: is not earlier than the end (duration)"
      ]
    )
  })

  it("limits the number of simulated requests", () => {
    assert.deepStrictEqual(problems({ duration: "1 day", requests: { perSecond: 20 }, faults: [] }), [
      "duration: that would be 1728000 requests, and 1000000 are simulated at most: make duration shorter or perSecond less"
    ])
  })

  it("reports invalid JSON and duplicate names with their lines", () => {
    const twice = parse('{\n  "faults": [],\n  "seed": 1,\n  "seed": 2\n}')
    assert.include(Result.isFailure(twice) ? twice.failure.message : "", "seed: is defined twice (line 4)")
    assert.include(problems("{")[0], "not JSON")
  })

  it("may name a model or a spec, which a flag overrides", () => {
    const asking = (model: string) => ({ requests: { model }, faults: [] })
    assert.deepStrictEqual(
      Result.getOrThrow(parse(asking("south/other"))).targets.map(({ target }) => target),
      ["south/other#main"]
    )
    assert.match(
      problems(asking("clever"))[0] ?? "",
      /^requests\.model: unknown model "clever" \(known: smart\)/
    )
    assert.match(
      problems(asking("smart"), { model: "clever" })[0] ?? "",
      /^: --model: unknown model "clever"/
    )
    const bare = fromFile({ providers: { only: { protocol: "openai" } } }, [])
    assert.match(problems({ faults: [] }, {}, bare)[0] ?? "", /^requests\.model: is missing/)
    assert.isTrue(Result.isSuccess(parse({ faults: [] }, { model: "only/this" }, bare)))
  })

  it("names targets by key, or by their position in the chain", () => {
    const targets = ["north", "north#spare", "north/large", "south/large#main"]
    const words = ["first target", "first credential", "first model", "first provider", "every target"]
    const scenario = Result.getOrThrow(
      parse({ faults: [...targets, ...words].map((target) => ({ target, fault: "silent" })) })
    )
    assert.deepStrictEqual(
      scenario.faults.map(({ key, targets }) => [key, targets.size]),
      [
        ["north", 2],
        ["north#spare", 1],
        ["north/large", 2],
        ["south/large#main", 1],
        ["north/large#main", 1],
        ["north#main", 1],
        ["north/large", 2],
        ["north", 2],
        ["*", 3]
      ]
    )
  })
})
