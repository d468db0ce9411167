/**
 * Two providers over real HTTP: OpenAI with two keys, one throttled and one revoked, and a second
 * server with a compatible API. A fake server on this machine plays both, so that no key is needed.
 *
 *     npm run build && npm exec -- node examples/providers.ts
 */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Context, Effect, Layer, Redacted, Stream } from "effect"
import { Chain, Credential, Failover, ProviderService } from "effect-failover"
import { OpenAi, UndiciTransport } from "effect-failover/providers"

/** The second provider: a service of its own, of the same kind. */
class Groq extends ProviderService.Service<Groq, OpenAi.Provider>()("groq") {}

const chain = Chain.make(OpenAi.model("gpt-5.2"), Groq.model("llama-4"))

const body = { messages: [{ role: "user", content: "Hello" }] }

export const main = Effect.gen(function* () {
  const { failed, target, value } = yield* Failover.answer(chain, { operation: "chat/completions", body })
  for (const { failure, target } of failed)
    yield* Console.log(`${target}: ${failure._tag}, ${failure.evidence}`)
  yield* Console.log(`${target.key}: ${JSON.stringify(value.json?.choices)}`)

  // Both keys are benched now: the stream goes to the second provider at once.
  const stream = Failover.stream(chain, { operation: "chat/completions", body: { ...body, stream: true } })
  const chunks = yield* Stream.runCollect(stream)
  const text = new TextDecoder().decode(Buffer.concat(chunks.map(({ bytes }) => bytes)))
  yield* Console.log(text.trim())
  return { tried: [...failed.map(({ target }) => target), target.key], text }
}).pipe(Effect.provide(Layer.suspend(() => Live)))

// -- what an application has instead: the providers' own addresses, and keys from its configuration ----------------

class StandIn extends Context.Service<StandIn, { readonly url: string }>()("example/StandIn") {
  static readonly layer = Layer.effect(
    StandIn,
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            const { stream } = JSON.parse(Buffer.concat(chunks).toString())
            reply(response, request.headers.authorization ?? "", stream === true)
          })
        }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ).pipe(Effect.map((server) => ({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })))
  )
}

const reply = (response: ServerResponse, authorization: string, stream: boolean): void => {
  const json = (status: number, body: object, headers: Record<string, string> = {}) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
  if (authorization.endsWith("throttled")) {
    json(
      429,
      { error: { code: "rate_limit_exceeded", message: "Rate limit reached" } },
      { "retry-after": "20" }
    )
  } else if (authorization.endsWith("revoked")) {
    json(401, { error: { code: "invalid_api_key", message: "Incorrect API key provided" } })
  } else if (stream) {
    response.writeHead(200, { "content-type": "text/event-stream" })
    for (const delta of [{ role: "assistant" }, { content: "Hello " }, { content: "to you" }]) {
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`)
    }
    response.write(
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`
    )
    response.end("data: [DONE]\n\n")
  } else {
    const message = { role: "assistant", content: "Hello to you" }
    json(200, { object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }] })
  }
}

const key = (name: string) => Credential.make(name, { apiKey: Redacted.make(`sk-${name}`) })

const Providers = Layer.unwrap(
  Effect.map(StandIn, ({ url }) =>
    Layer.mergeAll(
      OpenAi.layer({ baseUrl: url, credentials: [key("throttled"), key("revoked")] }),
      Layer.effect(Groq, OpenAi.make({ name: Groq.provider, baseUrl: url, credentials: [key("fresh")] }))
    )
  )
).pipe(Layer.provide([StandIn.layer, UndiciTransport.layer()]))

const Live = Layer.mergeAll(Providers, Failover.layer())

if (import.meta.main) NodeRuntime.runMain(main)
