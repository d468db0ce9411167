/** One call of a model of `effect/ai`: its request, its settings, and the marks that its answer gets. */
import * as Arr from "effect/Array"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import * as Random from "effect/Random"
import type { Span } from "effect/Tracer"
import type { Target } from "../../domain/Target.ts"
import type { Served } from "../calls/ServedBy.ts"
import { type Validate, Validation } from "../calls/Validation.ts"
import type * as Adapter from "./Adapter.ts"
import { CallSettings, merge, none } from "./CallSettings.ts"
import * as Draft from "./Draft.ts"
import * as SettingsChecks from "./SettingsChecks.ts"

/** Parts of a stream. */
export type Parts = Arr.NonEmptyReadonlyArray<Response.StreamPartEncoded>

/** One call: its request, and the target that served it. */
export class Ask implements Adapter.Ask {
  readonly draft: Draft.Draft
  readonly validate: Validate | undefined
  readonly #span: Span
  readonly #context: Context.Context<never>
  #target = ""
  #attempts = 0

  constructor(
    options: LanguageModel.ProviderOptions,
    settings: Draft.Settings,
    context: Context.Context<never>
  ) {
    const own = Context.get(context, CallSettings)
    if (own !== none) SettingsChecks.check("ChainLanguageModel.CallSettings", own)
    this.draft = Draft.make(options, own === none ? settings : merge(settings, own))
    this.validate = Context.get(context, Validation)
    this.#span = options.span
    this.#context = context
  }

  readonly newId = (): string => {
    const random = Context.get(this.#context, Random.Random)
    return `call_${Math.floor(random.nextDoubleUnsafe() * 2 ** 52).toString(36)}`
  }

  readonly begin = (target: Target, dropped: ReadonlyArray<string>): void => {
    this.#target = target.key
    this.#attempts++
    this.#span.attribute("failover.target", target.key)
    this.#span.attribute("failover.attempts", this.#attempts)
    if (dropped.length > 0) this.#span.attribute("failover.dropped", dropped.join(", "))
    const { maxTokens, stop, temperature, topK, topP } = this.draft.settings
    Telemetry.addGenAIAnnotations(this.#span, {
      provider: { name: target.provider },
      operation: { name: "chat" },
      request: { model: target.model, maxTokens, temperature, topK, topP, stopSequences: stop }
    })
  }

  /** Adds the target that served it to an answer, and the answer's metadata to the span. */
  sign(parts: Array<Response.PartEncoded>): Array<Response.PartEncoded> {
    return parts.map((part) => this.#sign(part))
  }

  /** The same for the parts of a stream. */
  signed(parts: Parts): Parts {
    const isSigned = parts[0].type === "response-metadata" || Arr.lastNonEmpty(parts).type === "finish"
    return isSigned ? Arr.map(parts, (part) => this.#sign(part)) : parts
  }

  #sign<P extends Response.PartEncoded | Response.StreamPartEncoded>(part: P): P {
    if (part.type === "response-metadata") {
      Telemetry.addGenAIAnnotations(this.#span, { response: { id: part.id, model: part.modelId } })
      const served: Served = { target: this.#target, attempts: this.#attempts }
      return { ...part, metadata: { ...part.metadata, failover: served } }
    }
    if (part.type === "finish") {
      const { inputTokens, outputTokens } = part.usage
      Telemetry.addGenAIAnnotations(this.#span, {
        response: { finishReasons: [part.reason] },
        usage: { inputTokens: inputTokens.total, outputTokens: outputTokens.total }
      })
    }
    return part
  }
}
