/** Stands in for vitest: collects the tests instead of running them. See run.mjs. */
import { assert as chaiAssert } from "chai"

export const assert = chaiAssert

/** All tests, with the suites that they are in. */
export const tests = []

const suites = [{ names: [], before: [], after: [], beforeAll: [], isSkipped: false }]
const suite = () => suites[suites.length - 1]

const functionOf = (one, other) => (typeof one === "function" ? one : other)
const listOf = (row) => (Array.isArray(row) ? row : [row])

const add = (name, run, { fails, skips }) => {
  if (skips || suite().isSkipped || run === undefined) return
  const expectedToFail = async (context) => {
    try {
      await run(context)
    } catch {
      return
    }
    throw new Error("the test passes, and should fail")
  }
  tests.push({
    name: [...suite().names, name].join(" > "),
    run: fails ? expectedToFail : run,
    suites: [...suites]
  })
}

const testWith = (mode) => {
  const test = (name, one, other) => add(name, functionOf(one, other), mode)
  return Object.defineProperties(
    Object.assign(test, {
      each: (rows) => (name, one, other) => {
        for (const row of rows) add(name, () => functionOf(one, other)(...listOf(row)), mode)
      },
      for: (rows) => (name, one, other) => {
        for (const row of rows) add(name, (context) => functionOf(one, other)(row, context), mode)
      },
      skipIf: (condition) => testWith(condition ? { ...mode, skips: true } : mode),
      runIf: (condition) => testWith(condition ? mode : { ...mode, skips: true })
    }),
    {
      skip: { get: () => testWith({ ...mode, skips: true }) },
      only: { get: () => testWith(mode) },
      fails: { get: () => testWith({ ...mode, fails: true }) }
    }
  )
}
export const it = testWith({ fails: false, skips: false })
export const test = it

const describeWith = (isSkipped) => {
  const describe = (name, one, other) => {
    suites.push({
      names: [...suite().names, name],
      before: [],
      after: [],
      beforeAll: [],
      isSkipped: isSkipped || suite().isSkipped
    })
    functionOf(one, other)()
    suites.pop()
  }
  return Object.defineProperties(
    Object.assign(describe, {
      each: (rows) => (name, run) => {
        for (const row of rows) describe(name, () => run(...listOf(row)))
      },
      skipIf: (condition) => describeWith(isSkipped || Boolean(condition)),
      runIf: (condition) => describeWith(isSkipped || !condition)
    }),
    { skip: { get: () => describeWith(true) }, concurrent: { get: () => describeWith(isSkipped) } }
  )
}
export const describe = describeWith(false)

export const beforeEach = (hook) => suite().before.push(hook)
export const afterEach = (hook) => suite().after.push(hook)
export const beforeAll = (hook) => suite().beforeAll.push(hook)
export const afterAll = () => {}
export const TestRunner = { getCurrentSuite: () => ({ tasks: [] }) }
export const expect = Object.assign(() => assert.fail("use assert"), { addEqualityTesters: () => {} })
const anyType = () => new Proxy(() => {}, { get: () => anyType(), apply: () => anyType() })
export const expectTypeOf = anyType
export const vi = {}
