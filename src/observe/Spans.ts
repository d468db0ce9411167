/**
 * Spans from the runtime's events: one for each run, with a child for each attempt.
 *
 * Names and attributes are those of OpenTelemetry's conventions for generative AI, as of
 * https://github.com/open-telemetry/semantic-conventions-genai (in development; it builds on semantic conventions
 * 1.44.0); others begin with `failover.`. Prompts, answers, keys and the text of providers are never part of a span:
 * a failure is its class and its evidence.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Target } from "../domain/Target.ts"
import type { FailoverEvent, Observer, RunEnded, RunInfo } from "../events/FailoverEvent.ts"
import {
  addressOf,
  describe,
  failed,
  maxText,
  operationOf,
  type TargetAttributes,
  typeOf
} from "./SpanAttributes.ts"
import { annotate, type Usage } from "./Usage.ts"

/** Options of the spans. */
export interface Options {
  /** The parent of a run's span. Default: the span of the caller's context, if any. */
  readonly parentOf?: ((run: RunInfo) => Tracer.AnySpan | undefined) | undefined
  /** The kind of a run's span. Default `"internal"`; that of an attempt is always `"client"`. */
  readonly kind?: Tracer.SpanKind | undefined
  /** The `gen_ai.provider.name` of a target, such as `azure.ai.openai`. Default: the provider's own name. */
  readonly providerName?: ((target: Target) => string) | undefined
  /** The usage reported by the last attempt of a run at a target (tokens, …). Default: not read. */
  readonly usageOf?: ((run: RunInfo, target?: Target) => Usage | undefined) | undefined
}

/** The open spans of one run. */
interface Open {
  readonly run: Tracer.Span
  readonly startedAt: bigint
  readonly operation: string
  /** The attempts that are under way, by their numbers: one, and a hedge beside it. */
  readonly attempts: Map<number, Tracer.Span>
  /** Whether a target answered, or committed its stream. */
  isAnswered: boolean
  skips: number
}

/** The skips of one run that become events of its span. */
const maxSkips = 32

/** Makes spans from events, and finds the span of a run. */
export interface Spans {
  /** Give it to the runtime; without it there are no spans. */
  readonly observer: Observer
  /** The span of a running run; `undefined` if the observer has had no event of the run. */
  readonly spanOf: (run: RunInfo) => Tracer.Span | undefined
}

/**
 * An observer that makes spans with the `Tracer` of the context. Give it to the runtime; without it there are none.
 *
 * @example
 * import { Failover } from "effect-failover"
 * import { Spans } from "effect-failover/observe"
 * import { Effect, Layer } from "effect"
 *
 * const failover = Layer.unwrap(
 *   Effect.map(Spans.observer(), (observer) => Failover.layer({ observer }))
 * )
 */
export const observer = (options: Options = {}): Effect.Effect<Observer> =>
  Effect.map(make(options), ({ observer }) => observer)

/**
 * An observer that makes spans with the `Tracer` of the context, and a function that finds the span of a run, for logs for
 * example.
 */
export const make = (options: Options = {}): Effect.Effect<Spans> =>
  Effect.map(Effect.context<never>(), (context) => {
    const tracer = Context.get(context, Tracer.Tracer)
    const { kind = "internal", providerName = nameOf, usageOf = unread } = options
    const parentOf = options.parentOf ?? callers
    const whereabouts = new WeakMap<Target, TargetAttributes>()
    const known = new WeakMap<RunInfo, Open>()

    const spanOf = (
      name: string,
      kind: Tracer.SpanKind,
      startTime: bigint,
      parent: Tracer.AnySpan | undefined
    ): Tracer.Span =>
      tracer.span({
        name,
        kind,
        startTime,
        parent: Option.fromUndefinedOr(parent),
        root: parent === undefined,
        annotations: Context.empty(),
        links: [],
        sampled: parent?.sampled ?? true
      })

    const begin = (event: FailoverEvent): Open => {
      const { run } = event
      const { about, startedAt } = run
      const operation = operationOf(about?.operation)
      const model = about?.model?.slice(0, maxText) ?? targetOf(event)?.model
      const began = BigInt(Math.round(startedAt)) * 1_000_000n
      const name = model === undefined ? operation : `${operation} ${model}`
      const span = spanOf(name, kind, began, parentOf(run))
      span.attribute("gen_ai.operation.name", operation)
      if (model !== undefined) span.attribute("gen_ai.request.model", model)
      if (run.kind === "stream") span.attribute("gen_ai.request.stream", true)
      if (about?.requestId !== undefined) {
        span.attribute("failover.request_id", about.requestId.slice(0, maxText))
      }
      const made: Open = {
        run: span,
        startedAt: began,
        operation,
        attempts: new Map(),
        isAnswered: false,
        skips: 0
      }
      known.set(run, made)
      return made
    }

    const beginAttempt = (open: Open, { attempt, hedge, probe, run, target }: AttemptStarted, at: bigint) => {
      const span = spanOf(`${open.operation} ${target.model}`, "client", at, open.run)
      span.attribute("gen_ai.operation.name", open.operation)
      let where = whereabouts.get(target)
      if (where === undefined) {
        where = { name: providerName(target), ...addressOf(target) }
        whereabouts.set(target, where)
      }
      span.attribute("gen_ai.provider.name", where.name)
      span.attribute("gen_ai.request.model", target.model)
      if (run.kind === "stream") span.attribute("gen_ai.request.stream", true)
      if (where.address !== undefined) {
        span.attribute("server.address", where.address)
        span.attribute("server.port", where.port)
      }
      span.attribute("failover.provider", target.provider)
      span.attribute("failover.credential", target.credential.name)
      span.attribute("failover.attempt", attempt)
      if (probe) span.attribute("failover.probe", true)
      if (hedge === true) span.attribute("failover.hedge", true)
      open.attempts.set(attempt, span)
      open.run.attribute("gen_ai.provider.name", where.name)
      open.run.attribute("failover.attempts", attempt)
    }

    /** The span of an attempt; without a number that of the only one under way. */
    const take = (open: Open, attempt?: number): Tracer.Span | undefined => {
      const number = attempt ?? open.attempts.keys().next().value
      if (number === undefined) return undefined
      const span = open.attempts.get(number)
      open.attempts.delete(number)
      return span
    }

    const endAttempt = (
      open: Open,
      span: Tracer.Span | undefined,
      { run, target }: { readonly run: RunInfo; readonly target: Target | undefined },
      at: bigint,
      outcome: string,
      exit: Exit.Exit<void, unknown>
    ) => {
      if (span === undefined) return
      const usage = usageOf(run, target)
      if (usage !== undefined) {
        annotate(span, usage)
        if (outcome !== "failed" && outcome !== "dropped") annotate(open.run, usage)
      }
      span.attribute("failover.outcome", outcome)
      span.end(at, exit)
    }

    const endRun = (open: Open, event: RunEnded, at: bigint) => {
      const { error, outcome } = event
      open.run.attribute("failover.outcome", outcome)
      if (outcome === "failed" || outcome === "broken") {
        const type = typeOf(error)
        open.run.attribute("error.type", type)
        open.run.end(at, failed(type))
      } else open.run.end(at, outcome === "answered" || open.isAnswered ? Exit.void : Exit.interrupt())
    }

    const observer: Observer = (event) => {
      const open = known.get(event.run) ?? begin(event)
      const at = open.startedAt + BigInt(Math.round(event.elapsed * 1e6))
      switch (event._tag) {
        case "Skipped":
          if (open.skips++ >= maxSkips) return
          return open.run.event("failover.skipped", at, {
            "failover.target": event.target.key,
            "failover.bench": event.key,
            "failover.reason": event.reason
          })
        case "AttemptStarted":
          return beginAttempt(open, event, at)
        case "AttemptFailed": {
          const span = take(open, event.attempt)
          const type = describe(span, event.failure)
          span?.attribute("failover.action", event.action._tag.toLowerCase())
          return endAttempt(open, span, event, at, "failed", failed(type))
        }
        case "AttemptSucceeded": {
          open.isAnswered = true
          open.run.attribute("gen_ai.response.model", event.target.model)
          open.run.attribute("failover.target", event.target.key)
          if (event.run.kind === "stream") {
            open.attempts
              .get(event.attempt)
              ?.attribute("gen_ai.response.time_to_first_chunk", event.duration / 1000)
            open.run.attribute("gen_ai.response.time_to_first_chunk", event.elapsed / 1000)
            return
          }
          return endAttempt(open, take(open, event.attempt), event, at, "answered", Exit.void)
        }
        case "AttemptDropped":
          return endAttempt(open, take(open, event.attempt), event, at, "dropped", Exit.interrupt())
        case "StreamEnded": {
          if (event.failure === undefined) {
            const outcome = event.complete ? "answered" : "interrupted"
            return endAttempt(open, take(open), event, at, outcome, Exit.void)
          }
          const span = take(open)
          return endAttempt(open, span, event, at, "broken", failed(describe(span, event.failure)))
        }
        case "RunFailed":
          return
        case "RunInterrupted":
          return endAttempt(open, take(open), event, at, "interrupted", Exit.interrupt())
        case "RunEnded":
          return endRun(open, event, at)
      }
    }

    return { observer, spanOf: (run) => known.get(run)?.run }
  })

type AttemptStarted = Extract<FailoverEvent, { readonly _tag: "AttemptStarted" }>

const targetOf = (event: FailoverEvent): Target | undefined => ("target" in event ? event.target : undefined)

const unread = () => undefined

const nameOf = ({ provider }: Target): string => provider

const callers = ({ context }: RunInfo): Tracer.AnySpan | undefined =>
  Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
