/**
 * Lets Stryker run a random sample of the mutants instead of all of them. It is loaded before Stryker:
 *
 *     MUTANTS=24 SEED=1 NODE_OPTIONS="--import ./.ci/sampleMutants.mjs" npm run mutate -- --mutate "src/stream/**"
 *
 * Mutants are drawn from those of the files given by `--mutate`, each with the same chance. What is drawn depends on the seed
 * and the code only.
 */
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const size = Number(process.env.MUTANTS)

/** A number from 0 to 1, always the same for the same text. */
const draw = (text) => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

const nameOf = ({ fileName, location: { end, start }, mutatorName, replacement }) =>
  `${process.env.SEED} ${fileName.slice(fileName.lastIndexOf("/src/"))} ${start.line}:${start.column}-${end.line}:${end.column} ${mutatorName} ${replacement}`

if (size > 0 && process.argv[1]?.includes("stryker")) {
  const core = createRequire(import.meta.resolve("@stryker-mutator/core"))
  const root = core.resolve("@stryker-mutator/instrumenter").replace("index.js", "")
  const load = (path) => import(pathToFileURL(root + path).href)
  const { MutantCollector } = await load("transformers/mutant-collector.js")
  const { Instrumenter } = await load("instrumenter.js")
  const { collect } = MutantCollector.prototype
  const { instrument } = Instrumenter.prototype
  let drawn

  MutantCollector.prototype.collect = function (...from) {
    const mutant = collect.apply(this, from)
    if (drawn?.has(nameOf(mutant.toApiMutant())) === false) mutant.ignoreReason ??= "not in the sample"
    return mutant
  }

  Instrumenter.prototype.instrument = async function (files, options) {
    drawn = undefined
    const { mutants } = await instrument.call(this, files, options)
    const names = mutants.filter(({ status }) => status !== "Ignored").map(nameOf)
    const ordered = names.map((name) => ({ name, at: draw(name) })).sort((one, other) => one.at - other.at)
    drawn = new Set(ordered.slice(0, size).map(({ name }) => name))
    console.log(`${drawn.size} of ${names.length} mutants, seed ${process.env.SEED}`)
    return instrument.call(this, files, options)
  }
}
