/**
 * The AI SDK with failover behind it: the application points its provider at a gateway, and changes nothing else.
 *
 *     npm run build && npm exec -- node examples/ai-sdk/gateway.ts
 *
 * Here the gateway runs in the same process and a fake server plays the providers, so that no key is needed. Otherwise:
 *
 *     npx effect-failover serve --config failover.jsonc
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createOpenAI } from "@ai-sdk/openai"
import { NodeServices } from "@effect/platform-node"
import { generateText, streamText } from "ai"
import { Effect, Layer, ManagedRuntime } from "effect"
import { HttpServer } from "effect/http"
import { Gateway, parse } from "effect-failover/gateway"

/** Plays both providers: the key "throttled" is throttled. */
const standIn = createServer((request, response) => {
  if (request.headers.authorization?.endsWith("throttled")) {
    response.writeHead(429, { "content-type": "application/json", "retry-after": "30" })
    response.end('{"error":{"code":"rate_limit_exceeded","message":"Rate limit reached"}}')
    return
  }
  let body = ""
  request.on("data", (part) => (body += part))
  request.on("end", () => {
    const { model, stream } = JSON.parse(body)
    const about = { id: "1", created: 1, model }
    if (stream) {
      response.writeHead(200, { "content-type": "text/event-stream" })
      for (const delta of [{ role: "assistant" }, { content: "word " }, { content: "by word" }]) {
        response.write(`data: ${JSON.stringify({ ...about, choices: [{ index: 0, delta }] })}\n\n`)
      }
      const end = { ...about, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }
      response.end(`data: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`)
    } else {
      const message = { role: "assistant", content: "a whole answer" }
      const usage = { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 }
      response.writeHead(200, { "content-type": "application/json" })
      response.end(
        JSON.stringify({ ...about, usage, choices: [{ index: 0, message, finish_reason: "stop" }] })
      )
    }
  })
})

/** The content of `failover.jsonc`. */
const config = (baseUrl: string) => ({
  providers: {
    primary: { protocol: "openai", baseUrl, credentials: [{ name: "main", apiKey: "sk-throttled" }] },
    backup: { protocol: "openai", baseUrl, credentials: [{ name: "main", apiKey: "sk-fine" }] }
  },
  models: { smart: ["primary/gpt-5.2", "backup/llama-4"] },
  server: { port: 0, tokens: ["gateway-token"] }
})

export const main = async (log: (line: string) => void = console.log) => {
  await new Promise<void>((resume) => standIn.listen(0, "127.0.0.1", resume))
  const upstream = `http://127.0.0.1:${(standIn.address() as AddressInfo).port}/v1`
  const text = JSON.stringify(config(upstream))
  const live = Effect.map(parse(text, { file: "failover.jsonc", folder: "." }), (parsed) =>
    Gateway.layer(parsed, { drain: "1 second" })
  )
  const runtime = ManagedRuntime.make(Layer.unwrap(live).pipe(Layer.provide(NodeServices.layer)))
  try {
    const url = await runtime.runPromise(HttpServer.addressFormattedWith(Effect.succeed))

    // -- the application ---------------------------------------------------------------------------------------------

    const provider = createOpenAI({ baseURL: `${url}/v1`, apiKey: "gateway-token" })
    const model = provider.chat("smart") // was: createFallback({ models: [...] })

    const { response, text } = await generateText({ model, prompt: "hello", maxRetries: 0 })
    log(
      `${text} (${response.headers?.["x-failover-target"]}, trail: ${response.headers?.["x-failover-trail"]})`
    )

    for await (const word of streamText({ model, prompt: "slowly", maxRetries: 0 }).textStream) log(word)
  } finally {
    await runtime.dispose()
    standIn.closeAllConnections()
    standIn.close()
  }
}

if (import.meta.main) await main()
