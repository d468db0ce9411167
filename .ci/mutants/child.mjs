/** Runs the tests once, then puts one mutant after the other to those that reach it. See run.mjs. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

const [work, longest, most] = process.argv.slice(2)
const ids = JSON.parse(readFileSync(`${work}/mutants.json`, "utf8"))
const stryker = { mutantCoverage: { static: {}, perTest: {} } }
globalThis.__stryker__ = stryker
// What a mutant throws beside its test is no result. A rejection that nobody handles is one: it ends a run of vitest.
let rejections = 0
process.on("unhandledRejection", () => rejections++)
process.on("uncaughtException", () => {})

const known = new Set(await new Promise((done) => process.once("message", done)))
const { tests } = await import(pathToFileURL(`${work}/bundle.mjs`).href)

class TimedOut extends Error {}
class Rejected extends Error {}
const turn = () => new Promise((done) => setImmediate(done))

/** What a test throws; `undefined` if it passes. */
const failureOf = async (test, limit) => {
  const controller = new AbortController()
  const finished = []
  const context = {
    signal: controller.signal,
    onTestFinished: (f) => finished.push(f),
    task: { name: test.name }
  }
  let timer
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => {
      controller.abort()
      fail(new TimedOut())
    }, limit)
  })
  const run = async () => {
    for (const { beforeAll } of test.suites) while (beforeAll.length > 0) await beforeAll.shift()()
    for (const { before } of test.suites) for (const hook of before) await hook(context)
    await test.run(context)
    for (const { after } of test.suites) for (const hook of after) await hook(context)
  }
  const before = rejections
  try {
    await Promise.race([run(), late])
    await turn()
    return rejections > before ? new Rejected() : undefined
  } catch (error) {
    return error ?? new Error("nothing was thrown")
  } finally {
    clearTimeout(timer)
    for (const hook of finished) await Promise.race([hook(), new Promise((done) => setTimeout(done, 500))])
  }
}

const begun = performance.now()
const failing = []
/** The tests that leave a rejection behind without a mutant too. */
const rejecting = new Set()
const saved = `${work}/reached.json`
if (existsSync(saved)) {
  // A mutant that hung ended the process before this one: the tests were run there.
  const { reached, rejecting: known = [], static: loaded } = JSON.parse(readFileSync(saved, "utf8"))
  for (const at of known) rejecting.add(tests[at])
  for (const [at, test] of tests.entries()) Object.assign(test, reached[at], { kills: 0 })
  stryker.mutantCoverage.static = loaded
} else {
  for (const [at, test] of tests.entries()) {
    stryker.currentTestId = `t${at}`
    const before = performance.now()
    const failure = await failureOf(test, 120_000)
    test.millis = performance.now() - before
    test.kills = 0
    if (failure instanceof Rejected) rejecting.add(test)
    else if (failure !== undefined) failing.push(test.name)
    if ((failure === undefined || failure instanceof Rejected) && test.millis <= Number(longest))
      test.reached = stryker.mutantCoverage.perTest[`t${at}`]
    stryker.mutantCoverage.perTest = {}
  }
  const reached = tests.map(({ millis, reached }) => ({ millis, reached }))
  const noisy = [...rejecting].map((test) => tests.indexOf(test))
  writeFileSync(saved, JSON.stringify({ reached, rejecting: noisy, static: stryker.mutantCoverage.static }))
}
process.send({ begun: { tests: tests.length, millis: Math.round(performance.now() - begun), failing } })

/** The tests that reach a mutant: those that are quick or have killed much come first, of many others a few. */
const askedAbout = (id) => {
  const all = tests.filter(({ reached }) => reached?.[id] !== undefined)
  const worth = ({ kills, millis }) => millis / (1 + 20 * kills)
  all.sort((one, other) => worth(one) - worth(other))
  if (all.length <= Number(most)) return all
  const half = Math.floor(Number(most) / 2)
  const step = (all.length - half) / half
  return [...all.slice(0, half), ...Array.from({ length: half }, (_, i) => all[half + Math.floor(i * step)])]
}

stryker.currentTestId = "mutant"
for (const id of ids) {
  if (known.has(id)) continue
  const asked = askedAbout(id)
  let status =
    asked.length > 0 ? "Survived" : stryker.mutantCoverage.static[id] === undefined ? "NoCoverage" : "Static"
  process.send({ start: id })
  for (const test of asked) {
    stryker.activeMutant = id
    stryker.hitCount = 0
    stryker.hitLimit = test.reached[id] * 100 + 1_000
    const limit = test.millis * 4 + 2_000
    process.send({ test: true })
    let failure = await failureOf(test, limit)
    // One rejection may come from an earlier mutant, but not two.
    if (failure instanceof Rejected) failure = rejecting.has(test) ? undefined : await failureOf(test, limit)
    stryker.activeMutant = undefined
    stryker.mutantCoverage.perTest = {}
    if (failure === undefined) continue
    status = "Killed"
    test.kills++
    // What it left behind may go on for ever: a new process takes over.
    if (failure instanceof TimedOut) process.send({ result: { id, status: "Timeout" } }, () => process.exit())
    if (failure instanceof TimedOut) await new Promise(() => {})
    break
  }
  process.send({ result: { id, status } })
}
process.send({ end: true })
