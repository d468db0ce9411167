/** Answers that are written straight to Node's response. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Piece } from "../../../src/gateway/server/NodeAnswer.ts"
import * as NodeAnswer from "../../../src/gateway/server/NodeAnswer.ts"
import { FrameOut } from "../../../src/gateway/socket/FrameOut.ts"
import type { Flow } from "../../../src/stream/Flow.ts"
import { ask, eventually } from "../../support/gateway.ts"

/** A server that writes its answers from a flow; `ended` is how the last one ended on the server's side. */
const pouring = (flow: Flow<Piece, string>) =>
  Effect.gen(function* () {
    const fibers: Array<Fiber.Fiber<void>> = []
    const responses: Array<http.ServerResponse> = []
    const server = http.createServer((_, response) => {
      responses.push(response)
      NodeAnswer.begin(response, 200, { "content-type": "text/plain" })
      fibers.push(
        Effect.runFork(NodeAnswer.pour(response, [piece("first ")], flow, (error) => `failed: ${error}`))
      )
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () => Effect.sync(() => server.close())
    )
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, fibers, responses }
  })

const piece = (text: string): Piece => ({ bytes: Buffer.from(text) })

/** A flow with all of its chunks from the beginning. */
const flowOf = (texts: ReadonlyArray<string>, end: Exit.Exit<void, string> | undefined) => {
  const left = texts.map(piece)
  const flow = {
    cancelled: 0,
    take: (): NonEmptyReadonlyArray<Piece> | undefined => {
      const next = left.shift()
      return next && [next]
    },
    ended: () => (left.length === 0 ? end : undefined),
    onReady: (reader: () => void) => {
      if (end !== undefined) reader()
    },
    cancel: () => {
      flow.cancelled++
    }
  }
  return flow
}

describe("a whole answer", () => {
  it.live("has every byte of its body, short or long", () =>
    Effect.gen(function* () {
      const memory = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 256))
      const bodies = [0, 1, 256, 2048, 2049, 9000].map((length) => memory.subarray(7, 7 + length))
      const server = http.createServer(({ url }, response) => {
        NodeAnswer.write(response, 200, { "content-type": "text/plain" }, bodies[Number(url?.slice(1))]!)
      })
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => server.close())
      )
      for (const [index, body] of bodies.entries()) {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${index}`
        const got = yield* Effect.promise(async () => Buffer.from(await (await fetch(url)).arrayBuffer()))
        assert.isTrue(got.equals(body), `${body.length} bytes`)
      }
    })
  )

  it("has every character as a frame of a WebSocket", () => {
    const sent: Array<string> = []
    const out = new FrameOut(
      { isGone: () => false, waiting: () => 0, send: (text) => sent.push(text), destroy: () => {} },
      () => {}
    )
    const body = Buffer.from(JSON.stringify({ error: { message: "naïve 模型" } }))
    NodeAnswer.write(out, 400, {}, body)
    assert.include(sent.join(), "naïve 模型")
  })
})

describe("a flow that is written as an answer", () => {
  it.live("has all bytes of its pieces, side by side in memory or not", () =>
    Effect.gen(function* () {
      const memory = Buffer.from("abcdefgh")
      const parts = [memory.subarray(0, 2), memory.subarray(2, 3), memory.subarray(4, 6), Buffer.from("xy")]
      const left = [...parts, memory.subarray(6), memory.subarray(0, 1)].map((bytes): Piece => ({ bytes }))
      const pieces = flowOf([], Exit.void)
      const flow = {
        ...pieces,
        take: (): NonEmptyReadonlyArray<Piece> | undefined => {
          const [first, ...others] = left.splice(0)
          return first && [first, ...others]
        }
      }
      const { url } = yield* pouring(flow)
      assert.strictEqual((yield* ask(url, { body: "" })).text, "first abcefxygha")
    })
  )

  it.live("sends each large piece in its own turn of the event loop, and all pieces in their order", () =>
    Effect.gen(function* () {
      const large = "x".repeat(2 * 1024 * 1024)
      const turns: Array<number> = []
      let turn = 0
      let timer: NodeJS.Immediate
      const count = () => {
        turn++
        timer = setImmediate(count)
      }
      count()
      const pieces = flowOf([large, large, "last"], Exit.void)
      const flow = {
        ...pieces,
        take: () => {
          turns.push(turn)
          return pieces.take()
        }
      }
      const { url } = yield* pouring(flow)
      const { text } = yield* ask(url, { body: "" })
      clearImmediate(timer!)
      assert.strictEqual(text, `first ${large}${large}last`)
      assert.isAbove(turns[1]!, turns[0]!, "the second large piece is read in a later turn than the first")
    }).pipe(Effect.scoped)
  )

  it.live("ends normally, or with the bytes for its failure", () =>
    Effect.gen(function* () {
      const whole = yield* pouring(flowOf(["second ", "third"], Exit.void))
      const broken = yield* pouring(flowOf(["second "], Exit.fail("no more")))
      assert.strictEqual((yield* ask(whole.url, { body: "" })).text, "first second third")
      const got = yield* ask(broken.url, { body: "" })
      assert.strictEqual(got.text, "first second failed: no more")
      assert.isFalse(got.broken)
    })
  )

  it.live("is reset if it is interrupted, and never ends like a complete one", () =>
    Effect.gen(function* () {
      const flow = flowOf(["second "], undefined)
      const { fibers, url } = yield* pouring(flow)
      const asking = yield* Effect.forkChild(ask(url, { body: "" }))
      yield* eventually(() => fibers.length === 1)
      yield* Fiber.interrupt(fibers[0]!)
      assert.isTrue((yield* Fiber.join(asking)).broken)
      assert.strictEqual(flow.cancelled, 1)
    })
  )

  it.live("is read no faster than the caller reads, and completely once the caller continues", () =>
    Effect.gen(function* () {
      const pieces = 1_000
      const part = "x".repeat(65_536)
      let given = 0
      let isThere = false
      const flow: Flow<Piece, string> = {
        // One piece in each turn of the event loop, as a socket delivers them.
        take: () => {
          if (!isThere) return undefined
          isThere = false
          given++
          return [piece(part)]
        },
        ended: () => (given === pieces ? Exit.void : undefined),
        onReady: (reader) => {
          setImmediate(() => {
            isThere = given < pieces
            reader()
          })
        },
        cancel: () => {}
      }
      const { responses, url } = yield* pouring(flow)
      const incoming = yield* Effect.callback<http.IncomingMessage>((resume) => {
        http.get(url, (answer) => resume(Effect.succeed(answer)))
      })
      const turns = Effect.promise(async () => {
        for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
      })
      // The content of the buffers between the two is sent first.
      let before = -1
      while (before !== given) {
        before = given
        yield* turns
      }
      assert.isTrue(responses[0]?.writableNeedDrain)
      assert.isBelow(before, pieces)
      const read = yield* Effect.promise(async () => {
        let size = 0
        for await (const bytes of incoming) size += bytes.length
        return size
      })
      assert.strictEqual(read, "first ".length + pieces * part.length)
    })
  )

  it.live("logs its defects, which would be lost otherwise", () =>
    Effect.gen(function* () {
      const flow = flowOf([], Exit.void)
      flow.take = () => {
        throw new Error("a defect of the flow")
      }
      const { fibers, url } = yield* pouring(flow)
      const asking = yield* Effect.forkChild(ask(url, { body: "" }))
      yield* eventually(() => fibers.length === 1)
      const exit = yield* Fiber.await(fibers[0]!)
      assert.isTrue(Exit.hasDies(exit))
      yield* Fiber.interrupt(asking)
    })
  )
})
