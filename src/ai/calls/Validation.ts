/**
 * An application's own word on an answer: "this one is no good, go on".
 *
 * It is asked inside of the attempt, so the next model can still answer, and nobody rests for it.
 */
import * as AiError from "effect/ai/AiError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Target } from "../../domain/Target.ts"
import { BadRequest } from "../../failure/Failure.ts"

/** An answer as it is shown to a validation. */
export interface Answer {
  /** All of its text. */
  readonly text: string
  readonly toolCalls: ReadonlyArray<{ readonly name: string; readonly params: unknown }>
  /** Why it ended, in the words of `effect/ai`; `unknown` when the provider did not say. */
  readonly finishReason: string
  /** Who gave it: `provider/model#credential`. */
  readonly target: string
}

/**
 * What a validation fails with: the answer is no good. The next model is asked. If there is none, the call fails with an
 * `AiError` whose reason is `InvalidOutputError` and has this message.
 *
 * @category errors
 */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  /** What is wrong with the answer, for whoever reads the error. */
  message: Schema.String
}) {}

/** Looks at an answer, and fails with `Rejected` when it is no good. */
export type Validate = (answer: Answer) => Effect.Effect<void, Rejected>

/**
 * The validation of the calls inside of an effect, of failover models and of chains. Default: none.
 *
 * A whole answer is looked at before it is returned. A stream is held back until it is complete, and looked at then:
 * after its first words nothing could be taken back. Where tools run in the course of a call, an answer is looked at
 * only if no tool has begun.
 *
 * @example
 * import { FailoverLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect } from "effect"
 *
 * const inGerman = LanguageModel.generateText({ prompt: "Answer in German: where is the library?" }).pipe(
 *   Effect.provideService(FailoverLanguageModel.Validation, ({ text }) =>
 *     /\b(der|die|das)\b/i.test(text)
 *       ? Effect.void
 *       : Effect.fail(new FailoverLanguageModel.Rejected({ message: "the answer is not in German" }))
 *   )
 * )
 */
export const Validation = Context.Reference<Validate | undefined>("effect-failover/ai/Validation", {
  defaultValue: () => undefined
})

/** A part of an answer, as far as a validation is concerned with it. */
export type Seen =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "text-delta"; readonly delta: string }
  | { readonly type: "tool-call"; readonly name: string; readonly params: unknown }
  | { readonly type: "finish"; readonly reason: string }

/** Collects the parts of an answer for a validation. */
export class Collector {
  #text = ""
  #finishReason = "unknown"
  readonly #toolCalls: Array<Answer["toolCalls"][number]> = []

  /** One part; those that say nothing here are passed over. */
  add(part: Seen | { readonly type: Exclude<string, Seen["type"]> }): void {
    const seen = part as Seen
    switch (seen.type) {
      case "text":
        this.#text += seen.text
        break
      case "text-delta":
        this.#text += seen.delta
        break
      case "tool-call":
        this.#toolCalls.push({ name: seen.name, params: seen.params })
        break
      case "finish":
        this.#finishReason = seen.reason
    }
  }

  answer(target: Target): Answer {
    return {
      text: this.#text,
      toolCalls: this.#toolCalls,
      finishReason: this.#finishReason,
      target: target.key
    }
  }
}

/** Asks a validation; an answer that it rejects is about this request at this model. */
export const ask = (
  validate: Validate,
  collected: Collector,
  target: Target,
  method: string
): Effect.Effect<void, BadRequest> =>
  Effect.mapError(
    Effect.suspend(() => validate(collected.answer(target))),
    ({ message }) =>
      new BadRequest({
        target: target.key,
        reason: "Unsupported",
        message: "the application rejected the answer",
        evidence: "validation",
        cause: AiError.make({
          module: "Validation",
          method,
          reason: new AiError.InvalidOutputError({ description: message })
        })
      })
  )
