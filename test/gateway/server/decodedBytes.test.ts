/** The bytes of a decoded body count while its response is open, and are released when it closes. */
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as EncodedBodies from "../../../src/gateway/request/EncodedBodies.ts"
import type { Bodies } from "../../../src/gateway/server/Bodies.ts"

const packed = zlib.gzipSync(Array.from({ length: 300_000 }, (_, at) => Math.sin(at)).join())

/** Counts what is held. */
const counter = () => {
  let taken = 0
  const bodies: Bodies = {
    taken: () => taken,
    read: () => Effect.never,
    refuse: () => false,
    hold: (bytes) => {
      taken += bytes
      return () => {
        taken -= bytes
      }
    }
  }
  return bodies
}

const limits = { maxBytes: 100_000_000, maxTotalBytes: 100_000_000 }

describe("the bytes of a body that is decoded", () => {
  it.live("are held until the response is closed", () =>
    Effect.gen(function* () {
      const [bodies, response] = [counter(), new ServerResponse(new IncomingMessage(new Socket()))]
      const bytes = yield* EncodedBodies.decode(bodies, packed, "gzip", response, limits)
      assert.isAbove(bytes.length, 5_000_000)
      assert.strictEqual(bodies.taken(), bytes.length)
      response.emit("close")
      assert.strictEqual(bodies.taken(), 0)
    })
  )

  it.live("are all released if the response is closed while it is decoded", () =>
    Effect.gen(function* () {
      const [bodies, response] = [counter(), new ServerResponse(new IncomingMessage(new Socket()))]
      const decoding = yield* Effect.forkChild(EncodedBodies.decode(bodies, packed, "gzip", response, limits))
      for (let turn = 0; turn < 10_000 && bodies.taken() === 0; turn++)
        yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
      assert.isAbove(bodies.taken(), 0)
      response.emit("close")
      yield* Effect.sleep(100)
      yield* Fiber.interrupt(decoding)
      assert.strictEqual(bodies.taken(), 0)
    })
  )
})
