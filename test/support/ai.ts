/** What the tests of the failover models share: mock models, and calls in virtual time. */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as EffectModel from "effect/ai/Model"
import type * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"

/** An error of a model. */
export const error = (reason: AiError.AiErrorReason) =>
  AiError.make({ module: "Mock", method: "ask", reason })

/** The errors that tests use. */
export const errors = {
  fault: error(new AiError.InternalProviderError({ description: "503" })),
  throttled: (seconds: number) =>
    error(new AiError.RateLimitError({ retryAfter: Duration.seconds(seconds) })),
  invalid: error(new AiError.InvalidRequestError({ description: "temperature must be at most 2" })),
  tooLong: error(
    new AiError.InvalidRequestError({ description: "This model's maximum context length is 8192 tokens." })
  ),
  refused: error(new AiError.AuthenticationError({ kind: "InvalidKey" }))
}

const usage = {
  inputTokens: { uncached: 1, total: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 }
}

/** Parts of answers, in the form in which a provider gives them. */
export const parts = {
  finish: (reason: Response.FinishReason = "stop") => ({ type: "finish", reason, usage }) as const,
  metadata: (id: string) => ({ type: "response-metadata", id, modelId: id }) as const,
  call: (id: string, name = "weather", params: unknown = { city: "Oslo" }) =>
    ({ type: "tool-call", id, name, params, providerExecuted: false }) as const,
  delta: (delta: string) => ({ type: "text-delta", id: "1", delta }) as const,
  start: { type: "text-start", id: "1" } as const,
  end: { type: "text-end", id: "1" } as const,
  error: (error: unknown) => ({ type: "error", error }) as const
}

/** A whole answer: metadata with the id, the text, the end. */
export const answer = (text: string): Array<Response.PartEncoded> => [
  parts.metadata(text),
  { type: "text", text },
  parts.finish()
]

/** A streamed answer in two deltas. */
export const streamed = (text: string): ReadonlyArray<Response.StreamPartEncoded> => [
  parts.metadata(text),
  parts.start,
  parts.delta(`${text}0`),
  parts.delta(`${text}1`),
  parts.end,
  parts.finish()
]

/** A stream of parts that arrive one by one. */
export const one = (
  ...list: ReadonlyArray<Response.StreamPartEncoded>
): Stream.Stream<Response.StreamPartEncoded> => Stream.fromIterable(list).pipe(Stream.rechunk(1))

type Generate = (
  options: LanguageModel.ProviderOptions
) => Effect.Effect<Array<Response.PartEncoded>, AiError.AiError>
type StreamText = (
  options: LanguageModel.ProviderOptions
) => Stream.Stream<Response.StreamPartEncoded, AiError.AiError>

/** A model whose behaviour a test may change while it runs, with a record of its calls. */
export class Mock {
  calls = 0
  readonly asked: Array<LanguageModel.ProviderOptions> = []
  /** `build`, `close`, and how each stream ended. */
  readonly log: Array<string> = []
  readonly name: string
  generate: Generate
  stream: StreamText
  /** Whether it declares that it takes system messages in the history. Unknown if it declares nothing. */
  supportsSystem: boolean | undefined
  codecTransformer: LanguageModel.CodecTransformer | undefined

  constructor(name: string, generate?: Generate, stream?: StreamText) {
    this.name = name
    this.generate = generate ?? (() => Effect.succeed(answer(name)))
    this.stream = stream ?? (() => one(...streamed(name)))
  }

  /** The model as a plain layer. */
  get layer(): Layer.Layer<LanguageModel.LanguageModel> {
    return Layer.effect(
      LanguageModel.LanguageModel,
      Effect.suspend(() => {
        this.log.push("build")
        return Effect.andThen(
          Effect.addFinalizer(() => Effect.sync(() => void this.log.push("close"))),
          LanguageModel.make({
            generateText: (options) =>
              Effect.suspend(() => {
                this.calls++
                this.asked.push(options)
                return this.generate(options)
              }),
            streamText: (options) =>
              Stream.suspend(() => {
                this.calls++
                this.asked.push(options)
                return this.stream(options).pipe(
                  Stream.onExit((exit) => Effect.sync(() => void this.log.push(`stream ${outcome(exit)}`)))
                )
              }),
            codecTransformer: this.codecTransformer,
            supportsSystemMessagesInHistory:
              this.supportsSystem === undefined ? undefined : Effect.succeed(this.supportsSystem)
          })
        )
      })
    )
  }

  /** The model as a `Model`, which knows its own name. */
  get model() {
    return EffectModel.make(this.name, `${this.name}-1`, this.layer)
  }
}

const outcome = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isSuccess(exit) ? "ended" : Cause.hasInterrupts(exit.cause) ? "interrupted" : "failed"

/** Two mocks, `a` and `b`, without retries, so that a failure falls back at once. */
export const two = (a: Mock, b: Mock, options: Parameters<typeof FailoverLanguageModel.layer>[1] = {}) =>
  FailoverLanguageModel.layer(
    [FailoverLanguageModel.member("a/m", a.layer), FailoverLanguageModel.member("b/m", b.layer)],
    { ...options, policy: { retries: { times: 0 }, ...options.policy } }
  )

/** Runs an effect in virtual time that advances whenever the effect sleeps. */
export const play = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let i = 0; i < 100 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(fiber)
  })

/** The text of an answer to "hi". */
export const text = Effect.map(LanguageModel.generateText({ prompt: "hi" }), (response) => response.text)

/** A short name for a part of a stream. */
export const show = (
  part: Response.StreamPart<Record<string, Tool.Any>, Response.ToolParametersMode>
): string => {
  switch (part.type) {
    case "text-delta":
      return part.delta
    case "response-metadata":
      return `meta(${part.id ?? ""})`
    case "tool-call":
      return `call(${part.name})`
    case "tool-result":
      return `result(${JSON.stringify(part.encodedResult)})`
    default:
      return part.type
  }
}

/** A short name for an error. */
export const nameOf = (error: unknown): string =>
  AiError.isAiError(error) ? error.reason._tag : error instanceof Error ? error.message : String(error)

/** The short names of everything that a stream emitted, and of its error if it failed. */
export const words = <E, R>(
  stream: Stream.Stream<Response.StreamPart<Record<string, Tool.Any>, Response.ToolParametersMode>, E, R>
): Effect.Effect<string, never, R> =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const exit = yield* Effect.exit(
      Stream.runForEach(stream, (part) => Effect.sync(() => void seen.push(show(part))))
    )
    if (Exit.isFailure(exit)) seen.push(...errorsOf(exit.cause).map((name) => `!${name}`))
    return seen.join(" ")
  })

/** What a stream that answers "hi" emits. */
export const heard = words(
  Stream.unwrap(Effect.map(LanguageModel.LanguageModel, (model) => model.streamText({ prompt: "hi" })))
)

/** The short names of the errors in a cause. */
export const errorsOf = (cause: Cause.Cause<unknown>): ReadonlyArray<string> =>
  cause.reasons.map((reason) =>
    Cause.isFailReason(reason)
      ? nameOf(reason.error)
      : Cause.isDieReason(reason)
        ? `die ${reason.defect}`
        : "interrupted"
  )

/** The errors that a call failed with, in order. */
export const failing = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<string>, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => (Exit.isFailure(exit) ? errorsOf(exit.cause) : ["no error"]))

/** A tracer, and the spans that it has made. */
export const recording = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = Tracer.nativeTracer.span(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

/** The value of a service in the context of the caller. */
export const peek = <I, A>(key: Context.Key<I, A>): Effect.Effect<A | undefined> =>
  Effect.map(Effect.serviceOption(key), (option) => (option._tag === "Some" ? option.value : undefined))
