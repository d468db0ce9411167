/**
 * A provider with Anthropic's protocol, for callers of that protocol. Requests are passed on byte for byte,
 * without thoughts and system turns that the target would refuse, and without the billing line of Claude Code, which
 * changes with every request and defeats prompt caches. The dialect of each target decides.
 */

import * as Effect from "effect/Effect"
import type { Dialect } from "../../dialect/index.ts"
import type { Target } from "../../domain/Target.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"
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
    const given = dialect.betas === "any" ? request : withBetas(request, dialect.betas)
    return ownThoughts(dialect.systemTurns ? given : withoutSystemTurns(given), dialect)
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
      const without = withoutBetas(request, refusal)
      if (without !== request) return without
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

/**
 * The request without the beta flags that the target does not know: servers of others have fewer.
 * https://github.com/Wei-Shaw/sub2api/issues/3358 (Vertex), https://github.com/router-for-me/CLIProxyAPI/issues/4750 (Bedrock)
 */
const withoutBetas = <R extends Request>(request: R, { cause, message }: BadRequest): R => {
  const given = request.headers?.["anthropic-beta"]
  const text = isProviderResponse(cause) ? `${message} ${cause.body}` : message
  if (given === undefined) return request
  const refused = new Set(unknownBetas.exec(text)?.[1]?.match(/[\w.-]+/g))
  const kept = /invalid beta flag/i.test(text)
    ? []
    : given.split(",").filter((name) => !refused.has(name.trim()))
  if (kept.length === given.split(",").length) return request
  const { "anthropic-beta": _, ...headers } = request.headers ?? {}
  return {
    ...request,
    headers: kept.length === 0 ? headers : { ...headers, "anthropic-beta": kept.join(",") }
  }
}

/** `Unexpected value(s) `a`, `b` for the `anthropic-beta` header` */
const unknownBetas = /unexpected value\(s\)(.{1,600}?)for the .{0,3}anthropic-beta/i

const edited = <R extends Request>(request: R, body: Request["body"]): R =>
  body === request.body ? request : { ...request, body, text: undefined }

/** The request with only those beta flags that the target accepts. */
const withBetas = (request: Request, taken: ReadonlyArray<string>): Request => {
  const given = request.headers?.["anthropic-beta"]
  if (given === undefined) return request
  const kept = given.split(",").filter((name) => taken.includes(name.trim()))
  const { "anthropic-beta": _, ...headers } = request.headers ?? {}
  return {
    ...request,
    headers: kept.length === 0 ? headers : { ...headers, "anthropic-beta": kept.join(",") }
  }
}
