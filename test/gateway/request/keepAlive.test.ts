/** Keep-alive messages on quiet streams, and estimates where no target can count tokens. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as KeepAlive from "../../../src/gateway/server/KeepAlive.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, message, provider, start } from "../../support/gateway.ts"

describe("keep-alive messages", () => {
  it.effect("are sent at least every ten seconds on a quiet stream, and never on a busy one", () =>
    Effect.gen(function* () {
      const streams = yield* KeepAlive.make
      const heard: Array<number> = []
      const now = Effect.clockWith((clock) => clock.currentTimeMillis)
      let moment = 0
      const silent = streams.follow(() => void heard.push(moment))
      const speaking = streams.follow(() => assert.fail("it speaks"))
      for (let second = 0; second < 60; second++) {
        speaking.hasSent()
        yield* TestClock.adjust("1 second")
        moment = yield* now
      }
      assert.isAtLeast(heard.length, 6)
      for (const [index, at] of heard.entries()) assert.isAtMost(at - (heard[index - 1] ?? 0), 10_000)
      silent.stop()
      speaking.stop()
      const before = heard.length
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(heard.length, before)
    })
  )

  it.live(
    "reach every caller while a target thinks and its thoughts are not requested",
    () =>
      Effect.forEach(
        [
          ["openai", "anthropic", "event: ping\n"],
          ["anthropic", "openai", ": keep-alive\n\n"],
          ["openai", "openai", ": keep-alive\n\n"]
        ] as const,
        ([target, caller, sign]) =>
          Effect.gen(function* () {
            const server = yield* FaultServer.make
            const url = yield* start({ providers: { p: provider(target, server) } })
            const thought =
              target === "openai"
                ? { choices: [{ index: 0, delta: { reasoning_content: "hm" } }] }
                : { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } }
            server.play([
              FaultServer.sseHead,
              { send: `data: ${JSON.stringify(thought)}\n\n` },
              { hang: true }
            ])
            let text = ""
            const [path, body] =
              caller === "openai" ? ["/v1/chat/completions", chat] : ["/v1/messages", message]
            const asking = ask(`${url}${path}`, {
              body: body("p/m", { stream: true }),
              hears: (part) => {
                text += part
              }
            })
            yield* Effect.raceFirst(asking, Effect.sleep("10 seconds"))
            assert.include(text, sign)
          }),
        { concurrency: "unbounded", discard: true }
      ),
    20_000
  )
})

describe("a count of tokens", () => {
  const body = { ...message("p/m"), messages: [{ role: "user", content: "word ".repeat(400) }] }

  it.live("is an estimate, and marked as one, if no target can count", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({ providers: { p: provider("openai", server) } })
      const got = yield* ask(`${url}/v1/messages/count_tokens`, { body })
      assert.strictEqual(got.status, 200, got.text)
      assert.strictEqual(got.headers["x-failover-estimated"], "true")
      const count = got.at("input_tokens") as number
      assert.isAtLeast(count, 350)
      assert.isAtMost(count, 650)
      assert.strictEqual(server.requests.length, 0)
    })
  )

  it.live("is an estimate if the server does not have the operation, else the server's count", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({ providers: { p: provider("anthropic", server) } })
      server.play(FaultServer.json({ detail: "Not Found" }, 404), FaultServer.json({ input_tokens: 7 }))
      const estimated = yield* ask(`${url}/v1/messages/count_tokens`, { body })
      assert.strictEqual(estimated.status, 200, estimated.text)
      assert.strictEqual(estimated.headers["x-failover-estimated"], "true")
      const counted = yield* ask(`${url}/v1/messages/count_tokens`, { body })
      assert.strictEqual(counted.at("input_tokens"), 7)
      assert.notProperty(counted.headers, "x-failover-estimated")
    })
  )
})
