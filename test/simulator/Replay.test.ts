/** Replays the decisions of a gateway. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Page from "../../src/cli/simulate/page/Page.ts"
import * as Plot from "../../src/cli/simulate/page/Plot.ts"
import { fromFile, type GatewayConfig } from "../../src/config/GatewayConfig.ts"
import * as Wire from "../../src/gateway/admin/Wire.ts"
import * as Decisions from "../../src/observe/Decisions.ts"
import type { Options } from "../../src/policy/Policy.ts"
import * as Log from "../../src/simulator/replay/Log.ts"
import * as Recorded from "../../src/simulator/replay/Recorded.ts"
import * as Report from "../../src/simulator/report/Report.ts"
import * as Units from "../../src/simulator/report/Units.ts"
import * as Simulation from "../../src/simulator/Simulation.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import * as OfLog from "../../src/simulator/scenario/OfLog.ts"
import * as Scenario from "../../src/simulator/scenario/Scenario.ts"
import type { ScenarioFile } from "../../src/simulator/scenario/ScenarioFile.ts"
import { minute, second, targetOf } from "../support/simulator.ts"

const encode = Schema.encodeSync(Schema.fromJsonString(Wire.Decision))

/** Runs a scenario; returns its report and the log that a gateway would have written. */
const logged = (file: ScenarioFile, config: GatewayConfig = BuiltIn.config) =>
  Effect.gen(function* () {
    const decisions = Decisions.make({ capacity: 100_000 })
    const scenario = Result.getOrThrow(Scenario.resolve(file, config))
    const report = Report.of(yield* Simulation.play(scenario, config, decisions.observer))
    const recent = yield* decisions.recent
    return {
      report,
      text: recent
        .toReversed()
        .map((decision) => encode(decision))
        .join("\n")
    }
  })

const replayed = (text: string, policy: Options = {}, config: GatewayConfig = BuiltIn.config) => {
  const scenario = Result.getOrThrow(OfLog.make(Result.getOrThrow(Log.parse(text)), config))
  return Effect.map(Simulation.play(scenario, { ...config, policy }), Report.of)
}

const line = (changes: object) =>
  JSON.stringify({
    id: 1,
    at: "2026-05-01T12:00:00.000Z",
    kind: "stream",
    model: "smart",
    outcome: "answered",
    duration: 3_000,
    attempts: [
      {
        target: "north/large#main",
        at: "2026-05-01T12:00:00.000Z",
        probe: false,
        duration: 600,
        outcome: "answered"
      }
    ],
    skips: [],
    ...changes
  })

describe("the replay of a log", () => {
  for (const name of ["throttle", "overload", "errors", "dead-key", "cut-streams"]) {
    it.effect(`gives the same results under the policy that wrote it: ${name}`, () =>
      Effect.gen(function* () {
        // Random errors are drawn again. Long cooldowns make their costs comparable.
        const policy: Options = name === "errors" ? { cooldown: { transient: { max: "30 seconds" } } } : {}
        const file = { ...BuiltIn.scenarios[name]!, requests: { perSecond: 5 } }
        const { report, text } = yield* logged(file, { ...BuiltIn.config, policy })
        const again = yield* replayed(text, policy)
        assert.strictEqual(again.requests.asked, report.requests.asked)
        const near = (a: number, b: number, what: string) =>
          assert.approximately(a, b, Math.max(3, 0.02 * report.requests.asked), what)
        near(again.requests.answered, report.requests.answered, "answered")
        near(again.requests.calls, report.requests.calls, "calls")
        for (const { answered, target } of report.targets)
          near(targetOf(again, target).answered, answered, target)
        assert.approximately(again.times.all!.p50, report.times.all!.p50, 20)
        assert.approximately(again.times.all!.p99, report.times.all!.p99, 0.1 * report.times.all!.p99)
      })
    )
  }

  it.effect("shows what another policy would have done", () =>
    Effect.gen(function* () {
      const scenario: ScenarioFile = {
        duration: 3 * minute,
        requests: { perSecond: 2 },
        faults: [{ target: "first target", fault: "silent", from: minute, until: 2 * minute }]
      }
      const { report, text } = yield* logged(scenario)
      const quick = yield* replayed(text, { timeouts: { headers: "5 seconds", firstContent: "5 seconds" } })
      assert.isAbove(report.times.all!.max, 30 * second)
      assert.isBelow(quick.times.all!.max, 8 * second)
      assert.strictEqual(quick.requests.answered, quick.requests.asked)
    })
  )

  it.effect(
    "of hedged requests gives the same results, and shows what they would have waited without hedges",
    () =>
      Effect.gen(function* () {
        const hedge = { after: "2 seconds", share: 1, to: "chain" } as const
        const { report, text } = yield* logged(
          {
            duration: 5 * minute,
            requests: { perSecond: 2 },
            faults: [{ target: "first target", fault: "slow", factor: 10, from: minute, until: 3 * minute }]
          },
          { ...BuiltIn.config, policy: { hedge } }
        )
        assert.include(text, '"outcome":"dropped"')
        const again = yield* replayed(text, { hedge })
        assert.strictEqual(again.requests.answered, report.requests.answered)
        assert.approximately(again.requests.calls, report.requests.calls, 0.02 * report.requests.calls)
        assert.approximately(again.times.all!.p95, report.times.all!.p95, 0.1 * report.times.all!.p95)
        for (const { answered, target } of report.targets) {
          assert.approximately(targetOf(again, target).answered, answered, 12, target)
        }
        // The attempt that was stopped without content after 2.6 s would have taken 6 s. The log does not say so, so twice its time is assumed.
        const without = yield* replayed(text)
        assert.isAbove(without.times.all!.p95, 4 * second)
      })
  )

  it("takes an attempt that was stopped for no answer that broke off", () => {
    const at = "2026-05-01T12:00:00.000Z"
    const log = Result.getOrThrow(
      Log.parse(
        line({
          outcome: "broken",
          attempts: [
            {
              target: "north/large#main",
              at,
              probe: false,
              duration: 600,
              outcome: "answered",
              failure: "Truncated"
            },
            { target: "south/large#main", at, probe: false, hedge: true, duration: 300, outcome: "dropped" }
          ]
        })
      )
    )
    const [main, spare] = ["north/large#main", "south/large#main"].map(
      (target) => Recorded.of(log, log[0]!.at).get(target)?.[0]
    )
    assert.isTrue(main?.broke)
    assert.deepInclude(spare, { broke: false, fault: undefined, took: 600 })
  })

  it.effect("keeps conversations together, and refusals that concern the request", () =>
    Effect.gen(function* () {
      const { report, text } = yield* logged({
        duration: 2 * minute,
        requests: { perSecond: 2, conversations: { turns: 5, pause: "10 seconds" } },
        faults: [{ target: "every target", fault: "badRequest", share: 0.1 }]
      })
      const again = yield* replayed(text)
      assert.strictEqual(again.conversations?.conversations, report.conversations?.conversations)
      assert.deepStrictEqual(again.requests.errors, report.requests.errors)
      assert.isAbove(report.requests.errors.Invalid ?? 0, 5)
    })
  )

  it.effect("leaves out models that the config does not have, and reports them", () =>
    Effect.gen(function* () {
      const text = [
        line({}),
        line({ id: 2, at: "2026-05-01T12:00:04.000Z", model: "clever" }),
        line({
          id: 3,
          at: "2026-05-01T12:00:05.000Z",
          attempts: [
            {
              target: "west/large#main",
              at: "2026-05-01T12:00:05.000Z",
              duration: 10,
              outcome: "failed",
              failure: "Overloaded"
            }
          ]
        })
      ].join("\n")
      const played = yield* replayed(text)
      assert.strictEqual(played.requests.asked, 2)
      assert.include(played.about, "1 request for models that the config does not have is left out")
      assert.include(played.about, "The config does not use west/large#main")
      assert.strictEqual(played.title, "2 requests of a gateway, replayed from 2026-05-01T12:00:00.000Z on")
    })
  )
})

describe("a log with gaps", () => {
  const start = Date.parse("2026-05-01T12:00:00.000Z")
  const at = (id: number) => ({ id, at: new Date(start + id * 1_000).toISOString() })
  const about = (...lines: ReadonlyArray<object>) =>
    Effect.map(replayed(lines.map((each) => line(each)).join("\n")), ({ about = "" }) => about)

  it.effect("is reported with the number of the requests that it lacks", () =>
    Effect.gen(function* () {
      const lacks =
        "The log lacks 2 requests between its first and its last one. A gateway remembers requests with failures longer, so a replay of an incomplete log has too many of them."
      assert.include(yield* about(at(1), at(4), at(5), at(6)), lacks)
      assert.include(yield* about(at(1), at(3)), "The log lacks 1 request between")
      assert.notInclude(yield* about(at(1), at(2), at(3)), "The log lacks")
    })
  )

  it.effect("is not counted where ids begin again, as after a restart or in a log of several replicas", () =>
    Effect.gen(function* () {
      assert.notInclude(yield* about(at(7), { ...at(9), id: 0 }, { ...at(12), id: 5 }), "The log lacks")
    })
  )
})

describe("a log", () => {
  it("may have a request twice, and may be an event stream", () => {
    const running = line({ outcome: "running", attempts: [] })
    const stream = `event: ping\ndata: {"at":"2026-05-01T12:00:00.000Z"}\n\nevent: decision\ndata: ${running}\n\nevent: decision\ndata: ${line({})}\n\n`
    for (const text of [`${line({})}\n${line({})}\n`, stream]) {
      const log = Result.getOrThrow(Log.parse(text))
      assert.strictEqual(log.length, 1)
      assert.strictEqual(log[0]?.outcome, "answered")
    }
  })

  it("in another format is refused, with its lines", () => {
    const problems = (text: string) =>
      Result.match(Log.parse(text), { onSuccess: () => [], onFailure: (all) => all.map(({ line }) => line) })
    assert.deepStrictEqual(problems(`${line({})}\nnonsense\n\n{"at": 1}`), [2, 4])
    assert.deepStrictEqual(problems(""), [undefined])
    assert.strictEqual(problems("x\n".repeat(100)).length, 5)
  })

  it("with a field that does not fit is refused with its name", () => {
    const of = (text: string) => {
      const read = Log.parse(text)
      return Result.isFailure(read) ? read.failure.map(({ message, path }) => `${path}: ${message}`) : []
    }
    assert.deepStrictEqual(of(line({ at: 5 })), [
      "at: expected string; this is not a decision of /admin/decisions?format=jsonl"
    ])
    assert.match(of(line({ attempts: [{ target: "a/b#c" }] }))[0] ?? "", /^attempts\.0\.at: missing key; /)
  })

  it("without any model of the config is refused", () => {
    const config = fromFile(
      { providers: { other: { protocol: "openai" } }, models: { mine: "other/one" } },
      []
    )
    const made = OfLog.make(Result.getOrThrow(Log.parse(line({}))), config)
    assert.strictEqual(
      Result.isFailure(made) ? made.failure[0]?.message : "",
      'no request in it is for a model of the config: unknown model "smart" (known: mine)'
    )
  })
})

describe("the times of a replay", () => {
  const later = (seconds: number, model: string) => {
    const at = new Date(Date.parse("2026-05-01T23:59:30.000Z") + seconds * 1_000).toISOString()
    const attempts = [{ target: "north/large#main", at, probe: false, duration: 600, outcome: "answered" }]
    return line({ id: seconds, at, model, attempts })
  }
  /** The built-in config has no model `mine`, so the first and the last requests are left out. */
  const text = [later(0, "mine"), later(60, "smart"), later(120, "smart"), later(180, "mine")].join("\n")
  const made = (config: GatewayConfig) =>
    Result.getOrThrow(OfLog.make(Result.getOrThrow(Log.parse(text)), config))

  it.effect("are those of the log, also where a config leaves requests out", () =>
    Effect.gen(function* () {
      const scenario = made(BuiltIn.config)
      assert.deepStrictEqual(
        scenario.replay?.requests.map(({ at }) => at),
        [60_000, 120_000]
      )
      assert.strictEqual(scenario.duration, 181_000)
      const report = Report.of(yield* Simulation.play(scenario, BuiltIn.config))
      assert.strictEqual(report.startsAt, Date.parse("2026-05-01T23:59:30.000Z"))
      assert.strictEqual(report.requests.asked, 2)
    })
  )

  it("are round times of day on the axis of a chart, each where it belongs", () => {
    const startsAt = Date.parse("2026-05-01T23:59:30.000Z")
    const labels = [
      ...Plot.times({ duration: 300_000, startsAt }).matchAll(/class="(\w*)" style="left:([\d.]+)%">([^<]+)/g)
    ]
    assert.deepStrictEqual(
      labels.map(([, edge, left, text]) => [edge, Number(left), text]),
      [
        ["", 10, "00:00"],
        ["", 30, "00:01"],
        ["", 50, "00:02"],
        ["", 70, "00:03"],
        ["", 90, "00:04"]
      ]
    )
    assert.match(
      Plot.times({ duration: 300_000, startsAt: undefined }),
      /class="first" style="left:0%">0:00</
    )
  })

  it.effect("of two configs have the same colour for the same target", () =>
    Effect.gen(function* () {
      const report = Report.of(yield* Simulation.play(made(BuiltIn.config), BuiltIn.config))
      const turned = { ...report, targets: report.targets.toReversed() }
      const page = Page.format({ name: "one", report }, { name: "other", report: turned })
      const colours = [...page.matchAll(/background:(var\(--c\d\))"><\/i>north\/large#main</g)].map(
        ([, found]) => found
      )
      assert.strictEqual(colours.length, 2)
      assert.strictEqual(new Set(colours).size, 1)
    })
  )

  it("are written as times of day, over midnight too", () => {
    const { moment, roundMoment } = Units.momentsOf({ startsAt: Date.parse("2026-05-01T23:59:30.000Z") })
    assert.strictEqual(moment(40_320), "00:00:10.3")
    assert.strictEqual(roundMoment(0), "23:59:30")
    assert.strictEqual(Units.momentsOf({}).roundMoment(60_000), "1:00")
  })
})

describe("the recorded outcome of a target", () => {
  const at = (at: number) => ({
    at,
    took: at,
    whole: at,
    fault: undefined,
    retryAfter: undefined,
    broke: false
  })

  it("is found once near its time, and repeats until the next record", () => {
    const outcomes = new Recorded.Outcomes([at(10_000), at(10_200), at(30_000)])
    // Before all records the first is returned; near the first two, each of them once; afterwards the latest one.
    assert.deepStrictEqual(
      [0, 9_500, 10_000, 10_500, 20_000, 29_500, 40_000].map((now) => outcomes.at(now)?.at),
      [10_000, 10_000, 10_200, 10_200, 10_200, 30_000, 30_000]
    )
    assert.isUndefined(new Recorded.Outcomes([]).at(0))
  })
})
