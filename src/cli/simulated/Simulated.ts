/**
 * The simulated providers of a gateway without a config, on loopback, each with its own fault.
 *
 * | provider | protocol | behaviour |
 * | --- | --- | --- |
 * | `throttled` | OpenAI | answers three requests per key in twenty seconds, and 429 to the rest |
 * | `flaky` | OpenAI | is overloaded, or breaks off before its first word, every other time |
 * | `steady` | OpenAI | answers |
 * | `busy` | Anthropic | is overloaded every other time |
 * | `calm` | Anthropic | answers |
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"
import * as Server from "./Server.ts"

/** The requests per key of `throttled` in a window, and the length of the window in milliseconds. */
const allowance = 3
const window = 20_000

/** Starts the providers, until the scope ends. Returns the config that uses them. */
export const start: Effect.Effect<GatewayConfig, never, Scope.Scope> = Effect.gen(function* () {
  const throttled = yield* Server.start(throttle(new Map(), answer("throttled")))
  const flaky = yield* Server.start(sometimes(0.3, overloaded, sometimes(0.3, breaks, answer("flaky"))))
  const steady = yield* Server.start(answer("steady"))
  const busy = yield* Server.start(sometimes(0.5, overloaded, answer("busy")))
  const calm = yield* Server.start(answer("calm"))
  return fromFile(
    {
      providers: {
        throttled: {
          protocol: "openai",
          baseUrl: `${throttled}/v1`,
          responses: false,
          credentials: [
            { name: "primary", apiKey: "simulated-key-1" },
            { name: "backup", apiKey: "simulated-key-2" }
          ]
        },
        flaky: { protocol: "openai", baseUrl: `${flaky}/v1`, responses: false },
        steady: { protocol: "openai", baseUrl: `${steady}/v1`, responses: false },
        busy: { protocol: "anthropic", baseUrl: busy },
        calm: { protocol: "anthropic", baseUrl: calm }
      },
      models: {
        smart: ["throttled/large", "flaky/medium", "steady/small"],
        claude: ["busy/large", "calm/small"]
      }
    },
    []
  )
})

type Behaviour = (asked: Server.SimulatedRequest) => Effect.Effect<Server.Act>

/** With the speed of a fast model. */
const answer =
  (provider: string): Behaviour =>
  ({ model, prompt }) =>
    Effect.map(Random.nextBetween(60, 180), (wait) => ({
      _tag: "Answer",
      text: `This is ${provider}/${model}. Your message has ${prompt.length} characters. No model has read it.`,
      wait,
      pause: "15 millis"
    }))

const overloaded: Behaviour = ({ protocol }) =>
  Effect.succeed({
    _tag: "Refuse",
    status: protocol === "anthropic" ? 529 : 503,
    code: protocol === "anthropic" ? "overloaded_error" : "server_overloaded",
    message: "The simulated provider is overloaded"
  })

const breaks: Behaviour = () => Effect.succeed({ _tag: "Break" })

const sometimes =
  (share: number, one: Behaviour, other: Behaviour): Behaviour =>
  (asked) =>
    Effect.flatMap(Random.next, (chance) => (chance < share ? one : other)(asked))

/** One window per key, from its first request. */
const throttle =
  (windows: Map<string, { until: number; left: number }>, inner: Behaviour): Behaviour =>
  (asked) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const known = windows.get(asked.key)
      const current =
        known !== undefined && now < known.until ? known : { until: now + window, left: allowance }
      windows.set(asked.key, current)
      if (current.left-- > 0) return inner(asked)
      return Effect.succeed({
        _tag: "Refuse",
        status: 429,
        code: "rate_limit_exceeded",
        message: "The simulated provider throttles this key",
        headers: { "retry-after": String(Math.ceil((current.until - now) / 1000)) }
      })
    })
