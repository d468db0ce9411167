/**
 * The flags of the header `anthropic-beta`, for a provider with Anthropic's protocol: each target gets those that its dialect
 * has in `betas`, and none that it refused. A refused request is tried once more without the flags that the refusal names, or
 * without all if it names none. Once that was answered, the refusal is remembered for the target: flags that it named one by
 * one, others only together, so that an accepted flag is not left out because of a refused one beside it.
 *
 * Servers of others have fewer flags: https://github.com/Wei-Shaw/sub2api/issues/3358 (Vertex),
 * https://github.com/router-for-me/CLIProxyAPI/issues/4750 (Bedrock)
 */
import * as Effect from "effect/Effect"
import type { Target } from "../../domain/Target.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"
import { LatestKeys } from "../../util/LatestKeys.ts"
import { memory, most } from "./Dialects.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

const header = "anthropic-beta"

/** Flags that a target refused together, until when. */
interface Refused {
  readonly flags: ReadonlySet<string>
  readonly until: number
}

/** What was left out of a request after a refusal. */
interface Left {
  readonly given: ReadonlyArray<string>
  /** The flags that the refusal named; `undefined` if it named none. */
  readonly named: ReadonlyArray<string> | undefined
}

/** The most refusals that are remembered for one target. */
const perTarget = 32

/** The provider, called without flags that its targets refuse. `now` is in milliseconds. */
export const make = (provider: GatewayProvider, now: () => number): GatewayProvider => {
  /** By the names of targets: their objects differ between the protocols of callers. */
  const known = new LatestKeys<ReadonlyArray<Refused>>(most)

  /** What was left out, by the headers of the request: its body may be translated in between. */
  const amended = new WeakMap<object, Left>()

  const refusedBy = (target: Target): ReadonlyArray<Refused> => {
    const all = known.size === 0 ? undefined : known.get(target.key)
    return all?.filter(({ until }) => now() < until) ?? []
  }

  /** Those flags of a request that the target gets. */
  const accepted = (given: ReadonlyArray<string>, target: Target): ReadonlyArray<string> => {
    const { betas } = provider.dialectOf(target)
    let kept = betas === "any" ? given : given.filter((flag) => betas.includes(flag))
    for (const { flags } of refusedBy(target)) {
      if ([...flags].every((flag) => kept.includes(flag))) kept = kept.filter((flag) => !flags.has(flag))
    }
    return kept
  }

  const sent = (request: Request, target: Target): Request => {
    const given = flagsOf(request)
    return given === undefined ? request : withFlags(request, given, accepted(given, target))
  }

  /** The second try was answered. */
  const learn = ({ given, named }: Left, target: Target): void => {
    // A flag with other characters could make the refusal name another one.
    if (!given.every((flag) => /^[\w.-]{1,100}$/.test(flag))) return
    const sets = named === undefined ? [accepted(given, target)] : named.map((flag) => [flag])
    const until = now() + memory
    // Requests at once meet the same refusal, and each of them would take the place of another one.
    const isNew = (flags: ReadonlyArray<string>) =>
      flags.length > 0 && accepted(flags, target).length === flags.length
    const more = sets.filter(isNew).map((flags) => ({ flags: new Set(flags), until }))
    if (more.length === 0) return
    known.add(target.key, [...refusedBy(target), ...more].slice(-perTarget))
  }

  return {
    ...provider,
    complete: (request, target) => {
      const call = provider.complete(sent(request, target), target)
      const left = request.headers && amended.get(request.headers)
      return left === undefined ? call : Effect.tap(call, () => Effect.sync(() => learn(left, target)))
    },
    stream: (request, target) => {
      const call = provider.stream(sent(request, target), target)
      const left = request.headers && amended.get(request.headers)
      if (left === undefined) return call
      return Flow.toStream((context) =>
        Flow.tap(Pump.begin(call, context), (chunk) => {
          if (chunk.head !== undefined) learn(left, target)
        })
      )
    },
    secondTry: (request, refusal) => {
      const given = flagsOf(request)
      const refused = given && refusedIn(refusal, given)
      if (given === undefined || refused === undefined) return provider.secondTry?.(request, refusal)
      const named = refused === "some" ? undefined : refused
      const kept = named === undefined ? [] : given.filter((flag) => !named.includes(flag))
      const again = withFlags(request, given, kept)
      if (again.headers !== undefined) amended.set(again.headers, { given, named })
      return again
    }
  }
}

const flagsOf = ({ headers }: Request): ReadonlyArray<string> | undefined => {
  const given = headers?.[header]
  if (given === undefined) return undefined
  return given
    .split(",")
    .map((flag) => flag.trim())
    .filter((flag) => flag !== "")
}

const withFlags = <R extends Request>(
  request: R,
  given: ReadonlyArray<string>,
  kept: ReadonlyArray<string>
): R => {
  if (kept.length === given.length) return request
  const { [header]: _, ...headers } = request.headers ?? {}
  return { ...request, headers: kept.length === 0 ? headers : { ...headers, [header]: kept.join(",") } }
}

/** `Unexpected value(s) `a`, `b` for the `anthropic-beta` header` */
const unknown = /unexpected value\(s\)(.{1,600}?)for the .{0,3}anthropic-beta/i

/** The flags that a refusal is about: those it names, or some that it does not name. `undefined` if it is about something else. */
const refusedIn = (
  { cause, message }: BadRequest,
  given: ReadonlyArray<string>
): ReadonlyArray<string> | "some" | undefined => {
  const text = isProviderResponse(cause) ? `${message} ${cause.body}` : message
  if (/invalid beta flag/i.test(text)) return given.length === 0 ? undefined : "some"
  const names = new Set(unknown.exec(text)?.[1]?.match(/[\w.-]+/g))
  const named = given.filter((flag) => names.has(flag))
  return named.length === 0 ? undefined : named
}
