/**
 * Validation of answers by the application.
 *
 * It runs inside the attempt, so the next model can still answer, and a rejection benches nothing.
 */
import * as AiError from "effect/ai/AiError"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Target } from "../../domain/Target.ts"
import { BadRequest } from "../../failure/Failure.ts"
import * as UserCode from "../../util/UserCode.ts"

/** The answer given to a validation. */
export interface Answer {
  /** All of its text. */
  readonly text: string
  readonly toolCalls: ReadonlyArray<{ readonly name: string; readonly params: unknown }>
  /** The finish reason as in `effect/ai`; `unknown` if the provider gave none. */
  readonly finishReason: string
  /** The target that answered. */
  readonly target: Target
}

/**
 * The error of a validation that rejects the answer. The next model is tried. If there is none, the call fails with
 * an `AiError` with the reason `InvalidOutputError` and this message.
 *
 * @category errors
 */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  /** What is wrong with the answer, for the reader of the error. */
  message: Schema.String
}) {}

/**
 * Checks an answer; fails with `Rejected` to reject it. One that throws or fails otherwise rejects it as well, with a warning in
 * the log; so does one that takes longer than half of the target's `answer` timeout, or for a stream than its `idle` timeout.
 */
export type Validate = (answer: Answer) => Effect.Effect<void, Rejected>

/**
 * The validation for the calls inside an effect, of failover models and of chains. Default: none.
 *
 * A whole answer is checked before it is returned. A stream is buffered until it is complete and then checked,
 * because returned parts cannot be taken back. If tools run during a call, a whole answer is checked only if no tool has
 * begun. A stream of `FailoverLanguageModel` whose tools run during the call is not checked, since its parts go to the tools
 * at once.
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

/** The part of an answer as far as validation needs it. */
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

  /** Adds one part; irrelevant ones are ignored. */
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
      target
    }
  }
}

/**
 * Runs a validation; a rejected answer is a failure of this request at this model. So is one whose validation throws, fails with
 * another error or does not end: that is never the target's fault.
 */
export const ask = (
  validate: Validate,
  collected: Collector,
  target: Target,
  method: string
): Effect.Effect<void, BadRequest> => {
  const reject = (description: string) =>
    new BadRequest({
      target: target.key,
      reason: "Unsupported",
      message: "the application rejected the answer",
      evidence: "validation",
      cause: AiError.make({
        module: "Validation",
        method,
        reason: new AiError.InvalidOutputError({ description })
      })
    })
  const broken = (did: string) =>
    Effect.withFiber<never, BadRequest>(({ context }) => {
      UserCode.name(target, "the validation of an answer", did, "the answer counts as rejected", context)
      return Effect.fail(reject(`the validation ${did}`))
    })
  return Effect.matchCauseEffect(
    Effect.timeoutOption(
      Effect.suspend(() => {
        const asked: unknown = validate(collected.answer(target))
        if (Effect.isEffect(asked)) return asked as Effect.Effect<void, unknown>
        return Effect.die(
          new NoEffect(UserCode.isPromise(asked) ? "returned a promise" : "returned no effect")
        )
      }),
      longest(target, method)
    ),
    {
      onSuccess: (verdict) =>
        Option.isSome(verdict)
          ? Effect.void
          : broken(`did not end within ${Duration.format(Duration.millis(longest(target, method)))}`),
      onFailure: (cause) => {
        for (const reason of cause.reasons) {
          const error = Cause.isFailReason(reason) ? reason.error : undefined
          if (error instanceof Rejected) return Effect.fail(reject(error.message))
        }
        const [reason] = cause.reasons
        if (reason === undefined || Cause.isInterruptReason(reason)) return broken("was interrupted")
        if (Cause.isFailReason(reason)) return broken("failed with an error other than Rejected")
        const { defect } = reason
        return broken(defect instanceof NoEffect ? defect.message : UserCode.threw(defect))
      }
    }
  )
}

/** For code without type checks. */
class NoEffect extends Error {}

/** How long a validation may take, in milliseconds: not so long that the target would be blamed for a timeout. */
const longest = ({ policy: { timeouts } }: Target, method: string): number =>
  method === "streamText" ? 0.9 * timeouts.idle : timeouts.answer / 2
