/** Long names, ids and data URLs of a caller: one that is 20 MB long must not delay other requests. */
import { assert, describe, it } from "@effect/vitest"
import * as CallId from "../../src/translate/carry/CallId.ts"
import * as DataUrl from "../../src/translate/common/DataUrl.ts"
import * as Names from "../../src/translate/fit/Names.ts"
import { ToolIds } from "../../src/translate/protocol/ToolIds.ts"

/** CPU milliseconds, so that a busy machine does not matter. */
const cost = (work: () => unknown): number => {
  const before = process.cpuUsage()
  work()
  const { system, user } = process.cpuUsage(before)
  return (user + system) / 1000
}

const mb = 1024 * 1024
const rule = { characters: "a-zA-Z0-9_-", longest: 64 }
const ids = { allowed: /^[a-zA-Z0-9_-]+$/, forbidden: /[^a-zA-Z0-9_-]/g, longest: 64 }

const kinds: ReadonlyArray<readonly [name: string, work: () => unknown]> = [
  ["a data URL of parameters", () => DataUrl.read(`data:image/png${";a=b".repeat(5 * mb)};base64,AAAA`)],
  ["a data URL of semicolons without data", () => DataUrl.read(`data:${";".repeat(20 * mb)}`)],
  ["a data URL with a long type", () => DataUrl.read(`data:${"x".repeat(20 * mb)},a`)],
  ["a name of forbidden characters", () => Names.fit("n!".repeat(10 * mb), rule)],
  [
    "a name of forbidden characters for a target without fillers",
    () => Names.fit("n!".repeat(10 * mb), { characters: "a-z", longest: 64 })
  ],
  ["the id of a call of forbidden characters", () => new ToolIds(ids).call("n!".repeat(10 * mb))],
  ["the id of a call that has to be legal", () => CallId.toLegal("n!".repeat(10 * mb))]
]

describe("within 250 ms of CPU is read or replaced", () => {
  for (const [name, work] of kinds) {
    it(name, () => {
      assert.isBelow(cost(work), 250)
    })
  }
})

describe("a data URL", () => {
  it("keeps its type, its encoding and its data, however many parameters are between them", () => {
    assert.deepStrictEqual(DataUrl.read(`data:image/png${";a=b".repeat(5_000)};base64,AAAA`), {
      type: "base64",
      mediaType: "image/png",
      data: "AAAA"
    })
    assert.deepStrictEqual(DataUrl.read("data:image/PNG; base64 ;a=b,AAAA"), {
      type: "base64",
      mediaType: "image/png",
      data: "AAAA"
    })
  })
})
