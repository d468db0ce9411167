/**
 * Fields with which callers choose among the models and providers of one server: OpenRouter's `models`, `route` and
 * `provider`. They are passed on to servers that take them. A server that refuses
 * them gets the request once more without them, and from then on without them at once, unless it has taken them before: then one
 * caller's were wrong.
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
  const amended = new WeakMap<Request, Amended>()

  /** Targets that have answered a request with such fields. */
  const taking = new WeakSet<Target>()

  /** The names of the fields that are left out for a target; none if they are passed on. */
  const leftOut = (request: Request, target: Target, fields: ReadonlyArray<string>): ReadonlyArray<string> =>
    amended.has(request) || !provider.dialectOf(target).routing ? fields : []

  /** The target has answered a request. */
  const learn = (request: Request, target: Target, dropped: ReadonlyArray<string>): void => {
    if (dropped.length === 0) taking.add(target)
    else if (amended.get(request)?.isLasting === true && !taking.has(target)) {
      provider.learn?.(target, { routing: false })
    }
  }

  return {
    ...provider,
    complete: (request, target) => {
      const fields = amended.get(request)?.fields ?? fieldsOf(request)
      if (fields === undefined) return provider.complete(request, target)
      const dropped = leftOut(request, target, fields)
      return Effect.map(provider.complete(without(request, dropped), target), (answer) => {
        learn(request, target, dropped)
        return dropped.length === 0 ? answer : named(answer, dropped)
      })
    },
    stream: (request, target) => {
      const fields = amended.get(request)?.fields ?? fieldsOf(request)
      if (fields === undefined) return provider.stream(request, target)
      const dropped = leftOut(request, target, fields)
      return Flow.toStream((context) =>
        Flow.tap(Pump.begin(provider.stream(without(request, dropped), target), context), (chunk) => {
          if (chunk.head === undefined) return
          learn(request, target, dropped)
          if (dropped.length === 0) return
          chunk.head = { ...chunk.head, headers: withDropped(chunk.head.headers, dropped) }
        })
      )
    },
    secondTry: (request, refusal) => {
      const fields = amended.has(request) ? undefined : fieldsOf(request)
      const refused = fields && SecondTry.refuses(refusal, fields)
      if (fields === undefined || refused === undefined) return provider.secondTry?.(request, refusal)
      const again = { ...request }
      amended.set(again, { fields, isLasting: refused === "field" })
      return again
    }
  }
}

/** What was left out of a request. */
interface Amended {
  readonly fields: ReadonlyArray<string>
  /** Whether the target lacks these fields. Otherwise it may have refused a value. */
  readonly isLasting: boolean
}

const fieldsOf = ({ body }: Request): ReadonlyArray<string> | undefined => {
  const found = names.filter((name) => body[name] !== undefined)
  return found.length === 0 ? undefined : found
}

const without = <R extends Request>(request: R, fields: ReadonlyArray<string>): R =>
  fields.length === 0
    ? request
    : RequestBuilder.edit(request, Object.fromEntries(fields.map((name) => [name, undefined])))

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
