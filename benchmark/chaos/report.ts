/** The table at the end of a run. */
import type { Held } from "./probe.ts"
import type { Traffic } from "./traffic.ts"

/** All that a run has found. */
export interface Found {
  readonly traffic: Traffic
  readonly faults: ReadonlyMap<string, number>
  readonly troubles: ReadonlyMap<string, number>
  readonly leaks: ReadonlyArray<string>
  readonly early: ReadonlyMap<string, Held>
  readonly end: ReadonlyMap<string, Held>
  /** What else must not be: a gateway that ended badly, a file that was destroyed. */
  readonly others: ReadonlyArray<string>
}

const violations = ["lost", "mixed", "truncated as success", "duplicated after commit", "a key leaked"]

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, each) => sum + each, 0)

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ")

/** Prints what was found; true if nothing is wrong. */
export const print = (found: Found): boolean => {
  const { early, end, faults, leaks, others, traffic, troubles } = found
  const row = (name: string, count: number | string) => console.log(`| ${name} | ${count} |`)
  console.log("\n| | |\n| --- | --: |")
  row("requests", traffic.requests)
  for (const [name, count] of traffic.counts) if (!violations.includes(name)) row(name, count)
  row("sent again, because a gateway that stopped had not taken it", traffic.again)
  row("faults of providers", total(faults))
  for (const [name, count] of troubles) row(name, count)
  for (const [name, last] of end) {
    const first = early.get(name)
    if (first !== undefined)
      row(
        `heap of ${name} early and at the end, MB`,
        `${(first.heap / 1e6).toFixed(1)}, ${(last.heap / 1e6).toFixed(1)}`
      )
  }
  for (const name of violations) row(`**${name}**`, traffic.counts.get(name) ?? 0)
  row("**leaked** (connections, requests, memory, places for probes)", leaks.length)
  row("**others** (bad ends of processes, destroyed files)", others.length)
  console.log(`\nFaults: ${list(faults)}.`)
  for (const { entry, gateway, plan, trail, verdict } of traffic.findings.slice(0, 20)) {
    const visits = entry.visits.map(({ fault, target }) => `${target} (${fault ?? "good"})`).join(", ")
    console.log(
      `\nVIOLATION ${verdict.as}: ${verdict.why}\n  ${JSON.stringify(plan)}\n  at ${gateway}, trail ${trail}, visits ${visits}`
    )
  }
  for (const each of [...leaks, ...others]) console.log(`\nVIOLATION ${each}`)
  return traffic.findings.length === 0 && leaks.length === 0 && others.length === 0
}
