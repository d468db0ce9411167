/** The table at the end of a run. */
import type { Held } from "./probe.ts"
import type { Finding, Traffic } from "./traffic.ts"
import type { Troubles } from "./trouble.ts"

/** The findings of a run. */
export interface Found {
  readonly traffic: Traffic
  /** The duration of the traffic. */
  readonly seconds: number
  readonly faults: ReadonlyMap<string, number>
  readonly troubles: Troubles
  readonly leaks: ReadonlyArray<string>
  readonly early: ReadonlyMap<string, Held>
  readonly end: ReadonlyMap<string, Held>
  /** Other violations: a gateway that ended with an error, a file that was destroyed. */
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

/** Prints the findings. True if there is no violation. */
export const print = (found: Found): boolean => {
  const { early, end, faults, leaks, others, seconds, traffic, troubles } = found
  const row = (name: string, count: number | string) => console.log(`| ${name} | ${count} |`)
  console.log("\n| | |\n| --- | --: |")
  row("requests", traffic.requests)
  row("requests a second", (traffic.requests / seconds).toFixed(0))
  for (const [name, count] of traffic.counts) if (!violations.includes(name)) row(name, count)
  row("sent again, because a stopping gateway had not accepted it", traffic.again)
  row("faults of providers", total(faults))
  for (const [name, count] of troubles.counts) row(name, count)
  const stops = troubles.stops.map(Math.round).sort((a, b) => a - b)
  if (stops.length > 0)
    row(
      "a stop after the last answer, median and longest, ms",
      `${stops[stops.length >> 1]}, ${stops.at(-1)}`
    )
  for (const [name, last] of end) {
    const first = early.get(name)
    if (first !== undefined)
      row(
        `heap of ${name} early and at the end, MB`,
        `${(first.heap / 1e6).toFixed(1)}, ${(last.heap / 1e6).toFixed(1)}`
      )
  }
  for (const name of violations) row(`**${name}**`, traffic.counts.get(name) ?? 0)
  row("**leaked** (connections, requests, memory, probe slots)", leaks.length)
  row("**others** (bad ends of processes, destroyed files)", others.length)
  console.log(`\nFaults: ${list(faults)}.`)
  for (const finding of traffic.findings.slice(0, 40)) console.log(`\n${told(finding)}`)
  for (const each of [...leaks, ...others]) console.log(`\nVIOLATION ${each}`)
  return traffic.findings.length === 0 && leaks.length === 0 && others.length === 0
}

const inSeconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`

/** The details of a violation. */
const told = ({ entry, plan, sent: request, trail, verdict }: Finding): string => {
  const { began, ended, gateway, outcome, stoppingSince, tries } = request
  const state =
    stoppingSince === undefined
      ? "up"
      : `stopping since ${inSeconds(ended - stoppingSince)}, drain ${inSeconds(gateway.drain)}`
  const visits = entry.visits.map(
    ({ began: came, fault, progress, sent, target }) =>
      `    ${target} (${fault ?? "good"}) called after ${inSeconds(sent - began)}, read after ${inSeconds(came - began)}; ${progress.at} for ${inSeconds(ended - progress.since)}`
  )
  return [
    `VIOLATION ${verdict.as}: ${verdict.why}`,
    `  ${JSON.stringify(plan)}`,
    `  at ${gateway.name}, ${state}; under way for ${inSeconds(ended - began)}, try ${tries}, status ${outcome.status}, ${outcome.body.length} characters, ${outcome.end} ${outcome.error ?? ""}`,
    `  trail ${trail}, providers at its end:`,
    ...visits
  ].join("\n")
}
