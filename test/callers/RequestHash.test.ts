/** How a request that was sent before is recognized. */
import { assert, describe, it } from "@effect/vitest"
import * as RequestHash from "../../src/callers/RequestHash.ts"

const request = { operation: "chat", body: { messages: [{ role: "user", content: "a".repeat(10_000) }] } }

describe("a request", () => {
  it("is the same when only its headers differ, and another when its content differs", () => {
    const hash = RequestHash.of(request)
    assert.strictEqual(RequestHash.of({ ...request, headers: { "x-request-id": "1" } }), hash)
    assert.strictEqual(RequestHash.of({ ...request, headers: { "x-request-id": "2" } }), hash)
    const longer = { messages: [{ role: "user", content: "a".repeat(10_001) }] }
    assert.notStrictEqual(RequestHash.of({ ...request, body: longer }), hash)
  })

  it("without content, or one that cannot be read, is not recognized", () => {
    const broken = {
      get body(): string {
        throw new Error("read")
      }
    }
    assert.deepStrictEqual([undefined, null, () => 1, broken].map(RequestHash.of), Array(4).fill(undefined))
  })
})
