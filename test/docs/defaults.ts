/** Rewrites the tables of docs/defaults.md. The text before the first table stays. */
import { readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Defaults from "../../src/cli/simulate/Defaults.ts"
import { experiments } from "../../src/simulator/defaults/All.ts"
import * as Experiment from "../../src/simulator/defaults/Experiment.ts"

const file = join(resolve(import.meta.dirname, "../.."), "docs/defaults.md")

const outcomes = await Effect.runPromise(Effect.forEach(experiments, Experiment.run))
const [head = ""] = readFileSync(file, "utf8").split("\n### ")
writeFileSync(file, `${head}\n${outcomes.map(Defaults.section).join("\n\n")}\n`)
