/** A provider's answer to a request. Every text can be traced to its provider. */
import * as FaultServer from "../../test/support/FaultServer.ts"
import * as Random from "../../test/support/Random.ts"
import type { FaultMix } from "./faultMix.ts"
import { answer, faults } from "./faults.ts"
import type { Asked } from "./replies.ts"
import { seal } from "./seal.ts"
import { credentials, keyOf, type Member, members } from "./world.ts"

/** One request as a provider reads it. */
export interface Request {
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

/** What a provider does with a request, and the record of it. */
export interface Turn {
  readonly nonce: string
  readonly target: string
  /** The provider's fault, if any. */
  readonly fault: string | undefined
  readonly behaviour: FaultServer.Behaviour
}

const paths: Readonly<Record<string, Asked["path"]>> = {
  "/v1/chat/completions": "chat",
  "/v1/messages": "messages",
  "/v1/responses": "responses"
}

const keys = new Map(
  credentials.flatMap((credential) =>
    members.map(({ name }) => [keyOf(name, credential), credential] as const)
  )
)

/** The sizes of an answer's events and writes. The smallest are rare, because each write costs all processes a turn. */
const cutsOf = (random: Random.Random, size: number) => {
  const isFine = random.chance(0.05)
  const isMiddling = random.chance(0.2)
  if (size > 5_000) return { piece: 2_000, by: 65_536 }
  return {
    piece: isFine ? 3 : isMiddling ? 10 : random.pick([60, 400]),
    by: isFine ? random.pick([7, 65_536]) : isMiddling ? random.pick([100, 1_000]) : 65_536
  }
}

/** The answer of a member to a request. `visitOf` returns how often the request came before. */
export const turnOf = (
  seed: number,
  member: Member,
  mix: FaultMix,
  visitOf: (nonce: string) => number,
  { body, headers, path: asking }: Request
): Turn | undefined => {
  const path = paths[asking.split("?")[0] ?? ""]
  if (path === undefined || (path === "responses" && !member.hasResponses)) return undefined
  const nonce = /nonce=([0-9a-z]+)/.exec(body)?.[1] ?? ""
  const size = Number(/size=(\d+)/.exec(body)?.[1] ?? 100)
  const asked: Asked = { path, stream: /"stream":\s*true/.test(body), tool: /tool=yes/.test(body) }
  const key = String(headers["x-api-key"] ?? headers.authorization ?? "").replace(/^Bearer /, "")
  const model = /"model":\s*"([^"]*)"/.exec(body)?.[1] ?? ""
  const target = `${member.name}/${model}#${keys.get(key) ?? "none"}`
  const visit = visitOf(nonce)
  const fault = member.isSteady ? undefined : mix.faultOf(member.name, nonce, visit)
  const given = {
    asked,
    text: seal(nonce, target, size),
    ...cutsOf(Random.of(seed, "writes", nonce, visit), size)
  }
  const make = fault === undefined ? answer : (faults[fault]?.make ?? answer)
  return { nonce, target, fault, behaviour: make(given) }
}

/** The answer of a provider to an unknown path. */
export const nothing: FaultServer.Behaviour = FaultServer.json(
  { error: { message: "no such endpoint" } },
  404
)
