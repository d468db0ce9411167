/** Hedged requests through a gateway: an upstream that hangs, fast ones, and what the client and the upstreams see. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import {
  anthropic,
  ask,
  chat,
  eventually,
  type Got,
  message,
  openai,
  provider,
  start
} from "../../support/gateway.ts"

const admin = { authorization: "Bearer admin-token-0123456789" }

/** Two equals, the first of which hangs, a chain of both protocols, and a gateway that hedges soon. */
const stage = (policy: object = { hedge: { after: "60 millis", share: 1, to: "chain" } }) =>
  Effect.gen(function* () {
    const [slow, fast, claude] = yield* Effect.all([FaultServer.make, FaultServer.make, FaultServer.make])
    slow.play([{ hang: true }])
    const answers =
      ({ answer, events }: typeof openai) =>
      ({ body }: FaultServer.Seen) =>
        body.includes('"stream":true') ? FaultServer.sse(events) : FaultServer.json(answer)
    fast.answer(answers(openai))
    claude.answer(answers(anthropic))
    const url = yield* start({
      providers: {
        slow: provider("openai", slow),
        fast: provider("openai", fast),
        claude: provider("anthropic", claude)
      },
      models: {
        smart: [{ equals: ["slow/m", "fast/m"], strategy: "sequential" }],
        mixed: ["slow/m", "claude/m"]
      },
      policy,
      server: { adminToken: "admin-token-0123456789" }
    })
    return { url, slow, fast, claude }
  })

const trailOf = ({ headers }: Got) =>
  ["target", "attempts", "trail"].map((name) => headers[`x-failover-${name}`])

describe("a gateway with hedges", () => {
  for (const stream of [false, true]) {
    it.live(
      `answers from the second target, and closes the connection to the first (stream: ${stream})`,
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { fast, slow, url } = yield* stage()
            const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart", { stream }) })
            assert.strictEqual(got.status, 200)
            assert.deepStrictEqual(trailOf(got), ["fast/m#k1", "2", "dropped,ok"])
            assert.include(got.text, stream ? "[DONE]" : "hello 漢🦊")
            yield* eventually(() => slow.running === 0)
            assert.isTrue(slow.requests[0]?.aborted)
            assert.lengthOf(fast.requests, 1)
            const benches = yield* ask(`${url}/admin/benches`, { headers: admin })
            assert.notInclude(benches.text, "slow")
            const decisions = yield* ask(`${url}/admin/decisions`, { headers: admin })
            assert.match(decisions.text, /"outcome":"dropped"/)
            assert.match(decisions.text, /"hedge":true/)
            const metrics = yield* ask(`${url}/metrics`)
            for (const outcome of ["started", "won"]) {
              // Other gateways of this process count in the same registry.
              const line = new RegExp(`failover_hedges_total{[^}]*outcome="${outcome}"[^}]*} [1-9]`)
              assert.match(metrics.text, line)
            }
          })
        )
    )

    it.live(`translates the answer of a target with another protocol (stream: ${stream})`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* stage()
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("mixed", { stream }) })
          assert.deepStrictEqual(trailOf(got), ["claude/m#k1", "2", "dropped,ok"])
          assert.include(got.text, stream ? "chat.completion.chunk" : '"choices"')
        })
      )
    )
  }

  it.live("serves callers of the other protocol as well", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { url } = yield* stage()
        const got = yield* ask(`${url}/v1/messages`, { body: message("smart") })
        assert.deepStrictEqual(trailOf(got), ["fast/m#k1", "2", "dropped,ok"])
        assert.include(got.text, '"type":"message"')
      })
    )
  )

  it.live("never sends a request twice that leaves something behind at the provider", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { fast, slow, url } = yield* stage({
          hedge: { after: "60 millis", share: 1 },
          timeouts: { answer: "400 millis" }
        })
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart", { store: true }) })
        assert.deepStrictEqual(trailOf(got), ["fast/m#k1", "2", "timeout,ok"])
        assert.lengthOf(slow.requests, 1)
        assert.lengthOf(fast.requests, 1)
        const decisions = yield* ask(`${url}/admin/decisions`, { headers: admin })
        assert.notInclude(decisions.text, '"hedge"')
      })
    )
  )

  it.live("does not hedge without the policy", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { fast, url } = yield* stage({ timeouts: { answer: "300 millis" } })
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
        assert.deepStrictEqual(trailOf(got), ["fast/m#k1", "2", "timeout,ok"])
        assert.lengthOf(fast.requests, 1)
      })
    )
  )
})
