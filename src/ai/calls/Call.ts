/** The shared state of one failover layer, and the state of one call. */
import type * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as EffectModel from "effect/ai/Model"
import type * as Prompt from "effect/ai/Prompt"
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import type * as Telemetry from "effect/ai/Telemetry"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { Chain } from "../../domain/Chain.ts"
import type { Target } from "../../domain/Target.ts"
import type { Runtime } from "../../engine/Failover.ts"
import type * as Failure from "../../failure/Failure.ts"
import type { RunError, StreamBroken } from "../../failure/RunError.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import { fromError, fromErrorWithTools, type Origin, toCause } from "./AiFailure.ts"
import { History } from "./History.ts"
import { containedIn, type MemberBackend, type Ready } from "./Members.ts"
import * as ResponseIds from "./ResponseIds.ts"

/** State shared by all calls through one layer. */
export interface Shared {
  readonly failover: Runtime
  readonly chain: Chain<MemberBackend<LanguageModel.LanguageModel>>
  readonly histories: Histories
  /** The transformer of spans in the context of the layer. */
  readonly transformer: Telemetry.SpanTransformer | undefined
}

/** The conversations as each account may see them; `undefined` if there is only one account. */
export class Histories {
  readonly #several: boolean
  readonly #byAccount = new Map<string, History>()

  constructor(chain: Shared["chain"]) {
    const accounts = chain.models.flatMap(({ backend, spec }) =>
      Context.isKey(backend)
        ? []
        : backend.credentials.map((credential) => `${spec.provider}#${credential.name}`)
    )
    this.#several = new Set(accounts).size > 1
  }

  /** The account name added to parts from this target. */
  accountOf({ benchKeys }: Target): string | undefined {
    return this.#several ? benchKeys.credential : undefined
  }

  /** The conversation for a target. */
  own(prompt: Prompt.Prompt, target: Target): Prompt.Prompt {
    if (!this.#several) return prompt
    const account = target.benchKeys.credential
    const known = this.#byAccount.get(account)
    const history = known ?? new History(account)
    if (known === undefined) this.#byAccount.set(account, history)
    return history.own(prompt)
  }
}

/** One call with all its attempts. */
export class Call {
  attempts = 0
  readonly span: Tracer.Span
  readonly #context: Context.Context<never>
  readonly #tracker: ResponseIdTracker.Service | undefined

  constructor(span: Tracer.Span, context: Context.Context<never>) {
    this.span = span
    this.#context = context
    this.#tracker = Context.getOrUndefined(context, ResponseIdTracker.ResponseIdTracker)
  }

  /** The failure of an attempt's error. */
  readonly classify = (error: unknown, target: Target): Failure.Failure =>
    fromError(error, target, this.now())

  /** The same for a call with tools. */
  readonly classifyWithTools = (error: unknown, target: Target): Failure.Failure =>
    fromErrorWithTools(error, target, this.now())

  /** Milliseconds since the epoch. */
  now(): number {
    return MonotonicClock.millis(Context.get(this.#context, Clock.Clock))
  }

  /** Counts an attempt and records its target on the span; the last one is the one that served. */
  begin(target: Target): void {
    this.attempts++
    this.span.attribute("failover.target", target.key)
    this.span.attribute("failover.attempts", this.attempts)
  }

  /** The response ids of an attempt; `undefined` if the caller tracks none. */
  responseIds(target: Target): ResponseIds.ResponseIds | undefined {
    return this.#tracker && ResponseIds.forAttempt(this.#tracker, target.key)
  }

  /** The context of an attempt: the caller's, with the member's names, the span and the tracker of response ids. */
  contextOf<R>(
    context: Context.Context<R>,
    { names }: Ready<unknown>,
    ids?: ResponseIds.ResponseIds | undefined
  ): Context.Context<R> {
    const own = containedIn(context).pipe(
      Context.add(EffectModel.ProviderName, names.provider),
      Context.add(EffectModel.ModelName, names.model),
      Context.add(Tracer.ParentSpan, this.span)
    )
    return ids === undefined ? own : Context.add(own, ResponseIdTracker.ResponseIdTracker, ids.service)
  }
}

/** Fails with the error for the caller: an `AiError`, or the caller's own error from an attempt. */
export const fail = (
  error: RunError | StreamBroken | Failure.Failure,
  origin: Origin
): Effect.Effect<never, unknown> =>
  Effect.flatMap(MonotonicClock.currentTimeMillis, (now) => Effect.failCause(toCause(error, origin, now)))

/** The same if no caller's own error is possible. */
export const failAsAiError = (
  error: RunError | StreamBroken | Failure.Failure,
  origin: Origin
): Effect.Effect<never, AiError.AiError> => fail(error, origin) as Effect.Effect<never, AiError.AiError>
