import { assert, describe, it } from "@effect/vitest"
import * as CallId from "../../src/translate/carry/CallId.ts"
import { DistinctIds } from "../../src/translate/protocol/DistinctIds.ts"

/** The ids of calls as a client gets them. */
const shown = (ids: ReadonlyArray<string>, body = {}) => {
  const distinct = new DistinctIds(body)
  return ids.map((id) => {
    const own = distinct.of({ id }).id
    return CallId.isLegal(own) ? own : CallId.toLegal(own)
  })
}

describe("ids of calls", () => {
  it("stay as they are if they differ", () => {
    assert.deepStrictEqual(shown(["a", "b", ""]), ["a", "b", ""])
  })

  it("are numbered if they are equal, whatever their length", () => {
    for (const id of ["call", "a".repeat(64), `functions.${"a".repeat(60)}:0`, "_efc1_".repeat(300)]) {
      const ids = shown([id, id, id])
      assert.strictEqual(new Set(ids).size, 3, String(ids))
    }
  })

  it("are numbered in linear time", () => {
    const start = performance.now()
    assert.strictEqual(new Set(shown(Array.from({ length: 20_000 }, () => "call_0"))).size, 20_000)
    // It takes 19 s if each id is searched from 1.
    assert.isBelow(performance.now() - start, 2_000)
  })

  it("are numbered if they differ only behind what clients get, as Kimi's for tools with a long name", () => {
    const name = "functions.mcp__github__create_pull_request_review"
    assert.strictEqual(new Set(shown([`${name}:0`, `${name}:1`, `${name}:2`])).size, 3)
    const messages = [{ role: "assistant", tool_calls: [{ id: `${name}:0` }] }]
    assert.match(shown([`${name}:0`], { messages })[0]!, /_1$/)
  })
})
