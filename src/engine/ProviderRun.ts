/** Requests to providers: each target gets the same request, which its provider may amend after a refusal. */

import type * as Scope from "effect/Scope"
import type { Chain } from "../domain/Chain.ts"
import type { Provider } from "../domain/Provider.ts"
import * as Amendment from "./Amendment.ts"
import type { CallOptions } from "./CallOptions.ts"
import * as EffectRun from "./EffectRun.ts"
import type { Engine } from "./Engine.ts"
import * as StreamRun from "./StreamRun.ts"

/** One whole answer. */
export const answer = <Request, Answer, Chunk, R>(
  engine: Engine,
  chain: Chain<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  call: CallOptions | undefined
) =>
  EffectRun.use(
    engine,
    chain,
    (provider, target, amendedFor) =>
      provider.complete(Amendment.apply(provider, request, amendedFor), target),
    call,
    request,
    (provider, failure) => Amendment.amend(provider, request, failure) !== undefined,
    providerMayHedge
  )

/** A stream up to its commit point. */
export const open = <Request, Answer, Chunk, R>(
  engine: Engine,
  chain: Chain<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  call: CallOptions | undefined,
  scope: Scope.Scope
) =>
  StreamRun.open(
    engine,
    chain,
    (provider, target, amendedFor) => provider.stream(Amendment.apply(provider, request, amendedFor), target),
    (provider) => ({
      phase: provider.phase === undefined ? undefined : (chunk) => provider.phase!(chunk),
      holding: provider.holding
    }),
    call,
    request,
    (provider, failure) => Amendment.amend(provider, request, failure) !== undefined,
    providerMayHedge,
    scope
  )

/** Whether the provider allows a hedge for the request. */
const providerMayHedge = <Request>(
  provider: Provider<Request, unknown, unknown>,
  request: unknown
): boolean => provider.mayHedge?.(request as Request) ?? true
