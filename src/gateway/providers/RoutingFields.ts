/**
 * Fields with which callers choose among the models and providers of one server: OpenRouter's `models`, `route` and
 * `provider`. They are passed on to servers that take them. A server that refuses
 * them gets the request once more without them, and from then on without them at once.
 *
 * - https://openrouter.ai/docs/guides/routing/model-fallbacks
 * - https://openrouter.ai/docs/guides/routing/provider-selection
 */
import * as Effect from "effect/Effect"
import type { Target } from "../../domain/Target.ts"
import * as RequestBuilder from "../../providers/RequestBuilder.ts"
import { type Answer, type Request, unparsed } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import * as SecondTry from "./SecondTry.ts"
import { withDropped } from "./TranslatedFlow.ts"

const names = ["models", "route", "provider", "plugins", "transforms"] as const

/** A provider with OpenAI's protocol, for callers of that protocol. */
export const make = (provider: GatewayProvider): GatewayProvider => {
  /** Requests without these fields, which were refused. */
  const amended = new WeakMap<Request, ReadonlyArray<string>>()

  /** The names of the fields that are left out for a target. */
  const leftOut = (request: Request, target: Target): ReadonlyArray<string> | undefined => {
    const found = amended.get(request) ?? fieldsOf(request)
    return found !== undefined && (amended.has(request) || !provider.dialectOf(target).routing)
      ? found
      : undefined
  }

  return {
    ...provider,
    complete: (request, target) => {
      const dropped = leftOut(request, target)
      if (dropped === undefined) return provider.complete(request, target)
      return Effect.map(provider.complete(without(request, dropped), target), (answer) => {
        if (amended.has(request)) provider.learn?.(target, { routing: false })
        return named(answer, dropped)
      })
    },
    stream: (request, target) => {
      const dropped = leftOut(request, target)
      if (dropped === undefined) return provider.stream(request, target)
      return Flow.toStream((context) =>
        Flow.tap(Pump.begin(provider.stream(without(request, dropped), target), context), (chunk) => {
          if (chunk.head === undefined) return
          if (amended.has(request)) provider.learn?.(target, { routing: false })
          chunk.head = { ...chunk.head, headers: withDropped(chunk.head.headers, dropped) }
        })
      )
    },
    secondTry: (request, refusal) => {
      const dropped = amended.has(request) ? undefined : fieldsOf(request)
      if (dropped === undefined || !SecondTry.refuses(refusal, dropped)) {
        return provider.secondTry?.(request, refusal)
      }
      const again = { ...request }
      amended.set(again, dropped)
      return again
    }
  }
}

const fieldsOf = ({ body }: Request): ReadonlyArray<string> | undefined => {
  const found = names.filter((name) => body[name] !== undefined)
  return found.length === 0 ? undefined : found
}

const without = <R extends Request>(request: R, fields: ReadonlyArray<string>): R =>
  RequestBuilder.edit(request, Object.fromEntries(fields.map((name) => [name, undefined])))

const named = (answer: Answer, dropped: ReadonlyArray<string>): Answer => {
  const made: Answer = {
    status: answer.status,
    headers: withDropped(answer.headers, dropped),
    body: answer.body,
    get json() {
      return answer.json
    }
  }
  const reading = unparsed.get(answer)
  if (reading !== undefined) unparsed.set(made, reading)
  return made
}
