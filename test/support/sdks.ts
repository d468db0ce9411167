/** A gateway with a target of each protocol. Both give the same answers and validate their requests. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type JsonObject, refuseStateful } from "../../src/translate/index.ts"
import * as FaultServer from "./FaultServer.ts"
import { key, provider, start } from "./gateway.ts"
import { rejection } from "./translate/asking.ts"
import { claude, gpt, type Wire } from "./translate/models.ts"
import { responder } from "./translate/responder.ts"

export { anthropicTools, city, collect, nothing, user, weatherSchema } from "./translate/asking.ts"

/** The protocols of the targets. */
export const targets = ["openai", "anthropic"] as const

/** A protocol of a target. */
export type Target = (typeof targets)[number]

/** The models behind the names `openai` and `anthropic`. */
const models = { openai: "gpt/gpt-4.1", anthropic: "claude/claude-opus-4-6" }

/** One request as a target saw it. */
export interface Asked {
  readonly path: string
  readonly body: JsonObject
}

/** What a test works with. */
export interface World {
  readonly url: string
  /** The requests that the targets received, in their protocols and in order of arrival. */
  readonly asked: ReadonlyArray<Asked>
  readonly servers: Readonly<Record<Target, FaultServer.FaultServer>>
  /** Restores the ordinary answers of a target's server. */
  readonly restore: (target: Target) => void
}

const answers: ReadonlyMap<string, (body: JsonObject) => Wire> = new Map([
  // It has no stateful requests, which the client learns from the refusal.
  ["/v1/messages", (body: JsonObject) => refuseStateful("anthropic", body) ?? claude(body)],
  ["/v1/chat/completions", gpt],
  ["/v1/responses", responder]
])

/** A wire answer, streamed if that was requested. */
export const played = (wire: Wire, isStream: boolean): FaultServer.Behaviour =>
  isStream && "stream" in wire
    ? FaultServer.sse(wire.stream.split(/(?<=\n\n)/))
    : FaultServer.json(wire.body, wire.status)

/**
 * A gateway. `openai` and `anthropic` are chains of one model; `openai-first` and `anthropic-first` are chains of both.
 * Unless a test overrides them, the servers give fixed answers. `asked` receives every request.
 */
export const world = Effect.gen(function* () {
  const servers = { openai: yield* FaultServer.make, anthropic: yield* FaultServer.make }
  const asked: Array<Asked> = []
  const restore = (target: Target) => {
    servers[target].answer(({ body, path }) => {
      const json: JsonObject = JSON.parse(body)
      asked.push({ path, body: json })
      const answer = answers.get(path.split("?")[0] ?? "")
      return answer === undefined ? undefined : played(answer(json), json.stream === true)
    })
  }
  for (const target of targets) restore(target)
  const url = yield* start({
    providers: { gpt: provider("openai", servers.openai), claude: provider("anthropic", servers.anthropic) },
    models: {
      ...models,
      "openai-first": [models.openai, models.anthropic],
      "anthropic-first": [models.anthropic, models.openai]
    },
    server: { tokens: ["let-me-in"] },
    policy: {
      retries: { times: 0 },
      threshold: { transient: 100 },
      // Longer than a busy machine delays a running stream.
      timeouts: { idle: "2 seconds" },
      maxWait: 0
    }
  })
  return { url, asked, servers, restore } satisfies World
})

/** A test with servers of its own. */
export const live = (name: string, test: (world: World) => Promise<void>): void => {
  it.live(name, () => Effect.flatMap(world, (made) => Effect.promise(() => test(made))))
}

/** Makes the server of a target fail in this way until it is restored. */
export const breaks = ({ servers }: World, target: Target, behaviour: FaultServer.Behaviour): void => {
  servers[target].answer(() => behaviour)
}

/** The last words of `begun`. */
export const words = "Well, you"

/** The beginning of a target's stream, up to its first words, in each of its protocols. */
export const begun = (target: Target, way: string): string => {
  const message = { messages: [{ role: "user", content: "break" }], input: "break", max_tokens: 1 }
  const { input, max_tokens, messages } = message
  const wire =
    target === "anthropic"
      ? claude({ max_tokens, messages })
      : way.includes("responses")
        ? responder({ input })
        : gpt({ messages })
  if (!("stream" in wire)) return assert.fail("there is no stream")
  const events = wire.stream.split(/(?<=\n\n)/)
  return events
    .slice(
      0,
      events.findIndex((event) => event.includes("Overloaded"))
    )
    .join("")
}

/** The answer of the models to "hi". */
export const hello = "Hello! How are you?"

/** Faults before the first content, with their names. */
export const failures: ReadonlyArray<readonly [word: string, behaviour: FaultServer.Behaviour]> = [
  ["rate-limit", FaultServer.json({ error: { message: "Slow down" } }, 429)],
  [
    "overloaded",
    FaultServer.json({ type: "error", error: { type: "overloaded_error", message: "No" } }, 529)
  ],
  ["truncated", [FaultServer.sseHead, { send: ": nothing yet\n\n" }, { cut: true }]]
]

/** The ways in which a stream ends too early. */
export const cuts = (opening: string): ReadonlyArray<FaultServer.Behaviour> => [
  [FaultServer.sseHead, { send: opening }, { wait: 20 }, { reset: true }],
  [FaultServer.sseHead, { send: opening }, { wait: 20 }, { end: true }],
  [FaultServer.sseHead, { send: opening }, { hang: true }]
]

/** What a promise was rejected with. Fails if it contains a provider's key. */
export const failure = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  const error = await rejection(promise)
  assert.notInclude(String(error), key)
  return error
}

/** A very small picture. */
export const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
