/**
 * A provider that plays a script, written as a list.
 *
 * A script is a list of calls, and a call is a list of steps. It covers everything a provider can do: answer, fail,
 * not respond, die, or stop in the middle of an answer. Time comes only from the Clock, so a script runs in virtual
 * time and in real time.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import * as Backend from "../domain/Backend.ts"
import * as Credential from "../domain/Credential.ts"
import { type HasModels, models } from "../domain/HasModels.ts"
import * as Phase from "../domain/Phase.ts"
import type { Provider } from "../domain/Provider.ts"
import type { Strategy } from "../domain/Strategy.ts"
import type { Target } from "../domain/Target.ts"
import * as Failure from "../failure/Failure.ts"
import type { TargetKey } from "../failure/TargetKey.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"

/** A piece of an answer and its phase. The streams of `make` consist of these. */
export interface Part {
  readonly text: string
  readonly phase: Phase.Phase
}

/** A piece with content. */
export const content = (text: string): Part => ({ text, phase: Phase.content })

/** A piece without content, such as a role or a ping. */
export const held = (text = ""): Part => ({ text, phase: Phase.held })

/** The end of the answer; metadata may follow. With text it is content as well. */
export const complete = (text = ""): Part => ({ text, phase: text === "" ? Phase.complete : Phase.answer })

/** The last event of the protocol. */
export const last: Part = { text: "", phase: Phase.last }

/**
 * One step of a call.
 *
 * | step | meaning |
 * | --- | --- |
 * | `"text"` | a piece of content |
 * | `held()`, `complete()`, `last`, … | a piece with another phase |
 * | a failure | the call fails with it, even after content |
 * | `{ wait: "3 seconds" }` | nothing happens for that long |
 * | `{ hang: true }` | the call never continues |
 * | `{ die: "a bug" }` | the call dies with this defect |
 * | `{ end: true }` | the connection ends here, without the protocol's last event |
 * | `{ answer: value }` | a whole answer, returned as it is; ignored in a stream |
 * | `{ chunks: [a, b] }` | chunks of a stream, returned together as they are; ignored in a whole answer |
 */
export type Step<Answer, Chunk> =
  | string
  | Part
  | Failure.Failure
  | { readonly wait: Duration.Input }
  | { readonly hang: true }
  | { readonly die: unknown }
  | { readonly end: true }
  | { readonly answer: Answer }
  | { readonly chunks: NonEmptyReadonlyArray<Chunk> }

/**
 * The steps of one call. A whole answer consists of all its content; without any it fails as `Transient/Empty`. A
 * stream emits one chunk per step, and `last` at its end unless the script has it.
 */
export type Call<Answer, Chunk> = ReadonlyArray<Step<Answer, Chunk>>

/**
 * The calls in order; the last one repeats forever. A list counts all calls of the provider. A function returns a
 * list for each target (model and credential) and request; then calls are counted per target.
 */
export type Script<Request, Answer, Chunk> =
  | ReadonlyArray<Call<Answer, Chunk>>
  | ((target: Target, request: Request) => ReadonlyArray<Call<Answer, Chunk>>)

/** The outcome of a call: `open` while it runs, `interrupted` if the caller left before its end. */
export type Outcome = "open" | "answered" | "failed" | "interrupted"

/** A recorded call. */
export interface Recorded<out Request> {
  readonly target: TargetKey
  readonly request: Request
  /** When it began, in milliseconds since the epoch of the Clock. */
  readonly at: number
  readonly kind: "complete" | "stream"
  readonly outcome: Outcome
}

/**
 * A provider that plays a script and records its calls.
 *
 * @category models
 */
export interface Scripted<Request = unknown, Answer = string, Chunk = Part>
  extends Provider<Request, Answer, Chunk>,
    HasModels {
  /** Every call so far, in the order they began. */
  readonly calls: ReadonlyArray<Recorded<Request>>
  /** How many calls still hold resources now. Zero if nothing leaks. */
  readonly open: number
}

/** Converts the pieces of a script to the answers and chunks of a provider. */
export interface Format<in Request, out Answer, in out Chunk> {
  readonly answer: (text: string, request: Request, target: Target) => Answer
  readonly chunk: (part: Part, request: Request, target: Target) => Chunk
  readonly phase: (chunk: Chunk) => Phase.Phase
}

/** Further options of a scripted provider. */
export interface Options<in Request, out Answer, out Chunk> {
  readonly credentials?: NonEmptyReadonlyArray<Credential.Credential> | undefined
  readonly strategy?: Strategy | undefined
  readonly policy?: PolicyOptions | undefined
  readonly baseUrl?: string | undefined
  /** The call after the end of the script, instead of repeating its last one. */
  readonly otherwise?: Call<Answer, Chunk> | undefined
  readonly withoutOutputLimit?: Provider<Request, Answer, Chunk>["withoutOutputLimit"]
}

const plain: Format<unknown, string, Part> = {
  answer: (text) => text,
  chunk: (part) => part,
  phase: (part) => part.phase
}

/**
 * A provider of plain texts that plays a script.
 *
 * @example
 * import { Failure } from "effect-failover"
 * import { Scripted } from "effect-failover/testing"
 *
 * // throttled at first, then slow, then gone in the middle of an answer
 * const flaky = Scripted.make("flaky", [
 *   [new Failure.RateLimit({ message: "slow down" })],
 *   [{ wait: "3 seconds" }, "hel", "lo"],
 *   [Scripted.held("role"), "hel", { end: true }]
 * ])
 *
 * @example
 * import { ProviderService } from "effect-failover"
 * import { Scripted } from "effect-failover/testing"
 * import { Layer } from "effect"
 *
 * // as a service; its models can be put into a chain: Primary.model("large")
 * class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {
 *   static readonly layer = Layer.sync(Primary, () =>
 *     Scripted.make(Primary.provider, (target) => target.model === "large" ? [["thorough"]] : [["quick"]]))
 * }
 */
export const make = (
  name: string,
  script: Script<unknown, string, Part>,
  options?: Options<unknown, string, Part>
): Scripted => makeWith(plain, name, script, options)

/**
 * A provider that plays a script, for answers and chunks of your own types: `format` makes them of the pieces of the script.
 * `make` is this for plain texts.
 */
export const makeWith = <Request, Answer, Chunk>(
  format: Format<Request, Answer, Chunk>,
  name: string,
  script: Script<Request, Answer, Chunk>,
  options: Options<Request, Answer, Chunk> = {}
): Scripted<Request, Answer, Chunk> => {
  const { credentials = [Credential.none], policy, strategy = "sequential" } = options
  Backend.check("Scripted.make", { name, credentials, policy, strategy })
  const calls: Array<Recording<Request>> = []
  const counts = new Map<string, number>()
  let open = 0

  const nextCall = (request: Request, target: Target): Call<Answer, Chunk> => {
    const [key, list] = typeof script === "function" ? [target.key, script(target, request)] : ["", script]
    const index = counts.get(key) ?? 0
    counts.set(key, index + 1)
    return list[index] ?? options.otherwise ?? list.at(-1) ?? []
  }

  /** Opens a call. The opener closes it; a call without an outcome by then was interrupted. */
  const begin = (kind: "complete" | "stream", request: Request, target: Target) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      const recording: Recording<Request> = { target: target.key, request, at, kind, outcome: "open" }
      calls.push(recording)
      open++
      return { recording, steps: nextCall(request, target) }
    })
  const end = ({ recording }: { readonly recording: Recording<Request> }) =>
    Effect.sync(() => {
      open--
      if (recording.outcome === "open") recording.outcome = "interrupted"
    })

  return {
    ...models,
    name,
    credentials,
    strategy,
    policy,
    baseUrl: options.baseUrl,
    withoutOutputLimit: options.withoutOutputLimit,
    phase: format.phase,
    calls,
    get open() {
      return open
    },
    complete: (request, target) =>
      Effect.acquireUseRelease(
        begin("complete", request, target),
        ({ recording, steps }) => whole(format, steps, request, target, recording),
        end
      ),
    stream: (request, target) =>
      Stream.unwrap(
        Effect.map(Effect.acquireRelease(begin("stream", request, target), end), ({ recording, steps }) =>
          Stream.fromPull(Effect.succeed(pieces(format, steps, request, target, recording)))
        )
      )
  }
}

interface Recording<Request> extends Recorded<Request> {
  outcome: Outcome
}

/** Records the outcome when it is decided, so that a caller who leaves afterwards does not change it. */
const settle = <A, E>(recording: Recording<unknown>, outcome: Outcome, effect: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    recording.outcome = outcome
    return effect
  })

const cut = new Failure.Transient({ reason: "Truncated", message: "the connection ended early" })
const empty = new Failure.Transient({ reason: "Empty", message: "the answer has no content" })

const whole = Effect.fnUntraced(function* <Request, Answer, Chunk>(
  format: Format<Request, Answer, Chunk>,
  steps: Call<Answer, Chunk>,
  request: Request,
  target: Target,
  recording: Recording<Request>
): Effect.fn.Return<Answer, Failure.Failure> {
  let text = ""
  let isContent = false
  for (const step of steps) {
    if (typeof step === "string") {
      text += step
      isContent = true
    } else if (Failure.isFailure(step)) return yield* settle(recording, "failed", Effect.fail(step))
    else if ("phase" in step) {
      if (!step.phase.content) continue
      text += step.text
      isContent = true
    } else if ("wait" in step) yield* Effect.sleep(step.wait)
    else if ("hang" in step) return yield* Effect.never
    else if ("die" in step) return yield* settle(recording, "failed", Effect.die(step.die))
    else if ("end" in step) return yield* settle(recording, "failed", Effect.fail(cut))
    else if ("answer" in step) return yield* settle(recording, "answered", Effect.succeed(step.answer))
  }
  if (!isContent) return yield* settle(recording, "failed", Effect.fail(empty))
  return yield* settle(recording, "answered", Effect.succeed(format.answer(text, request, target)))
})

const pieces = <Request, Answer, Chunk>(
  format: Format<Request, Answer, Chunk>,
  steps: Call<Answer, Chunk>,
  request: Request,
  target: Target,
  recording: Recording<Request>
): Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure.Failure> => {
  let index = 0
  let isComplete = false
  const emit = (part: Part) => give([format.chunk(part, request, target)])
  const give = (chunks: NonEmptyReadonlyArray<Chunk>) => {
    isComplete ||= chunks.some((chunk) => format.phase(chunk).complete)
    return isComplete ? settle(recording, "answered", Effect.succeed(chunks)) : Effect.succeed(chunks)
  }
  const pull: Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure.Failure> = Effect.suspend(() => {
    const step = steps[index++]
    if (step === undefined) return isComplete ? settle(recording, "answered", Cause.done()) : emit(last)
    if (typeof step === "string") return emit(content(step))
    if (Failure.isFailure(step)) return settle(recording, "failed", Effect.fail(step))
    if ("phase" in step) return emit(step)
    if ("wait" in step) return Effect.andThen(Effect.sleep(step.wait), pull)
    if ("hang" in step) return Effect.never
    if ("die" in step) return settle(recording, "failed", Effect.die(step.die))
    if ("end" in step) return settle(recording, isComplete ? "answered" : "failed", Cause.done())
    return "chunks" in step ? give(step.chunks) : pull
  })
  return pull
}
