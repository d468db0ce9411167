/** The dashboard and the alerts use metrics that a gateway has after some traffic. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as RunError from "../../../src/failure/RunError.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../../support/gateway.ts"

const root = resolve(import.meta.dirname, "../../..")
const read = (path: string) => readFileSync(join(root, path), "utf8")

interface Query {
  readonly expr: string
  readonly legendFormat: string
}
const dashboard: { readonly panels: ReadonlyArray<{ readonly targets: ReadonlyArray<Query> }> } = JSON.parse(
  read("examples/grafana-dashboard.json")
)
const queries = dashboard.panels.flatMap(({ targets }) => targets)
const alertsFile = join(root, "examples/alerts.yml")
const alerts = readFileSync(alertsFile, "utf8")

/** The expressions of alerts as text: everything from `expr:` to the next field. */
const conditions = [...alerts.matchAll(/expr: (?:\|\n)?([\s\S]*?)\n\s+for:/g)].map(([, expr]) => expr!)

/** A series of a scrape. */
interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly kind: string
}

const seriesOf = (text: string): ReadonlyArray<Series> => {
  const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name, kind]) => [name, kind]))
  return [...text.matchAll(/^(failover_\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = "", labels = "", value]) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, label]) => [key, label])
      ),
      value: Number(value),
      kind: kinds.get(name) ?? kinds.get(base(name)) ?? ""
    })
  )
}

const base = (name: string) => name.replace(/_(bucket|sum|count)$/, "")

/** The metrics of a gateway after answers, retries, fallbacks, benches, skips, broken streams and a rescue. */
const scraped = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  const usage = { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } }
  const url = yield* start({
    providers: { a: provider("openai", a), b: provider("openai", b) },
    models: { smart: ["a/large", "b/small"], alone: "b/small" },
    policy: { retries: { times: 1, backoff: ["1 millis"] } },
    telemetry: { usage: true }
  })
  const call = (model: string, more: object = {}) =>
    ask(`${url}/v1/chat/completions`, { body: chat(model, more) })
  a.play(FaultServer.json(openai.error("server_error", "The server is overloaded"), 503))
  b.play(FaultServer.json({ ...openai.answer, usage }))
  assert.strictEqual((yield* call("smart")).status, 200, "rescued")
  assert.strictEqual((yield* call("smart")).status, 200, "the first one is passed by")
  b.play(FaultServer.sse(openai.events))
  yield* call("alone", { stream: true })
  b.play([FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { reset: true }])
  yield* call("alone", { stream: true })
  const scrape = Effect.map(ask(`${url}/metrics`), ({ text }) => text)
  let text = ""
  // The changes of the bench are counted in the background.
  for (let left = 200; left > 0 && !text.includes("failover_benches_total"); left--) {
    yield* Effect.sleep("10 millis")
    text = yield* scrape
  }
  return seriesOf(text)
}).pipe(
  Effect.provideServiceEffect(
    Metric.MetricRegistry,
    Effect.sync(() => new Map())
  )
)

/** The metrics of an expression, each with its labels. */
const asked = ({ expr, legendFormat }: Query) => {
  const labels = [
    ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(",")),
    ...[...legendFormat.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label!)
  ].map((label) => label.trim())
  return [...expr.matchAll(/(failover_\w+)(?:\{([^}]*)\})?/g)].map(([, name = "", matchers = ""]) => ({
    name,
    labels: new Set([...labels, ...[...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label!)])
  }))
}

/** Runs promtool over a file that is given as an object. */
const promtool = (args: ReadonlyArray<string>, content: object) => {
  const folder = mkdtempSync(join(tmpdir(), "rules-"))
  try {
    const file = join(folder, "rules.json")
    writeFileSync(file, JSON.stringify(content))
    const { status, stderr, stdout } = spawnSync("promtool", [...args, file], { encoding: "utf8" })
    assert.strictEqual(status, 0, stdout + stderr)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const isThere = spawnSync("promtool", ["--version"]).error === undefined

const format = ({ labels, name }: Pick<Series, "name" | "labels">) =>
  `${name}{${Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`)}}`

describe("the dashboard and the alerts", () => {
  it.live("use series that a gateway has, by labels that they have", () =>
    Effect.gen(function* () {
      const series = yield* scraped
      for (const query of [...queries, ...conditions.map((expr) => ({ expr, legendFormat: "" }))]) {
        for (const { labels, name } of asked(query)) {
          const found = series.find((each) => each.name === name)
          assert.isDefined(found, `${name} in ${query.expr}`)
          // Prometheus adds the instance.
          const known = new Set([...Object.keys(found?.labels ?? {}), "instance"])
          assert.deepStrictEqual(
            [...labels].filter((label) => !known.has(label)),
            [],
            query.expr
          )
        }
      }
    })
  )

  it.live("show every metric there is", () =>
    Effect.gen(function* () {
      const shown = new Set(queries.flatMap(asked).map(({ name }) => base(name)))
      const all = new Set(
        (yield* scraped).map(({ kind, name }) => (kind === "histogram" ? base(name) : name))
      )
      assert.isAbove(all.size, 20)
      assert.deepStrictEqual(
        [...all].filter((name) => !shown.has(name)),
        []
      )
    })
  )

  it("name outcomes that requests have", () => {
    const outcomes = new Set(["answered", "interrupted", "broken", ...Object.keys(RunError)])
    const named = conditions.flatMap((expr) => [...expr.matchAll(/outcome=~"([^"]*)"/g)])
    assert.isNotEmpty(named)
    for (const [, list = ""] of named) {
      for (const outcome of list.split("|")) assert.isTrue(outcomes.has(outcome), outcome)
    }
  })

  it.live.skipIf(!isThere)("get an answer from Prometheus to every query (skipped without promtool)", () =>
    Effect.gen(function* () {
      const input = (yield* scraped).map((each) => ({
        series: format({ ...each, labels: { ...each.labels, instance: "one", job: "gateway" } }),
        values: each.kind === "gauge" ? `${each.value}x30` : "0+1x30"
      }))
      promtool(["test", "rules"], {
        evaluation_interval: "1m",
        tests: [
          {
            interval: "1m",
            input_series: input,
            promql_expr_test: queries.map(({ expr }) => ({
              expr: `count(${expr.replaceAll("$__rate_interval", "5m")}) > bool 0`,
              eval_time: "30m",
              exp_samples: [{ labels: "{}", value: 1 }]
            }))
          }
        ]
      })
    })
  )
})

/** For each alert, series that make it fire and series that nearly do, with a value for each minute. */
const cases: Readonly<
  Record<
    string,
    {
      readonly fires: Readonly<Record<string, string>>
      readonly not: Readonly<Record<string, string>>
      readonly labels: object
      readonly summary: string
    }
  >
> = {
  RequestsFail: {
    fires: {
      'failover_runs_total{outcome="answered"}': "0+90x40",
      'failover_runs_total{outcome="ChainExhausted"}': "0+6x40",
      'failover_runs_total{outcome="broken"}': "0+4x40"
    },
    not: {
      'failover_runs_total{outcome="answered"}': "0+90x40",
      // Clients' errors and disconnects must not page an operator.
      'failover_runs_total{outcome="BadRequest"}': "0+50x40",
      'failover_runs_total{outcome="interrupted"}': "0+50x40",
      'failover_runs_total{outcome="AllBenched"}': "0+4x40"
    },
    labels: { severity: "page" },
    summary: "More than one request in twenty gets no answer from any target"
  },
  CredentialIsDead: {
    fires: { 'failover_benched{scope="credential",provider="openai",model="",credential="main"}': "1x40" },
    not: {
      'failover_benched{scope="target",provider="openai",model="gpt",credential="main"}': "1x40",
      'failover_benched{scope="credential",provider="openai",model="",credential="main"}': "1x8 0x1 1x8 0x22"
    },
    labels: { severity: "ticket", provider: "openai", credential: "main" },
    summary: "The credential main of openai has been at rest for ten minutes"
  },
  RetryBudgetIsSpent: {
    fires: { failover_retry_budget: "0.5x40" },
    not: { failover_retry_budget: "1x40" },
    labels: { severity: "ticket" },
    summary: "Faults are so frequent that the process makes no more retries"
  },
  FirstContentIsSlow: {
    fires: {
      'failover_time_to_first_content_seconds_bucket{provider="a",model="m",le="10"}': "0+90x40",
      'failover_time_to_first_content_seconds_bucket{provider="a",model="m",le="20"}': "0+100x40",
      'failover_time_to_first_content_seconds_bucket{provider="a",model="m",le="+Inf"}': "0+100x40"
    },
    not: {
      'failover_time_to_first_content_seconds_bucket{provider="a",model="m",le="10"}': "0+96x40",
      'failover_time_to_first_content_seconds_bucket{provider="a",model="m",le="20"}': "0+100x40",
      'failover_time_to_first_content_seconds_bucket{provider="a",model="m",le="+Inf"}': "0+100x40"
    },
    labels: { severity: "ticket", provider: "a", model: "m" },
    summary: "One stream in twenty of a/m waits more than ten seconds for its first content"
  },
  ConfigIsRefused: {
    fires: { failover_config_last_reload_successful: "1x5 0x35" },
    not: { failover_config_last_reload_successful: "1x30 0x4 1x5" },
    labels: { severity: "ticket" },
    summary:
      "The config file has a problem, so the gateway goes on with the one before; its log says what it is"
  }
}

describe("each alert", () => {
  it("has a case", () => {
    const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name]) => name)
    assert.sameMembers(names, Object.keys(cases))
  })

  it.skipIf(!isThere)("fires when it should and only then (skipped without promtool)", () => {
    const test = (
      alertname: string,
      series: Readonly<Record<string, string>>,
      expected: ReadonlyArray<object>
    ) => ({
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [{ eval_time: "40m", alertname, exp_alerts: expected }]
    })
    promtool(["test", "rules"], {
      rule_files: [alertsFile],
      evaluation_interval: "1m",
      tests: Object.entries(cases).flatMap(([name, { fires, labels, not, summary }]) => [
        test(name, fires, [{ exp_labels: labels, exp_annotations: { summary } }]),
        test(name, not, [])
      ])
    })
  })
})
