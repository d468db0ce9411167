/**
 * Run by Bun, over `UndiciTransport`, whose undici cannot dispatch there: an answer and a stream, after a redirect that is not
 * followed. Prints the results.
 */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Chain, Failover, Model } from "../../src/index.ts"
import { OpenAi, UndiciTransport } from "../../src/providers/index.ts"

const server = http.createServer((request, response) => {
  let body = ""
  request.on("data", (part) => (body += String(part)))
  request.on("end", () => {
    if (request.url?.startsWith("/moved/")) {
      response.writeHead(307, { location: request.url.replace("/moved/", "/v1/") }).end()
      return
    }
    if (JSON.parse(body).stream !== true) {
      response.setHeader("content-type", "application/json")
      response.end('{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}')
      return
    }
    response.setHeader("content-type", "text/event-stream")
    response.end(
      'data: {"choices":[{"delta":{"content":"streamed"}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )
  })
})
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const { port } = server.address() as AddressInfo

const said = await Effect.runPromise(
  Effect.gen(function* () {
    const moved = yield* OpenAi.make({ name: "moved", baseUrl: `http://127.0.0.1:${port}/moved` })
    const provider = yield* OpenAi.make({ baseUrl: `http://127.0.0.1:${port}/v1` })
    const chain = Chain.make(Model.make(moved, "m"), Model.make(provider, "m"))
    const request = { operation: "chat/completions", body: { model: "m", messages: [] } } as const
    const { target, value } = yield* Failover.answer(chain, request)
    const chunks = yield* Stream.runCollect(Failover.stream(chain, request))
    return [target.provider, value.json, chunks.length]
  }).pipe(Effect.provide([UndiciTransport.layer(), Failover.layer({ policy: { retries: { times: 0 } } })]))
)
console.log(JSON.stringify(said))
server.closeAllConnections()
server.close()
