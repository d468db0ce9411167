/**
 * The tools of one call, for all its attempts.
 *
 * A tool that has run cannot be undone. So the toolkit is resolved once; approved calls, which run before the model
 * is called, run once and every attempt gets their results; and once a tool called by a model begins, the call stays
 * with that model.
 */
import * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** A resolved toolkit. */
export type Handlers = Toolkit.WithHandler<Record<string, Tool.Any>>

/** The options of a call that concern failover. */
export type CallOptions = LanguageModel.GenerateTextOptions<Record<string, Tool.Any>>

type Result = Tool.HandlerResult<Tool.Any>

/** Marks a tool's failure, as an annotation of its cause. */
class FromTool extends Context.Service<FromTool, true>()("effect-failover/ai/FromTool") {}

const fromTool = FromTool.context(true)

/** True if a tool failed, not the model. */
export const isToolFailure = (cause: Cause.Cause<unknown>): boolean =>
  Cause.annotations(cause).mapUnsafe.has(FromTool.key)

const asToolFailure = <E>(cause: Cause.Cause<E>) => Effect.failCause(Cause.annotate(cause, fromTool))

/** Notified when a tool called by a model begins and ends. */
export interface Listener {
  readonly begins: () => void
  readonly ends: () => void
}

/** The tools of one call. */
export interface Tools {
  /** Whether tools can run during the call. */
  readonly run: boolean
  /** Fails for a call of a tool that was not offered; `undefined` for one that was. */
  readonly checkName: (name: string) => Effect.Effect<never, AiError.AiError> | undefined
  /** Fails for a call whose parameters do not decode. */
  readonly check: (name: string, params: unknown) => Effect.Effect<void, AiError.AiError>
  /** The toolkit for one attempt. */
  readonly forAttempt: (listener: Listener) => Handlers
}

/** Resolves the toolkit of a call and runs the approved calls. Its errors are those of the toolkit and the tools. */
export const prepare = (
  options: CallOptions,
  toolkit: NonNullable<CallOptions["toolkit"]>,
  prompt: Prompt.Prompt
): Effect.Effect<Tools, unknown, unknown> =>
  Effect.flatMap(Effect.isEffect(toolkit) ? toolkit : Effect.succeed(toolkit), (handlers) =>
    Effect.map(runApproved(handlers, prompt, options.concurrency), (approved) => ({
      run: options.disableToolCallResolution !== true && Object.keys(handlers.tools).length > 0,
      checkName: (name) =>
        options.toolCallValidation === "deferred" ? undefined : checkName(handlers.tools, name),
      check: (name, params) => checkParameters(handlers.tools[name], name, params),
      forAttempt: (listener) => guard(handlers, approved, listener)
    }))
  )

/** The results of approved calls by call id: one list for each approval. */
type Approved = ReadonlyMap<string, ReadonlyArray<ReadonlyArray<Result>>>

const runApproved = (
  handlers: Handlers,
  prompt: Prompt.Prompt,
  concurrency: CallOptions["concurrency"]
): Effect.Effect<Approved, unknown, unknown> => {
  const calls = approvedCalls(prompt).filter((call) => handlers.tools[call.name] !== undefined)
  if (calls.length === 0) return Effect.succeed(new Map())
  const run = (call: Prompt.ToolCallPart) =>
    Effect.map(
      Stream.runCollect(Stream.unwrap(handlers.handle(call.name, call.params as never, call.id))),
      (results) => [call.id, results] as const
    )
  return Effect.map(Effect.forEach(calls, run, { concurrency: concurrency ?? "unbounded" }), (all) => {
    const approved = new Map<string, ReadonlyArray<ReadonlyArray<Result>>>()
    for (const [id, results] of all) approved.set(id, [...(approved.get(id) ?? []), results])
    return approved
  })
}

/** The approved calls without a result. */
const approvedCalls = (prompt: Prompt.Prompt): ReadonlyArray<Prompt.ToolCallPart> => {
  const calls = new Map<string, Prompt.ToolCallPart>()
  const requests = new Map<string, string>()
  const approvals: Array<string> = []
  const done = new Set<string>()
  for (const message of prompt.content) {
    if (message.role !== "assistant" && message.role !== "tool") continue
    for (const part of message.content) {
      if (part.type === "tool-call") calls.set(part.id, part)
      else if (part.type === "tool-approval-request") requests.set(part.approvalId, part.toolCallId)
      else if (part.type === "tool-approval-response" && part.approved) approvals.push(part.approvalId)
      else if (part.type === "tool-result" && message.role === "tool") done.add(part.id)
    }
  }
  return approvals.flatMap((approval) => {
    const id = requests.get(approval)
    const call = id === undefined || done.has(id) ? undefined : calls.get(id)
    return call === undefined ? [] : [call]
  })
}

const guard = (handlers: Handlers, approved: Approved, { begins, ends }: Listener): Handlers => {
  const given = new Map<string, number>()
  const handle: Handlers["handle"] = (name, params, id, options) =>
    Effect.suspend(() => {
      const times = id === undefined ? 0 : (given.get(id) ?? 0)
      const results = id === undefined ? undefined : approved.get(id)?.[times]
      if (id !== undefined && results !== undefined) {
        given.set(id, times + 1)
        return Effect.succeed(Stream.fromIterable(results))
      }
      return Effect.andThen(
        // All calls of an answer are checked before the first tool begins.
        Effect.andThen(checkParameters(handlers.tools[name], name, params), Effect.yieldNow),
        Effect.suspend(() => {
          begins()
          return run(name, params, id, options)
        })
      )
    })
  const run: Handlers["handle"] = (name, params, id, options) =>
    handlers.handle(name, params, id, options).pipe(
      Effect.map((stream) =>
        stream.pipe(
          Stream.catchCause((cause) => Stream.fromEffect(asToolFailure(cause))),
          Stream.ensuring(Effect.sync(ends))
        )
      ),
      Effect.catchCause((cause) => {
        ends()
        return asToolFailure(cause)
      })
    )
  return { tools: handlers.tools, handle }
}

/** A provider's own tool may be called by the name that the provider has for it. */
const checkName = (
  tools: Handlers["tools"],
  name: string
): Effect.Effect<never, AiError.AiError> | undefined =>
  tools[name] !== undefined ||
  Object.values(tools).some((tool) => "providerName" in tool && tool.providerName === name)
    ? undefined
    : Effect.fail(
        AiError.make({
          module: "LanguageModel",
          method: "streamText",
          reason: new AiError.ToolNotFoundError({ toolName: name, availableTools: Object.keys(tools) })
        })
      )

/**
 * Parameters that do not decode are the model's fault, not the tool's: no handler has run, so the next model may be
 * tried. A tool configured to return its failures to the model returns these too.
 */
const checkParameters = (
  tool: Tool.Any | undefined,
  name: string,
  params: unknown
): Effect.Effect<void, AiError.AiError> => {
  if (tool === undefined || tool.failureMode !== "error" || !Schema.isSchema(tool.parametersSchema)) {
    return Effect.void
  }
  const decode = Schema.decodeUnknownEffect(tool.parametersSchema as Schema.Codec<unknown, unknown>)
  return Effect.mapError(Effect.asVoid(decode(params)), (error) =>
    AiError.make({
      module: "Toolkit",
      method: `${name}.handle`,
      reason: new AiError.ToolParameterValidationError({ toolName: name, description: error.message })
    })
  )
}
