/**
 * A transport to strict servers instead of the network, so that providers and whole applications run in virtual time.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { type Transport, TransportError } from "../../providers/transport/Transport.ts"
import type { Server } from "./Server.ts"

const encoder = new TextEncoder()

/**
 * A transport to servers by their origins: `https://api.mistral.ai`. A request to another origin fails to connect.
 *
 * @example
 * import { StrictServer } from "effect-failover/testing"
 *
 * const mistral = StrictServer.make(StrictServer.servers.mistral, [{ text: "Bonjour" }])
 * const transport = StrictServer.transport({ "https://api.mistral.ai": mistral })
 * typeof transport.exchange // => "function"
 */
export const transport = (servers: Readonly<Record<string, Server>>): Transport["Service"] => {
  const ask = (origin: string, path: string, body: string) =>
    Effect.suspend(() => {
      const server = Object.hasOwn(servers, origin) ? servers[origin] : undefined
      if (server === undefined) {
        const cause = new Error(`there is no server at ${origin}`)
        return Effect.fail(new TransportError({ answered: false, tooLarge: false, cause }))
      }
      const answer = server.answer({ path, body })
      return Effect.succeed({
        status: answer.status,
        headers: { "content-type": answer.contentType },
        body: encoder.encode(answer.body)
      })
    })
  return {
    exchange: ({ body, origin, path }) => ask(origin, path, body),
    open: ({ body, origin, path }) =>
      Effect.map(ask(origin, path, body), ({ body: bytes, ...head }) => {
        let isRead = false
        return {
          ...head,
          finish: () => {},
          pull: Effect.suspend(() => {
            if (isRead) return Cause.done()
            isRead = true
            return Effect.succeed([bytes] as const)
          })
        }
      })
  }
}
