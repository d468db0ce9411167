/** The simulated providers: what each call is answered, and the way to them that stands for the network. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type { GatewayConfig, ProtocolName, ProviderConfig } from "../config/GatewayConfig.ts"
import * as BenchKey from "../core/BenchKey.ts"
import type * as Credential from "../core/Credential.ts"
import { type Head, type Request, TransportError, type Upstream } from "../providers/Upstream.ts"
import { type Act, faults } from "./Faults.ts"
import type { Fault, Scenario } from "./Scenario.ts"
import * as Shapes from "./Shapes.ts"

/** The simulated providers. */
export interface World {
  /** The config with keys by which the world knows its callers. None of them opens anything. */
  readonly config: GatewayConfig
  readonly upstream: Upstream["Service"]
  /** How many calls met each fault so far, in the order of the scenario. */
  readonly met: ReadonlyArray<number>
}

/** What a caller's key says of it. */
interface Known {
  readonly protocol: ProtocolName
  readonly provider: string
  readonly credential: string
}

/** A quick refusal, and how long a connection takes that is refused, in milliseconds. */
const refusal = 80
const unreachable = 5

/** As much of a call's usual time may be more or less. */
const spread = 0.2

const words = ["Nobody ", "thought ", "of ", "this."]

/** Makes the providers of a config as a scenario has them; `startAt` is its start, in milliseconds since the epoch. */
export const make = (
  scenario: Scenario,
  config: GatewayConfig,
  { chance, startAt }: { readonly chance: Random.Random; readonly startAt: number }
): World => {
  const met = scenario.faults.map(() => 0)
  const callers = new Map<string, Known>()

  const known = (provider: ProviderConfig): ProviderConfig => {
    const rename = (credential: Credential.Credential): Credential.Credential => {
      const key = `simulated-${callers.size}`
      callers.set(key, { protocol: provider.protocol, provider: provider.name, credential: credential.name })
      return { ...credential, apiKey: Redacted.make(key) }
    }
    const [first, ...rest] = provider.credentials
    return { ...provider, credentials: [rename(first), ...rest.map(rename)] }
  }

  /** What becomes of a call that comes now. */
  const act = (request: Request, now: number): Reply => {
    const { model } = JSON.parse(request.body)
    const { credential, protocol, provider } = callers.get(keyOf(request))!
    const target = BenchKey.format({ provider, model, credential })
    const pace = 1 + spread * (2 * chance.nextDoubleUnsafe() - 1)
    const normal = {
      _tag: "Answer",
      firstWord: scenario.firstWord * pace,
      whole: scenario.whole * pace
    } as const
    const head = { protocol, model, created: Math.floor((startAt + now) / 1000) }
    const isMet = ({ from, share, targets, until }: Fault) =>
      from <= now && now < until && targets.has(target) && (share === 1 || chance.nextDoubleUnsafe() < share)
    const index = scenario.faults.findIndex(isMet)
    const fault = scenario.faults[index]
    if (fault === undefined) return { act: normal, head, pace }
    met[index]!++
    return { act: faults[fault.name]({ ...fault, protocol, model, normal }), head, pace }
  }

  const reply = (request: Request) =>
    Effect.map(Clock.currentTimeMillis, (now) => act(request, now - startAt))

  return {
    config: { ...config, providers: config.providers.map(known) },
    met,
    upstream: {
      exchange: (request) =>
        Effect.flatMap(reply(request), ({ act, head, pace }) => {
          if (act._tag !== "Answer") return refused(act, pace)
          if (act.cutAfter === undefined) {
            return Effect.delay(
              Effect.succeed({ ...good(json), body: bytes(Shapes.answer(head, words.join(""))) }),
              act.whole
            )
          }
          return Effect.delay(Effect.fail(broken(true, "ECONNRESET")), cutAt(act))
        }),
      open: (request) =>
        Effect.flatMap(reply(request), ({ act, head, pace }) => {
          if (act._tag === "Answer") {
            const opened = { ...good(events), pull: spoken(act, head), finish: () => {} }
            return Effect.delay(Effect.succeed(opened), act.firstWord)
          }
          return Effect.map(refused(act, pace), ({ body, ...head }) => ({
            ...head,
            pull: once(body),
            finish: () => {}
          }))
        })
    }
  }
}

interface Reply {
  readonly act: Act
  readonly head: Shapes.Head
  /** How quick the provider is this time: 1 as usual, less is quicker. */
  readonly pace: number
}

type Answer = Extract<Act, { readonly _tag: "Answer" }>
type Bytes = Pull.Pull<NonEmptyReadonlyArray<Uint8Array>, TransportError>

const keyOf = ({ headers }: Request): string =>
  headers["x-api-key"] ?? headers["api-key"] ?? (headers.authorization ?? "").replace(/^bearer /i, "")

const json = "application/json"
const events = "text/event-stream"
const good = (contentType: string): Head => ({ status: 200, headers: { "content-type": contentType } })
const bytes = (text: string): Uint8Array => Buffer.from(text)

const broken = (answered: boolean, code: string): TransportError =>
  new TransportError({
    answered,
    tooLarge: false,
    cause: Object.assign(new Error(`simulated ${code}`), { code })
  })

const refused = (act: Exclude<Act, Answer>, pace: number) => {
  switch (act._tag) {
    case "Silent":
      return Effect.never
    case "Unreachable":
      return Effect.delay(Effect.fail(broken(false, "ECONNREFUSED")), unreachable)
    case "Refuse": {
      const { body, headers, status } = act
      const answer = { status, headers: { "content-type": json, ...headers }, body: bytes(body) }
      return Effect.delay(Effect.succeed(answer), refusal * pace)
    }
  }
}

const once = (body: Uint8Array): Bytes => {
  let isGiven = false
  return Effect.suspend(() => {
    if (isGiven) return Cause.done()
    isGiven = true
    return Effect.succeed([body])
  })
}

const pauseOf = ({ firstWord, whole }: Answer): number => (whole - firstWord) / (words.length - 1)

/** When a whole answer breaks off: when its stream would. */
const cutAt = (answer: Answer): number =>
  answer.firstWord + Math.max(0, Math.min(answer.cutAfter ?? 0, words.length) - 1) * pauseOf(answer)

/** The words of a stream, one after another, and its end; the first one comes with its head. */
const spoken = (answer: Answer, head: Shapes.Head): Bytes => {
  const pause = pauseOf(answer)
  let said = 0
  const next = (index: number): Bytes => {
    if (index === answer.cutAfter) return Effect.fail(broken(true, "ECONNRESET"))
    if (index > words.length) return Cause.done()
    const word = words[index]
    const text = word === undefined ? Shapes.closing(head) : Shapes.delta(head, word)
    return Effect.succeed([bytes(index === 0 ? Shapes.opening(head) + text : text)])
  }
  return Effect.suspend(() => {
    const index = said++
    return index === 0 || index >= words.length
      ? next(index)
      : Effect.delay(
          Effect.suspend(() => next(index)),
          pause
        )
  })
}
