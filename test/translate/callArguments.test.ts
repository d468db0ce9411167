/** The arguments of a call that arrive in pieces. */
import { assert, describe, it } from "@effect/vitest"
import type { Delta, Remark } from "../../src/translate/common/Common.ts"
import { CallPieces } from "../../src/translate/openai/parts/CallPieces.ts"

/** The arguments that are passed on for one call with these pieces. */
const read = (pieces: ReadonlyArray<string>): ReadonlyArray<Delta | Remark> => {
  const calls = new CallPieces()
  const out: Array<Delta | Remark> = []
  pieces.forEach((json, at) => {
    calls.read({ index: 0, ...(at === 0 && { id: "a" }), function: { name: "f", arguments: json } }, out)
  })
  calls.end(out)
  return out
}

const joined = (pieces: ReadonlyArray<string>) =>
  read(pieces)
    .map((said) => (said.type === "arguments" ? said.json : ""))
    .join("")

const cut = (json: string, size: number) =>
  Array.from({ length: Math.ceil(json.length / size) }, (_, at) => json.slice(at * size, (at + 1) * size))

describe("the arguments of a call", () => {
  const json = JSON.stringify({ text: ' "{"}\\', list: [{}, { text: "" }], none: null })

  it("arrive however they are cut", () => {
    for (let size = 1; size <= json.length; size++) assert.strictEqual(joined(cut(json, size)), json)
  })

  it("are taken out of a text, however it is cut", () => {
    const quoted = ` ${JSON.stringify(json)}\n`
    for (let size = 1; size <= quoted.length; size++)
      assert.strictEqual(joined(cut(quoted, size)).trim(), json)
  })

  it("arrive once if each piece has all of them so far", () => {
    const soFar = Array.from({ length: json.length }, (_, at) => json.slice(0, at + 1))
    assert.strictEqual(joined(soFar), json)
  })

  it("arrive once if they are sent again at the end, also with other blanks", () => {
    for (const again of [json, JSON.stringify(JSON.parse(json), null, 1), `${json}\n`])
      assert.strictEqual(joined([...cut(json, 7), again]), json)
  })

  it("take linear time, also inside of a text: a whole file may be among them", () => {
    const time = (size: number, begin: string) => {
      const pieces = [begin, ...Array.from({ length: size }, () => 'abc\\\\\\"')]
      const start = performance.now()
      assert.isAbove(read(pieces).length, 0)
      return performance.now() - start
    }
    for (const begin of ['{"text":"', '"']) {
      time(2_000, begin)
      // This takes 30 ms. Copying all arguments for each piece took 18 s.
      assert.isBelow(time(100_000, begin), 2_000)
    }
  })
})
