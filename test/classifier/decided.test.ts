/**
 * What decides each recorded error, line by line in test/fixtures/decided.txt: its class, the wait, the sizes in tokens, the
 * deciding signal and the message. A change of a rule shows here which errors it moves. After an intended change,
 * `DECIDED=write npx vitest run test/classifier/decided.test.ts` rewrites the lines; read the diff.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

interface Recorded extends Signal {
  readonly id: string
}

const fixture = (name: string): URL => new URL(`../fixtures/${name}`, import.meta.url)

const corpora = [
  "provider-errors.jsonl",
  "more-provider-errors.jsonl",
  "provider-errors-2.jsonl",
  "held-out-errors.jsonl"
]

const recorded = (name: string): ReadonlyArray<Recorded> =>
  readFileSync(fixture(name), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Recorded)

const lineOf = (row: Recorded): string => {
  const failure = classify(row)
  const now = typeof row.now === "string" ? Date.parse(row.now) : 0
  const wait = Failure.waitMillis(failure, now)
  const sizes =
    failure._tag === "ContextExceeded" ? `${failure.actual ?? "?"}/${failure.limit ?? "?"} tokens` : ""
  return [
    row.id,
    Failure.classOf(failure),
    wait === undefined ? "" : `${wait} ms`,
    sizes,
    failure.evidence ?? "",
    failure.message.slice(0, 60)
  ]
    .map((part) => part.replace(/\s+/g, " "))
    .join(" | ")
}

const rows = corpora.map((name) => ({ name, rows: recorded(name) }))

if (process.env.DECIDED === "write") {
  const lines = rows.flatMap(({ name, rows }) => [`# ${name}`, ...rows.map(lineOf)])
  writeFileSync(fixture("decided.txt"), `${lines.join("\n")}\n`)
}

const written = readFileSync(fixture("decided.txt"), "utf8").split("\n")

describe.each(rows)("what decides the errors of $name", ({ name, rows }) => {
  const from = written.indexOf(`# ${name}`) + 1

  it("is written for each of them", () => {
    assert.match(written[from + rows.length] ?? "", /^(# |$)/)
  })

  it.each(rows.map((row, at) => [row.id, row, written[from + at]] as const))("%s", (_, row, line) => {
    assert.strictEqual(lineOf(row), line)
  })
})
