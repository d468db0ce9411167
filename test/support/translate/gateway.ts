/** The smallest possible gateway: one target, for every protocol. */
import { once } from "node:events"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Translate from "../../../src/translate/index.ts"
import { claude, gpt } from "./models.ts"
import { eventsOf } from "./support.ts"

/** A running gateway. */
export interface Gateway {
  readonly origin: string
  /** The requests that the target received, in its own protocol. */
  readonly asked: ReadonlyArray<Translate.JsonObject>
}

const targets = {
  anthropic: { model: "claude-opus-4-6", answer: claude },
  openai: { model: "gpt-4.1", answer: gpt }
}

/** Starts a gateway for a target. It closes with its scope. */
export const make = (to: Translate.Protocol): Effect.Effect<Gateway, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const asked: Array<Translate.JsonObject> = []
      const server = http.createServer((request, response) => {
        answer(to, request, response, asked).catch((error) => response.destroy(error))
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      return { server, asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      })
  )

const answer = async (
  to: Translate.Protocol,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  asked: Array<Translate.JsonObject>
) => {
  const received: Array<Buffer> = []
  for await (const chunk of request) received.push(chunk)
  const body: Translate.JsonObject = JSON.parse(Buffer.concat(received).toString())
  const from = /\/messages\b/.test(request.url ?? "") ? "anthropic" : "openai"
  const refusal = Translate.refuseStateful(from, body)
  if (refusal !== undefined) {
    response
      .writeHead(refusal.status, { "content-type": "application/json" })
      .end(JSON.stringify(refusal.body))
    return
  }
  const { model, answer } = targets[to]
  const translated = Translate.translateRequest(from, to, body, model)
  asked.push(translated.body)
  const context = Translate.makeContext(body, { id: "req_1", created: 1700000000 })
  const wire = answer(translated.body)
  response.setHeader("x-failover-dropped", translated.dropped.join(", "))
  if ("stream" in wire && body.stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream" })
    const translator = Translate.makeStreamTranslator(to, from, context)
    for (const event of eventsOf(wire.stream)) {
      response.write(Translate.encode(translator.event(event)))
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end(Translate.encode(translator.end()))
  } else {
    response.writeHead(wire.status, { "content-type": "application/json" })
    const sent =
      wire.status === 200
        ? Translate.translateAnswer(to, from, wire.body, context)
        : Translate.translateError(to, from, wire.body, wire.status)
    response.end(JSON.stringify(sent))
  }
}
