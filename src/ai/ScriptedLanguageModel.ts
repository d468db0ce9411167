/**
 * A language model that plays a script, for tests of applications in virtual time.
 *
 * It is a normal `LanguageModel`, so it can be a member of `FailoverLanguageModel`, or replace the whole model of an
 * application.
 */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { fromAiError } from "../classifier/AiError.ts"
import { none } from "../domain/Credential.ts"
import * as Phase from "../domain/Phase.ts"
import { make as makeTarget, type Target } from "../domain/Target.ts"
import { type Failure, isFailure, Transient } from "../failure/Failure.ts"
import { defaults } from "../policy/Policy.ts"
import * as Scripted from "../testing/Scripted.ts"
import { toAiError } from "./calls/AiFailure.ts"

/**
 * One step of a call.
 *
 * | step | meaning |
 * | --- | --- |
 * | `"text"` | a piece of text |
 * | `{ thought: "text" }` | a piece of reasoning |
 * | `{ call: "weather", params: { city: "Oslo" } }` | the model calls a tool |
 * | `{ finish: "length" }` | the answer ends with this reason; default `stop`, or `tool-calls` after tool calls |
 * | an `AiError`, or one of the five failures | the call fails with it, even after content |
 * | `{ wait: "3 seconds" }` | nothing happens for that long |
 * | `{ hang: true }` | the call never continues |
 * | `{ die: "a bug" }` | the call dies with this defect |
 * | `{ end: true }` | the connection ends here, before the answer is complete |
 */
export type Step =
  | string
  | { readonly thought: string }
  | { readonly call: string; readonly params?: unknown; readonly id?: string | undefined }
  | { readonly finish: Response.FinishReason }
  | AiError.AiError
  | Failure
  | { readonly wait: Duration.Input }
  | { readonly hang: true }
  | { readonly die: unknown }
  | { readonly end: true }

/** The calls in order; the last one repeats forever. */
export type Script = ReadonlyArray<ReadonlyArray<Step>>

/** A recorded call. */
export interface Recorded {
  readonly prompt: Prompt.Prompt
  /** The names of the offered tools. */
  readonly tools: ReadonlyArray<string>
  readonly kind: "complete" | "stream"
  /** `open` while it runs, `interrupted` if the caller left before its end. */
  readonly outcome: Scripted.Outcome
  /** When it began, in milliseconds since the epoch of the Clock. */
  readonly at: number
}

/** A model that plays a script and records its calls. */
export interface ScriptedLanguageModel {
  readonly layer: Layer.Layer<LanguageModel.LanguageModel>
  /** Every call so far, in the order of their start. */
  readonly calls: ReadonlyArray<Recorded>
  /** How many calls still hold resources now. Zero if nothing leaks. */
  readonly open: number
}

/**
 * A language model that plays a script.
 *
 * @example
 * import { Failure } from "effect-failover"
 * import { FailoverLanguageModel, ScriptedLanguageModel } from "effect-failover/ai"
 * import { VirtualTime } from "effect-failover/testing"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect } from "effect"
 *
 * const primary = ScriptedLanguageModel.make([[new Failure.Transient({ reason: "Overloaded", message: "busy" })]])
 * const backup = ScriptedLanguageModel.make([[{ wait: "2 seconds" }, "hel", "lo"]])
 * const model = FailoverLanguageModel.layer([
 *   FailoverLanguageModel.member("openai/gpt-5.2", primary.layer),
 *   FailoverLanguageModel.member("anthropic/claude-sonnet-5", backup.layer)
 * ])
 *
 * const answer = VirtualTime.run(LanguageModel.generateText({ prompt: "greet me" })).pipe(
 *   Effect.map(({ text }) => [text, primary.calls.length, backup.open]), // ["hello", 3, 0]: two retries, then the backup
 *   Effect.provide(model)
 * )
 */
export const make = (script: Script): ScriptedLanguageModel => {
  const scripted = Scripted.makeWith<ModelCall, never, ReadonlyArray<StreamPart>>(
    format,
    "scripted",
    script.map((call, index) => call.map((step, at) => toStep(step, `call_${index}_${at}`)))
  )
  const heard = (kind: Recorded["kind"], options: LanguageModel.ProviderOptions) =>
    Stream.flatMap(scripted.stream({ kind, options }, target), (parts) => Stream.fromIterable(parts))
  return {
    layer: Layer.effect(
      LanguageModel.LanguageModel,
      LanguageModel.make({
        generateText: (options) =>
          heard("complete", options).pipe(
            Stream.runCollect,
            Effect.flatMap((parts) => {
              const answer = whole(parts)
              return answer === undefined ? Effect.fail(cut) : Effect.succeed(answer)
            }),
            Effect.mapError((failure) => toAiError(failure, origin("generateText")))
          ),
        streamText: (options) =>
          Stream.mapError(framed(heard("stream", options)), (failure) =>
            toAiError(failure, origin("streamText"))
          )
      })
    ),
    get calls() {
      return scripted.calls.map(
        ({ at, outcome, request: { kind, options } }): Recorded => ({
          prompt: options.prompt,
          tools: options.tools.map(({ name }) => name),
          kind,
          outcome,
          at
        })
      )
    },
    get open() {
      return scripted.open
    }
  }
}

interface ModelCall {
  readonly kind: Recorded["kind"]
  readonly options: LanguageModel.ProviderOptions
}

type StreamPart = Response.StreamPartEncoded

const target: Target = makeTarget({
  provider: "scripted",
  model: "model",
  credential: none,
  policy: defaults
})

const origin = (method: string) => ({ module: "ScriptedLanguageModel", method })

const cut = new Transient({ reason: "Truncated", message: "the connection ended early" })

const usage = {
  inputTokens: { uncached: undefined, total: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined }
}

const finish = (reason: Response.FinishReason): StreamPart => ({ type: "finish", reason, usage })

/** Adds a finish part if the script has none. */
const format: Scripted.Format<ModelCall, never, ReadonlyArray<StreamPart>> = {
  answer: () => {
    throw new Error("answers are put together from their parts")
  },
  chunk: ({ phase, text }) =>
    text !== ""
      ? [{ type: "text-delta", id: "text", delta: text }]
      : phase.complete
        ? [finish("unknown")]
        : [],
  phase: (parts) => (parts.some(({ type }) => type === "finish") ? Phase.last : Phase.content)
}

const toStep = (step: Step, id: string): Scripted.Step<never, ReadonlyArray<StreamPart>> => {
  if (typeof step === "string" || isFailure(step)) return step
  if (AiError.isAiError(step)) return fromAiError(step)
  if ("thought" in step)
    return { chunks: [[{ type: "reasoning-delta", id: "thought", delta: step.thought }]] }
  if ("finish" in step) return { chunks: [[finish(step.finish)]] }
  if (!("call" in step)) return step
  const { call: name, id: own = id, params = {} } = step
  return { chunks: [[{ type: "tool-call", id: own, name, params, providerExecuted: false }]] }
}

/** The parts of a stream with their start and end parts, and with a finish. */
const framed = <E, R>(parts: Stream.Stream<StreamPart, E, R>): Stream.Stream<StreamPart, E, R> =>
  Stream.suspend(() => {
    let open: "text" | "reasoning" | undefined
    let called = false
    const close = (): Array<StreamPart> =>
      open === undefined ? [] : [{ type: `${open}-end`, id: open === "text" ? "text" : "thought" }]
    const frame = (part: StreamPart): Array<StreamPart> => {
      const kind =
        part.type === "text-delta" ? "text" : part.type === "reasoning-delta" ? "reasoning" : undefined
      const framing = kind === open ? [] : close()
      if (kind !== undefined && kind !== open) {
        framing.push({ type: `${kind}-start`, id: kind === "text" ? "text" : "thought" })
      }
      open = kind
      called ||= part.type === "tool-call"
      return [...framing, endOf(part, called)]
    }
    return Stream.flatMap(parts, (part) => Stream.fromIterable(frame(part)))
  })

const endOf = (part: StreamPart, called: boolean): StreamPart =>
  part.type === "finish" && part.reason === "unknown" ? finish(called ? "tool-calls" : "stop") : part

/** The same as a whole answer; `undefined` if it was never finished. */
const whole = (parts: ReadonlyArray<StreamPart>): Array<Response.PartEncoded> | undefined => {
  const answer: Array<Response.PartEncoded> = []
  let [text, thought] = ["", ""]
  for (const part of parts) {
    if (part.type === "text-delta") text += part.delta
    else if (part.type === "reasoning-delta") thought += part.delta
    else if (part.type === "tool-call") answer.push(part)
  }
  const last = parts.find((part) => part.type === "finish")
  if (last === undefined || last.type !== "finish") return undefined
  const end = endOf(last, answer.length > 0)
  return [
    ...(thought === "" ? [] : [{ type: "reasoning", text: thought } as const]),
    ...(text === "" ? [] : [{ type: "text", text } as const]),
    ...answer,
    ...(end.type === "finish" ? [end] : [])
  ]
}
