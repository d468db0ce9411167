/** The dashboard and the alerts ask for what there is, in words that Prometheus understands. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../..")
const read = (path: string) => readFileSync(join(root, path), "utf8")

const dashboard: {
  readonly panels: ReadonlyArray<{ readonly targets: ReadonlyArray<{ readonly expr: string }> }>
} = JSON.parse(read("examples/grafana-dashboard.json"))
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
const alerts = read("examples/alerts.yml")

/** The names of the metrics where they are made. */
const made = new Set(
  ["src/observe/Metrics.ts", "src/observe/BenchMetrics.ts", "src/gateway/Traffic.ts"].flatMap((path) =>
    [...read(path).matchAll(/\(\s*"(failover_\w+)"/g)].map((match) => match[1])
  )
)
const asked = (text: string) =>
  [...text.matchAll(/failover_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""))

describe("the dashboard and the alerts", () => {
  it("ask for metrics that the gateway has", () => {
    for (const name of [...queries.flatMap(asked), ...asked(alerts)]) assert.isTrue(made.has(name), name)
  })

  it("show every metric there is", () => {
    const shown = new Set(queries.flatMap(asked))
    assert.deepStrictEqual(
      [...made].filter((name) => name === undefined || !shown.has(name)),
      []
    )
  })

  it.skipIf(spawnSync("promtool", ["--version"]).error !== undefined)(
    "are understood by Prometheus (skipped without promtool)",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "rules-"))
      try {
        const rules = queries.map((expr, i) => ({
          record: `q${i}`,
          expr: expr.replaceAll("$__rate_interval", "5m")
        }))
        const file = join(folder, "rules.json")
        writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }))
        for (const path of [file, join(root, "examples/alerts.yml")]) {
          const checked = spawnSync("promtool", ["check", "rules", path], { encoding: "utf8" })
          assert.strictEqual(checked.status, 0, checked.stdout + checked.stderr)
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
  )
})
