/** The answers to requests that could not be read (see `ClientErrors`): with an id, in their protocol, and logged. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as ErrorShape from "./http/ErrorShape.ts"
import type { Refusal } from "./http/Refusal.ts"
import { requestId } from "./http/RequestId.ts"
import { pathOf, protocolOf, routeOf } from "./http/Route.ts"
import type * as Traffic from "./observe/Traffic.ts"
import * as ConfigSecrets from "./providers/ConfigSecrets.ts"
import type * as CurrentConfig from "./reload/CurrentConfig.ts"
import * as RequestLog from "./request/RequestLog.ts"
import type * as ClientErrors from "./server/ClientErrors.ts"
import type * as NodeAnswer from "./server/NodeAnswer.ts"

/** Makes the answers of a gateway. Unread requests are counted by `traffic`. */
export const make = (
  live: CurrentConfig.CurrentConfig,
  requestLog: RequestLog.RequestLog,
  traffic: Traffic.Traffic
): Effect.Effect<ClientErrors.Answering> =>
  Effect.withFiber((fiber) => {
    const random = fiber.getRef(Random.Random)
    let known = { config: live.current().config, secrets: ConfigSecrets.of(live.current().config) }
    const idOf = (headers: NodeAnswer.Headers): string => {
      const { config } = live.current()
      if (known.config !== config) known = { config, secrets: ConfigSecrets.of(config) }
      return requestId(headers, random, known.secrets)
    }

    const answer = (id: string, url: string, headers: NodeAnswer.Headers, refusal: Refusal) => ({
      status: refusal.status,
      headers: { ...refusal.headers, "content-type": "application/json", "x-request-id": id },
      body: ErrorShape.body(protocolOf(pathOf(url), headers), refusal, id)
    })

    return Effect.succeed<ClientErrors.Answering>({
      silent: (refusal) => answer(idOf({}), "", {}, refusal),
      unread: ({ headers, line }, refusal) => {
        const id = idOf(headers)
        const route = line === undefined ? "other" : routeOf(line.url)
        traffic.begin(route)(refusal.status)
        if (RequestLog.isLogged(live.current().config.log?.requests, pathOf(line?.url ?? "unknown"))) {
          const entry = new RequestLog.Entry(id, line?.method ?? "unknown", route)
          entry.error = refusal.code
          requestLog.write(entry, { status: refusal.status, left: false, duration: 0 })
        }
        return answer(id, line?.url ?? "", headers, refusal)
      },
      arriving: (request, refusal) => {
        const headers = request.headers as NodeAnswer.Headers
        const entry = requestLog.entryOf(request)
        if (entry !== undefined) entry.error = refusal.code
        return answer(entry?.requestId ?? idOf(headers), request.url ?? "", headers, refusal)
      }
    })
  })
