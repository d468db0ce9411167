/** Whole answers that arrived as very many small events, or as one event of very many lines. */
import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import * as SseEvent from "../../../src/providers/bytes/SseEvent.ts"
import { processes, root } from "../../support/cli.ts"

const read = (text: string) => SseEvent.read(Buffer.from(text))

/** Looks for an answer in a body of 8 MiB, in a process with 64 MB of heap. Returns its exit code. */
const lookedThrough = (part: string) => {
  const program = `
    const { finding } = await import(${JSON.stringify(`file://${root}/src/providers/answers/WholeAnswer.ts`)})
    const body = Buffer.alloc(8 * 1024 * 1024, ${JSON.stringify(part)})
    const meanings = () => ({ complete: false })
    for (const _ of finding(body, "text/event-stream", { toWhole: () => undefined, toEvents: () => undefined }, meanings, 64 * 1024 * 1024)) {}
  `
  const args = ["--max-old-space-size=64", "--input-type=module", "--eval", program]
  return spawnSync(process.execPath, args, { stdio: "ignore" }).status
}

describe("an event of many lines", () => {
  it("has their data joined, whatever ends a line", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const lines = Array.from({ length: 3_000 }, (_, index) => `data: ${index}${end}`)
      const { data, event } = read(`event: x${end}${lines.join("")}${end}`)
      assert.strictEqual(event, "x")
      assert.strictEqual(data, Array.from({ length: 3_000 }, (_, index) => index).join("\n"))
    }
    assert.deepStrictEqual(read("data\ndata:\n\n"), { event: undefined, data: "\n" })
    assert.deepStrictEqual(read(": a comment\n\n"), { event: undefined, data: undefined })
    assert.deepStrictEqual(read('{"error": 1}\n\n'), { event: undefined, data: '{"error": 1}' })
  })
})

describe("a whole answer of 8 MiB", { timeout: processes }, () => {
  for (const part of ["data:x\n", "data:\n\n", ":\n", "data:{}\n\n", "{}\n"]) {
    it(`of ${JSON.stringify(part)} is read within 64 MB`, () => {
      assert.strictEqual(lookedThrough(part), 0)
    })
  }
})
