/** The decision table in docs/decisions.md agrees with the code. */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Failure, Policy, Rule } from "effect-failover"
import { defaultRetryBudget } from "../../src/engine/SharedState.ts"

const page = readFileSync(resolve(import.meta.dirname, "../../docs/decisions.md"), "utf8")

/** The cells of the table between two marks, without the header row. */
const rowsOf = (name: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [, table = ""] = new RegExp(`<!-- ${name}:[^\\n]*\\n([\\s\\S]*?)<!-- /${name} -->`).exec(page) ?? []
  return table
    .trim()
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll("`", "")))
}

const time = (millis: number): string =>
  millis >= 3_600_000
    ? `${millis / 3_600_000} h`
    : millis >= 60_000
      ? `${millis / 60_000} min`
      : `${millis / 1000} s`

const again = {
  never: "no",
  afterWait: "once, after the wait",
  withoutOutputLimit: "once, without the output limit"
} as const
const next = {
  credential: "next credential",
  endpoint: "another endpoint",
  model: "next model",
  stop: "stop"
}

const inWords = (value: unknown) => (value === Number.POSITIVE_INFINITY ? "no bound" : String(value))

describe("docs/decisions.md", () => {
  it("has the rules as they are, in their order", () => {
    const expected = Failure.failureClasses.map((name) => {
      const { next: goes, rest, retry } = Rule.defaults[name]
      const rests =
        rest === undefined
          ? ["–", "–", "–", "–"]
          : [rest.scope, time(rest.base), time(rest.max), String(rest.threshold)]
      return [name, typeof retry === "string" ? again[retry] : "by schedule", ...rests, next[goes]]
    })
    assert.deepStrictEqual(rowsOf("rules"), expected)
  })

  it("has every other option of a policy with its default", () => {
    const { commit, ejection, hedge, learnedLimit, rules: _, timeouts, ...plain } = Policy.defaults
    const durations: ReadonlyArray<string> = ["maxWait", "deadline"]
    const expected = new Map<string, string>([
      ...Object.entries(plain).map(
        ([name, value]) => [name, durations.includes(name) ? time(Number(value)) : inWords(value)] as const
      ),
      ["commit", commit._tag],
      ["learnedLimit", learnedLimit === undefined ? "off" : "on"],
      ["hedge", hedge === undefined ? "off" : "on"],
      ...Object.entries(ejection ?? {}).map(
        ([name, value]) => [`ejection.${name}`, name === "window" ? time(value) : String(value)] as const
      ),
      ...Object.entries(timeouts).map(([name, millis]) => [`timeouts.${name}`, time(millis)] as const)
    ])
    assert.deepStrictEqual(new Map(rowsOf("policy").map(([name, value]) => [name!, value!])), expected)
    assert.isTrue(rowsOf("policy").every(([, , why]) => why !== ""))
  })

  it("has the right retry budget", () => {
    assert.strictEqual(defaultRetryBudget, 1 / 5)
  })
})
