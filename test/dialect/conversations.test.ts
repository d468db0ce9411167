/**
 * For every row of the table, a conversation with a server that refuses what the real server refuses. Clients of all three
 * protocols call it, whole and streamed.
 */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { resolve } from "../../src/dialect/index.ts"
import { StrictServer } from "../../src/testing/index.ts"
import { callers, script } from "../support/dialect/callers.ts"
import { start } from "../support/gateway.ts"

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

/** The script with the name of the tool as the server sees it. */
const scriptFor = (server: () => StrictServer.Server): typeof script =>
  script.map((said) => ({
    ...said,
    calls: said.calls?.map((call) => ({
      ...call,
      get name() {
        const [tool] = (server().seen.at(-1)?.tools ?? []) as ReadonlyArray<{
          readonly name: string
          readonly function?: { readonly name: string }
        }>
        return tool?.function?.name ?? tool?.name
      }
    }))
  })) as unknown as typeof script

/** The server on a port. */
const listen = (server: StrictServer.Server) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise<http.Server>(
        () =>
          new Promise((done) => {
            const listening = http.createServer((request, response) => {
              const parts: Array<Buffer> = []
              request.on("data", (part) => parts.push(part))
              request.on("end", () => {
                const reply = server.answer({
                  path: request.url ?? "",
                  body: Buffer.concat(parts).toString()
                })
                response.writeHead(reply.status, { "content-type": reply.contentType })
                response.end(reply.body)
              })
            })
            listening.listen(0, "127.0.0.1", () => done(listening))
          })
      ),
      (listening) => Effect.sync(() => listening.close())
    ),
    (listening) => `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  )

const models: Readonly<Record<string, string>> = {
  openai: "gpt-5.2",
  azure: "gpt-5.2",
  anthropic: "claude-sonnet-5",
  gemini: "gemini-3-pro",
  mistral: "mistral-large",
  deepseek: "deepseek-v4",
  qwen: "qwen3-max",
  moonshot: "kimi-k2.5",
  glm: "glm-5",
  minimax: "minimax-m2.5",
  xai: "grok-5",
  vllm: "Qwen/Qwen3.6-27B"
}

const call = (name: string, args: object) => ({ name, arguments: args })

/** Checks that are left out until the translation returns what the model left in the conversation. */
const notYet: ReadonlySet<string> = new Set([])

for (const [name, given] of Object.entries<StrictServer.Strictness>(StrictServer.servers)) {
  const strictness = { ...given, refusals: given.refusals.filter(({ check }) => !notYet.has(check.is)) }
  describe(`a conversation with ${name}`, () => {
    for (const [protocol, caller] of Object.entries(callers)) {
      const isOwn = protocol === (strictness.protocol === "openai" ? "chats" : "messages")
      for (const stream of [false, true]) {
        it.live(`is refused nowhere when ${protocol} call it${stream ? ", streamed" : ""}`, () =>
          Effect.gen(function* () {
            const server: StrictServer.Server = StrictServer.make(
              strictness,
              scriptFor(() => server)
            )
            const origin = yield* listen(server)
            const model = models[name] ?? "some-model"
            const url = yield* start({
              providers: {
                [name]: {
                  protocol: strictness.protocol,
                  responses: strictness.protocol === "openai" ? false : undefined,
                  baseUrl: strictness.protocol === "openai" ? `${origin}/v1` : origin,
                  // Requests in the target's own protocol are passed through, unless the config applies the rules to them too.
                  dialect: isOwn ? { row: name, apply: "always" } : name,
                  credentials: [{ name: "k", apiKey: "sk-key" }]
                }
              },
              policy: { retries: { times: 0 } }
            })
            const client = caller(`${name}/${model}`)
            const turn = Effect.fnUntraced(function* (...shown: Parameters<typeof client.show>[0]) {
              client.show(shown)
              const response = yield* Effect.promise(() =>
                fetch(`${url}${client.path}`, { method: "POST", body: JSON.stringify(client.body(stream)) })
              )
              const text = yield* Effect.promise(() => response.text())
              assert.strictEqual(
                response.status,
                200,
                `${text} ${JSON.stringify(server.seen.at(-1)?.messages)}`
              )
              return client.take(text, stream)
            })
            const first = yield* turn({ text: "Hi." })
            assert.strictEqual(first.text, "Hello.")
            const second = yield* turn({ text: "The weather in Oslo?" }, { system: "Use metric units." })
            assert.deepStrictEqual(
              second.calls.map(({ id: _, ...each }) => each),
              [call("dev.weather", { city: "Oslo" })]
            )
            const third = yield* turn({ result: "rain" }, { text: "And in Bergen and Paris?" })
            assert.deepStrictEqual(
              third.calls.map(({ id: _, ...each }) => each),
              [call("dev.weather", { city: "Bergen" }), call("dev.weather", { city: "Paris" })]
            )
            assert.strictEqual(new Set(third.calls.map(({ id }) => id)).size, 2)
            const fourth = yield* turn({ result: "more rain" }, { result: "still rain" })
            assert.strictEqual(fourth.text, "Rain everywhere.")
            const takesImages = resolve({
              protocol: strictness.protocol,
              model,
              provider: name,
              choices: [name]
            }).images
            const fifth = yield* turn({ text: "What is this?" }, ...(takesImages ? [{ image: png }] : []))
            assert.strictEqual(fifth.text, "A dot.")
            assert.deepStrictEqual(server.refused, [])
            const sent = JSON.stringify(server.seen.at(-1))
            for (const said of [
              "You are terse.",
              "Answer in English.",
              "Use metric units.",
              "And in Bergen",
              "still rain"
            ]) {
              assert.include(sent, said)
            }
          })
        )
      }
    }
  })
}
