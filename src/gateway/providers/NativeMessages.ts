/**
 * A provider with Anthropic's protocol, for callers of that protocol. Requests are passed on byte for byte,
 * without thoughts and system turns that the target would refuse, and without the billing line of Claude Code, which
 * changes with every request and defeats prompt caches. The dialect of each target decides.
 */

import * as Effect from "effect/Effect"
import type { Dialect } from "../../dialect/index.ts"
import type { Target } from "../../domain/Target.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"
import * as Translate from "../../translate/index.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import * as SecondTry from "./SecondTry.ts"

/** The provider, called without thoughts that its targets refuse. */
export const make = (provider: GatewayProvider): GatewayProvider => {
  /** The dialect in which a request was last sent. */
  const dialects = new WeakMap<Request, Dialect>()

  /** Requests without their system turns, which were refused. */
  const amended = new WeakSet<Request>()

  /** The second try was answered. */
  const learn = (target: Target): void => provider.learn?.(target, { systemTurns: false })

  const own = (request: Request, target: Target): Request => {
    const dialect = provider.dialectOf(target)
    dialects.set(request, dialect)
    return ownThoughts(dialect.systemTurns ? request : withoutSystemTurns(request), dialect)
  }

  const ownThoughts = (request: Request, dialect: Dialect): Request => {
    if (request.operation !== "messages") return request
    if (dialect.signatures !== "own") {
      const isBilled = request.text === undefined || request.text.includes("x-anthropic-billing-header")
      return isBilled ? edited(request, Translate.withoutBilling(request.body)) : request
    }
    if (request.text !== undefined && !request.text.includes('"thinking"')) return request
    return edited(request, Translate.withoutUnsignedThinking(request.body))
  }

  return {
    ...provider,
    complete: (request, target) => {
      const call = provider.complete(own(request, target), target)
      return amended.has(request) ? Effect.tap(call, () => Effect.sync(() => learn(target))) : call
    },
    stream: (request, target) => {
      const call = provider.stream(own(request, target), target)
      return amended.has(request)
        ? Flow.toStream((context) => Flow.tap(Pump.begin(call, context), () => learn(target)))
        : call
    },
    secondTry: (request, refusal) => {
      const other = provider.secondTry?.(request, refusal)
      if (other !== undefined) return other
      if (/\bsurrogate\b/i.test(refusal.message)) return withoutHalves(request)
      const dialect = dialects.get(request)
      const overrides = dialect && SecondTry.overridesOf(refusal, dialect, "anthropic")
      const again =
        overrides?.signatures === "none"
          ? edited(request, Translate.withoutThinking(request.body))
          : overrides?.systemTurns === false
            ? withoutSystemTurns(request)
            : request
      if (again === request) return undefined
      if (overrides?.systemTurns === false) amended.add(again)
      return again
    }
  }
}

/** The request with its system turns as text of the user; the same one if it has none. */
const withoutSystemTurns = <R extends Request>(request: R): R =>
  request.text?.includes('"system"') === false
    ? request
    : edited(request, Translate.withoutSystemTurns(request.body))

/**
 * The request without half characters, which a strict parser of JSON refuses: the body is written again without them.
 * `undefined` if it was. https://github.com/anthropics/claude-code/issues/2108
 */
const withoutHalves = <R extends Request>(request: R): R | undefined =>
  request.text === undefined ? undefined : { ...request, text: undefined }

const edited = <R extends Request>(request: R, body: Request["body"]): R =>
  body === request.body ? request : { ...request, body, text: undefined }
