/** Frames of a WebSocket connection, large ones in turns of the event loop. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { FrameOut } from "../../../src/gateway/socket/FrameOut.ts"

const completed = (text: string) => {
  const response = { id: "resp_1", output: [{ type: "message", content: [{ type: "output_text", text }] }] }
  return Buffer.from(
    `event: response.completed\ndata: ${JSON.stringify({ type: "response.completed", response })}\n\n`
  )
}

const outOf = (log: Array<string>) =>
  new FrameOut(
    {
      isGone: () => false,
      waiting: () => 0,
      send: (text, sent) => {
        log.push(`sent ${text.length > 1_000_000 ? "large" : "small"}`)
        sent()
      },
      destroy: () => {}
    },
    ({ id }) => log.push(`kept ${String(id)}`)
  )

describe("the last frame of a response", () => {
  it.live("is sent before it is read if it is large, and has been read when the answer is settled", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const out = outOf(log)
      out.writeHead(200)
      out.end(completed("x".repeat(2_000_000)))
      assert.deepStrictEqual(log, ["sent large"])
      yield* out.settled
      assert.deepStrictEqual(log, ["sent large", "kept resp_1"])
    })
  )

  it.live("is read at once if it is small", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const out = outOf(log)
      out.writeHead(200)
      out.end(completed("x"))
      assert.deepStrictEqual(log, ["kept resp_1", "sent small"])
      yield* out.settled
    })
  )
})
