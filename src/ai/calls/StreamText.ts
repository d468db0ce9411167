/** Streamed answers through the chain: `streamText`. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Phase from "../../domain/Phase.ts"
import type { Target } from "../../domain/Target.ts"
import { type Failure, Transient } from "../../failure/Failure.ts"
import type { RunError, StreamBroken } from "../../failure/RunError.ts"
import * as Commit from "../../policy/Commit.ts"
import * as AiFailure from "./AiFailure.ts"
import { Call, fail, type Shared } from "./Call.ts"
import * as Content from "./Content.ts"
import type { MemberBackend, Ready } from "./Members.ts"
import { type Methods, methodsOf } from "./ModelMethods.ts"
import type { ResponseIds } from "./ResponseIds.ts"
import * as ServedBy from "./ServedBy.ts"
import * as Tools from "./Tools.ts"
import * as Validation from "./Validation.ts"

/** The last element of a stream that a tool's failure ended: no fallback, and nothing is benched. */
class ToolFailed {
  readonly type = "ended"
  readonly cause: Cause.Cause<unknown>
  constructor(cause: Cause.Cause<unknown>) {
    this.cause = cause
  }
}

type Chunk = NonEmptyReadonlyArray<ServedBy.StreamPart | ToolFailed>

const ended: Phase.Phase = { content: true, complete: true, last: true }

const origin = { module: "FailoverLanguageModel", method: "streamText" }

/** `streamText` through the chain. */
export const make =
  (shared: Shared): Methods["streamText"] =>
  (options) =>
    Stream.unwrap(
      Effect.flatMap(Effect.makeSpanScoped("FailoverLanguageModel.streamText"), (span) => {
        const prompt = Prompt.make(options.prompt)
        const run = (tools: Tools.Tools | undefined) =>
          Effect.withFiber<Stream.Stream<ServedBy.StreamPart, unknown, unknown>>((fiber) =>
            Effect.succeed(
              through(shared, new Call(span, fiber.context), options, prompt, tools, {
                validate: tools?.run === true ? undefined : fiber.getRef(Validation.Validation)
              })
            )
          )
        return options.toolkit === undefined
          ? run(undefined)
          : Effect.flatMap(Tools.prepare(options, options.toolkit, prompt), run)
      })
    )

const through = (
  { chain, failover, histories }: Shared,
  call: Call,
  options: Tools.CallOptions,
  prompt: Prompt.Prompt,
  tools: Tools.Tools | undefined,
  { validate }: { readonly validate: Validation.Validate | undefined }
): Stream.Stream<ServedBy.StreamPart, unknown, unknown> => {
  let toolsRunning = 0
  let toolBegan = false
  const state: State = { broken: undefined, brokenFinish: undefined }
  const listener: Tools.Listener = {
    begins: () => {
      toolBegan = true
      toolsRunning++
    },
    ends: () => void toolsRunning--
  }

  const attempt = (
    backend: MemberBackend<LanguageModel.LanguageModel>,
    target: Target
  ): Stream.Stream<ServedBy.StreamPart | ToolFailed, unknown, unknown> => {
    // A tool began at the same moment as its model timed out.
    if (toolBegan) return Stream.succeed(new ToolFailed(Cause.fail(AiFailure.toAiError(abandoned, origin))))
    call.begin(target)
    const { handle } = backend.service.at(target)
    const ready = handle.current()
    return ready === undefined
      ? Stream.unwrap(Effect.map(handle.get, (ready) => askMember(ready, target)))
      : askMember(ready, target)
  }

  const askMember = (
    member: Ready<LanguageModel.LanguageModel>,
    target: Target
  ): Stream.Stream<ServedBy.StreamPart | ToolFailed, unknown, unknown> => {
    const ids = call.responseIds(target)
    const toolkit = tools?.forAttempt(listener)
    const stream = methodsOf(member.service).streamText({
      ...options,
      prompt: histories.own(prompt, target),
      ...(toolkit && { toolkit })
    })
    return inContext(
      stream,
      (context) => call.contextOf(context, member, ids),
      (pull) =>
        watch(pull, {
          target,
          ids,
          state,
          now: () => call.now(),
          served: { target: target.key, attempts: call.attempts },
          account: histories.accountOf(target),
          needed: tools?.run
            ? 1
            : validate === undefined
              ? Commit.contentNeeded(target.policy.commit)
              : Number.POSITIVE_INFINITY,
          tools,
          validate
        })
    )
  }

  const phase = (part: ServedBy.StreamPart | ToolFailed): Phase.Phase =>
    part.type === "ended" ? ended : part === state.brokenFinish ? Phase.held : Content.phase(part)

  const parts = failover.useStream(chain, attempt, {
    classify: tools === undefined ? call.classify : call.classifyWithTools,
    request: options,
    // The attempts of a call share its tools and what it has seen of the stream.
    hedge: false,
    phase,
    isBusy: () => toolsRunning > 0,
    // A stream that is buffered whole can be rejected as a whole.
    commit: tools?.run ? Commit.firstContent : validate === undefined ? undefined : Commit.complete
  })
  return Stream.transformPull(parts, (pull) => Effect.succeed(deliver(pull, state)))
}

const abandoned = new Transient({
  reason: "Timeout",
  message: "the model timed out after it had called a tool"
})

/** What is known of a stream's end so far. */
interface State {
  /** The failure in an error part that was passed on: the stream ends normally, and the target is benched for it. */
  broken: Failure | undefined
  brokenFinish: ServedBy.StreamPart | undefined
}

/**
 * Runs a stream in another context. An attempt's stream has its own fiber, so the context is set once and not for
 * every pull.
 */
const inContext = <A, B>(
  stream: Stream.Stream<A, unknown, unknown>,
  contextOf: (context: Context.Context<never>) => Context.Context<never>,
  f: (
    pull: Pull.Pull<NonEmptyReadonlyArray<A>, unknown, void, unknown>
  ) => Pull.Pull<NonEmptyReadonlyArray<B>, unknown, void, unknown>
): Stream.Stream<B, unknown, unknown> =>
  Stream.fromChannel(
    Channel.fromTransform((_, scope) =>
      Effect.withFiber((fiber) => {
        fiber.setContext(contextOf(fiber.context))
        return Effect.map(Channel.toPullScoped(Stream.toChannel(stream), scope), f)
      })
    )
  )

/** Observes the parts of one attempt. */
const watch = (
  pull: Pull.Pull<NonEmptyReadonlyArray<ServedBy.StreamPart>, unknown, void, unknown>,
  attempt: {
    readonly target: Target
    readonly ids: ResponseIds | undefined
    readonly state: State
    readonly now: () => number
    readonly served: ServedBy.Served
    readonly account: string | undefined
    /** The number of content parts that commit the stream. */
    readonly needed: number
    /** The tools of the call, if it has any. */
    readonly tools: Tools.Tools | undefined
    readonly validate: Validation.Validate | undefined
  }
): Pull.Pull<Chunk, unknown, void, unknown> => {
  const { account, ids, needed, served, state, target, tools, validate } = attempt
  const collected = validate && new Validation.Collector()
  state.broken = undefined
  state.brokenFinish = undefined
  let content = 0
  let signed = false
  let refused = false

  const take = (chunk: NonEmptyReadonlyArray<ServedBy.StreamPart>): Effect.Effect<Chunk, unknown> => {
    let changed: Array<ServedBy.StreamPart> | undefined
    let checked: Effect.Effect<void, unknown> | undefined
    for (let i = 0; i < chunk.length; i++) {
      const part = chunk[i]!
      if (tools !== undefined && content < needed && "name" in part && !part.providerExecuted) {
        // A call that streams its parameters is judged by its name, before they are content.
        const unknown = part.type === "tool-params-start" ? tools.checkName(part.name) : undefined
        if (unknown !== undefined) return unknown
        if (part.type === "tool-call" && tools.run) checked = tools.check(part.name, part.params)
      }
      if (Content.isContent(part)) content++
      else refused ||= Content.isRefusal(part)
      collected?.add(part)
      let next = part
      switch (part.type) {
        case "text-delta":
        case "reasoning-delta":
        case "tool-params-delta":
          break
        case "response-metadata":
          next = ServedBy.sign(served, part)
          signed = true
          break
        case "error": {
          const failure = AiFailure.fromErrorPart(part.error, target, attempt.now())
          if (content < needed) return Effect.fail(failure)
          state.broken ??= failure
          break
        }
        case "finish": {
          const failure = state.broken ?? Content.failureOfEnd(part.reason, content > 0, target, refused)
          if (failure === undefined) ids?.keep()
          else if (content < needed) return Effect.fail(failure)
          else {
            state.broken = failure
            state.brokenFinish = part
          }
          break
        }
        default:
          next = ServedBy.stamp(account, part)
      }
      const unsigned = !signed && content > 0
      if (next !== part || unsigned) changed ??= chunk.slice(0, i)
      if (unsigned) {
        changed?.push(ServedBy.sign(served, undefined))
        signed = true
      }
      changed?.push(next)
    }
    const taken = (changed as [ServedBy.StreamPart, ...Array<ServedBy.StreamPart>] | undefined) ?? chunk
    if (checked !== undefined) return Effect.as(checked, taken)
    return collected !== undefined && validate !== undefined && chunk.some(({ type }) => type === "finish")
      ? Effect.as(Validation.ask(validate, collected, target, "streamText"), taken)
      : Effect.succeed(taken)
  }

  return Effect.matchCauseEffect(pull, {
    onSuccess: take,
    onFailure: (cause): Pull.Pull<Chunk, unknown> => {
      if (Tools.isToolFailure(cause)) return Effect.succeed([new ToolFailed(cause)])
      if (state.broken !== undefined) return Effect.fail(state.broken)
      return Effect.failCause(cause)
    }
  })
}

/** The parts for the caller, and the end for the caller. */
const deliver = (
  pull: Pull.Pull<Chunk, RunError | StreamBroken, unknown, unknown>,
  state: State
): Pull.Pull<NonEmptyReadonlyArray<ServedBy.StreamPart>, unknown, void, unknown> => {
  let cause: Cause.Cause<unknown> | undefined
  return Effect.matchCauseEffect(pull, {
    onSuccess: (chunk): Pull.Pull<NonEmptyReadonlyArray<ServedBy.StreamPart>, unknown> => {
      const last = chunk[chunk.length - 1]!
      if (last.type !== "ended") return Effect.succeed(chunk as NonEmptyReadonlyArray<ServedBy.StreamPart>)
      cause = last.cause
      const parts = chunk.slice(0, -1) as ReadonlyArray<ServedBy.StreamPart>
      return isNonEmpty(parts) ? Effect.succeed(parts) : Effect.failCause(cause)
    },
    onFailure: (failed): Pull.Pull<never, unknown> => {
      if (cause !== undefined) return Effect.failCause(cause)
      const trouble = Pull.filterNoDone(failed)
      if (Result.isFailure(trouble)) return Cause.done()
      return Result.match(Cause.findError(trouble.success), {
        onSuccess: (error) =>
          error._tag === "StreamBroken" && error.failure === state.broken
            ? Cause.done()
            : fail(error, origin),
        onFailure: Effect.failCause
      })
    }
  })
}

const isNonEmpty = <A>(parts: ReadonlyArray<A>): parts is NonEmptyReadonlyArray<A> => parts.length > 0
