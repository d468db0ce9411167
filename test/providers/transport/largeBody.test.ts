/** How the body of a request is passed to undici. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Dispatcher } from "undici"
import { UndiciCall } from "../../../src/providers/transport/UndiciCall.ts"

/** Gives a request to undici. Returns its body and the number of turns of the event loop until then. */
const handedOver = (body: string) =>
  Effect.callback<{ readonly body: unknown; readonly turn: number }>((resume) => {
    let turn = 0
    const count = () => {
      turn++
      ticking = setImmediate(count)
    }
    let ticking = setImmediate(count)
    const dispatch = (options: Dispatcher.DispatchOptions) => {
      clearImmediate(ticking)
      resume(Effect.succeed({ body: options.body, turn }))
      return true
    }
    const request = { origin: "http://127.0.0.1", path: "/", headers: {}, body, connectTimeout: 1_000 }
    new UndiciCall().dispatch({ dispatch } as Partial<Dispatcher> as Dispatcher, request)
  })

const large = "é".repeat(700_000)

describe("the body of a request", () => {
  it.live("is passed on at once if it is small", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* handedOver("é"), { body: "é", turn: 0 })
    })
  )

  it.live("is joined, measured, encoded and passed on, each in its own turn, if it is large", () =>
    Effect.gen(function* () {
      const { body, turn } = yield* handedOver(`${large}${large}`)
      assert.strictEqual(turn, 4)
      assert.isTrue(Buffer.from(large + large).equals(body as Uint8Array))
    })
  )

  it.live("is measured and encoded in turns of two million characters", () =>
    Effect.gen(function* () {
      const { body, turn } = yield* handedOver(large.repeat(8))
      assert.strictEqual(turn, 8)
      assert.isTrue(Buffer.from(large.repeat(8)).equals(body as Uint8Array))
    })
  )
})
