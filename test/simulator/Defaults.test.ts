/** The page about the defaults has the output of the command. */
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Defaults from "../../src/cli/simulate/Defaults.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { experiments } from "../../src/simulator/defaults/All.ts"
import * as Experiment from "../../src/simulator/defaults/Experiment.ts"

const page = readFileSync(join(resolve(import.meta.dirname, "../.."), "docs/defaults.md"), "utf8")

/** Slow ones are compared by hand: `npm start -- simulate --defaults`. */
const quick = ["cooldown.authDead.max", "timeouts.headers", "maxWait", "fallbackReserve"]

describe("the page about the defaults", { timeout: 120_000 }, () => {
  it("has a section for each default, with a conclusion", () => {
    for (const { name, plays, reading, values } of experiments) {
      const [, rest] = page.split(`### \`${name}\`\n`)
      assert.isDefined(rest, name)
      const section = rest?.split("\n### ")[0] ?? ""
      assert.include(section, reading)
      for (const { about } of plays) assert.include(section.toLowerCase(), about.toLowerCase())
      for (const { label } of values) assert.include(section, `| ${label} |`)
    }
    assert.strictEqual(page.split("\n### ").length - 1, experiments.length)
  })

  for (const name of quick) {
    it.effect(`has the current results of ${name}`, () =>
      Effect.gen(function* () {
        const experiment = experiments.find((each) => each.name === name)!
        const section = Defaults.section(yield* Experiment.run(experiment))
        assert.isTrue(page.includes(section), `docs/defaults.md is not up to date:\n${section}`)
      })
    )
  }

  it("has the default in the middle of a duration, or marks it", () => {
    for (const { name, values } of experiments) {
      const [half, one, double] = values
      const marked = values.filter(({ label }) => label.includes("(default)"))
      if (marked.length === 1) continue
      assert.strictEqual(marked.length, 0, name)
      assert.notStrictEqual(half.label, one.label)
      assert.notStrictEqual(one.label, double.label)
      assert.deepStrictEqual(
        Policy.make(one.policy ?? {}, name.startsWith("timeouts") ? timeouts(name, one) : {}),
        Policy.make({}, name.startsWith("timeouts") ? timeouts(name, one) : {}),
        `${name} is not the default any more`
      )
    }
  })
})

/** The other timeouts that the experiment sets. They are long, so that they do not end an attempt first. */
const timeouts = (name: string, { policy }: Experiment.Value): Policy.Options => {
  const own = name.replace("timeouts.", "")
  const others = Object.entries(policy?.timeouts ?? {}).filter(([key]) => key !== own)
  return { timeouts: Object.fromEntries(others) }
}
