/** The providers of a run: each on a port of its own, and every text they say can be traced to them. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as FaultServer from "../../test/support/FaultServer.ts"
import * as Random from "../../test/support/Random.ts"
import { answer, faults } from "./faults.ts"
import type { Ledger } from "./ledger.ts"
import { seal } from "./seal.ts"
import type { Asked } from "./speech.ts"
import type { Weather } from "./weather.ts"
import { credentials, keyOf, type Member, members } from "./world.ts"

/** Where a provider is. */
export interface Standing {
  readonly member: Member
  readonly server: FaultServer.FaultServer
}

const paths: Readonly<Record<string, Asked["path"]>> = {
  "/v1/chat/completions": "chat",
  "/v1/messages": "messages",
  "/v1/responses": "responses"
}

/** Starts the providers; `tally` hears the name of every fault. */
export const start = (
  seed: number,
  ledger: Ledger,
  weather: Weather,
  tally: (fault: string) => void
): Effect.Effect<ReadonlyArray<Standing>, never, Scope.Scope> => {
  const behaviourOf = (member: Member, request: FaultServer.Seen): FaultServer.Behaviour => {
    const path = paths[request.path.split("?")[0] ?? ""]
    if (path === undefined || (path === "responses" && !member.hasResponses)) {
      return FaultServer.json({ error: { message: "no such endpoint" } }, 404)
    }
    const { body } = request
    const nonce = /nonce=([0-9a-z]+)/.exec(body)?.[1] ?? ""
    const size = Number(/size=(\d+)/.exec(body)?.[1] ?? 100)
    const asked: Asked = { path, stream: /"stream":\s*true/.test(body), tool: /tool=yes/.test(body) }
    const key = request.headers["x-api-key"] ?? request.headers.authorization?.replace(/^Bearer /, "") ?? ""
    const credential = credentials.find((name) => keyOf(member.name, name) === key) ?? "none"
    const target = `${member.name}/${request.model ?? ""}#${credential}`
    const visit = ledger.get(nonce)?.visits.length ?? 0
    const fault = member.isSteady ? undefined : weather.faultOf(member.name, nonce, visit)
    ledger.visit(nonce, { target, fault, began: performance.now(), progress: request.progress })
    const random = Random.of(seed, "writes", nonce, visit)
    const given = {
      asked,
      text: seal(nonce, target, size),
      piece: size > 5_000 ? 2_000 : random.pick([3, 10, 40, 400]),
      by: size > 5_000 ? 65_536 : random.pick([7, 100, 1_000, 65_536])
    }
    if (fault === undefined) return answer(given)
    tally(fault)
    return faults[fault]?.make(given) ?? answer(given)
  }
  return Effect.forEach(members, (member) =>
    Effect.map(FaultServer.make, (server): Standing => {
      server.answer((request) => behaviourOf(member, request))
      return { member, server }
    })
  )
}
