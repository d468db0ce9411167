/** Whole answers through the chain: `generateText` and `generateObject`. */
import * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Telemetry from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { Target } from "../../domain/Target.ts"
import type * as AiFailure from "./AiFailure.ts"
import { Call, fail, type Shared } from "./Call.ts"
import { failureOfAnswer, failureOfObject, finishOf } from "./Content.ts"
import { contained, type MemberBackend, type Ready, using } from "./Members.ts"
import { type Answer, methodsOf, type Whole } from "./ModelMethods.ts"
import * as ServedBy from "./ServedBy.ts"
import * as Tools from "./Tools.ts"
import * as Validation from "./Validation.ts"

type Method = "generateText" | "generateObject"

/** A model has called a tool: the call stays with it from here on, without timeouts and without failover. */
class ToolStarted {
  readonly fiber: Fiber.Fiber<Answer, unknown>
  readonly target: Target
  constructor(fiber: Fiber.Fiber<Answer, unknown>, target: Target) {
    this.fiber = fiber
    this.target = target
  }
}

/** One of the two methods, through the chain. */
export const make = (shared: Shared, method: Method): Whole => {
  const name = `FailoverLanguageModel.${method}`
  const origin = { module: "FailoverLanguageModel", method }
  return (options) =>
    Effect.useSpan(name, (span) => {
      const prompt = Prompt.make(options.prompt)
      const run = (tools: Tools.Tools | undefined) =>
        through(shared, method, origin, { options, prompt, span, tools })
      return options.toolkit === undefined
        ? run(undefined)
        : Effect.flatMap(Tools.prepare(options, options.toolkit, prompt), run)
    })
}

const through = (
  { chain, failover, histories, transformer }: Shared,
  method: Method,
  origin: AiFailure.Origin,
  {
    options,
    prompt,
    span,
    tools
  }: {
    readonly options: Tools.CallOptions
    readonly prompt: Prompt.Prompt
    readonly span: Tracer.Span
    readonly tools: Tools.Tools | undefined
  }
): Effect.Effect<Answer, unknown, unknown> =>
  Effect.withFiber((fiber) => {
    const call = new Call(span, fiber.context)
    const validate = fiber.getRef(Validation.Validation)
    let begun: ToolStarted | undefined

    const attempt = (backend: MemberBackend<LanguageModel.LanguageModel>, target: Target) => {
      // A tool began at the same moment as its model timed out.
      if (begun !== undefined) return Effect.succeed(begun)
      call.begin(target)
      return using(backend.service.at(target), (member) => askMember(member, target))
    }

    const askMember = (member: Ready<LanguageModel.LanguageModel>, target: Target) => {
      const ids = call.responseIds(target)
      const model = methodsOf(member.service)
      const written = method === "generateObject" ? new Written(transformer) : undefined
      const ask = (toolkit: Tools.Handlers | undefined) =>
        Effect.flatMap(
          Effect.mapError(
            model[method]({ ...options, prompt: histories.own(prompt, target), ...(toolkit && { toolkit }) }),
            (error) => written?.failureOf(error, target) ?? error
          ),
          (answer) => {
            const failure = failureOfAnswer(answer.content, target)
            if (failure !== undefined) return Effect.fail(failure)
            const taken = Effect.sync(() => {
              ids?.keep()
              return answer
            })
            return validate === undefined || begun !== undefined
              ? taken
              : Effect.andThen(validated(validate, answer, target, method), taken)
          }
        )
      const asking = tools?.run
        ? begin(tools, target, ask, (b) => (begun = b))
        : ask(tools?.forAttempt(silent))
      return Effect.updateContext(asking, (context: Context.Context<unknown>) =>
        call.contextOf(written === undefined ? context : written.contextOf(context), member, ids)
      )
    }

    const running = Effect.matchEffect(
      failover.useAnswered(chain, attempt, {
        classify: tools === undefined ? call.classify : call.classifyWithTools,
        request: options,
        hedge: false
      }),
      {
        onFailure: (error) => fail(error, origin),
        onSuccess: ({ attempts, target, value }) =>
          value instanceof ToolStarted
            ? Effect.map(Fiber.join(value.fiber), (answer) => sign(answer, value.target, attempts))
            : Effect.succeed(sign(value, target, attempts))
      }
    )
    const sign = (answer: Answer, target: Target, attempts: number): Answer => {
      ServedBy.signAll(answer.content, { target: target.key, attempts }, histories.accountOf(target))
      return answer
    }
    return tools?.run
      ? Effect.onInterrupt(running, () => (begun === undefined ? Effect.void : Fiber.interrupt(begun.fiber)))
      : running
  })

/**
 * The answer that was to be an object. `effect/ai` shows it only to the transformer of spans: the error of an answer that is no such
 * object has its text, but neither its finish reason nor its metadata.
 */
class Written {
  #content: ReadonlyArray<ServedBy.Part> | undefined
  readonly #ofLayer: Telemetry.SpanTransformer | undefined

  constructor(ofLayer: Telemetry.SpanTransformer | undefined) {
    this.#ofLayer = ofLayer
  }

  /** The context of the attempt. The transformer of the caller, or of the layer, is called as well. */
  contextOf(context: Context.Context<unknown>): Context.Context<unknown> {
    const ofCaller = Context.getOrUndefined(context, Telemetry.CurrentSpanTransformer)
    const own = ofCaller === undefined ? this.#ofLayer : contained(ofCaller, context)
    return Context.add(context, Telemetry.CurrentSpanTransformer, (options) => {
      this.#content = options.response as ReadonlyArray<ServedBy.Part>
      own?.(options)
    })
  }

  /** A more exact failure than the member's error, read from its answer; `undefined` if the error is exact enough. */
  failureOf(error: unknown, target: Target): unknown {
    if (this.#content === undefined || !AiError.isAiError(error)) return undefined
    if (error.reason._tag !== "StructuredOutputError") return undefined
    const failure = failureOfObject(this.#content, target)
    if (failure !== undefined || finishOf(this.#content) !== "length") return failure
    const { module, method, reason } = error
    const description =
      "the output limit cut the answer before the object was complete (finish reason length)"
    return AiError.make({
      module,
      method,
      reason: new AiError.StructuredOutputError({ ...reason, description })
    })
  }
}

const silent: Tools.Listener = { begins: () => undefined, ends: () => undefined }

const validated = (validate: Validation.Validate, answer: Answer, target: Target, method: Method) => {
  const collected = new Validation.Collector()
  for (const part of answer.content) collected.add(part)
  return Validation.ask(validate, collected, target, method)
}

/** Calls the model in its own fiber, which outlives the attempt once a tool begins. */
const begin = (
  tools: Tools.Tools,
  target: Target,
  ask: (toolkit: Tools.Handlers) => Effect.Effect<Answer, unknown, unknown>,
  onBegun: (begun: ToolStarted) => void
): Effect.Effect<Answer | ToolStarted, unknown, unknown> =>
  Effect.withFiber((parent) =>
    Effect.callback<Answer | ToolStarted, unknown>((resume) => {
      let fiber: Fiber.Fiber<Answer, unknown> | undefined
      let hasBegun = false
      const settle = (fiber: Fiber.Fiber<Answer, unknown>) => {
        const begun = new ToolStarted(fiber, target)
        onBegun(begun)
        resume(Effect.succeed(begun))
      }
      const begins = () => {
        if (hasBegun) return
        hasBegun = true
        if (fiber !== undefined) settle(fiber)
      }
      fiber = Effect.runForkWith(parent.context as Context.Context<unknown>)(
        ask(tools.forAttempt({ begins, ends: () => undefined }))
      )
      // The model may have answered, and a tool begun, before the fiber was available.
      if (hasBegun) settle(fiber)
      else fiber.addObserver((exit) => resume(exit))
      return Fiber.interrupt(fiber)
    })
  )
