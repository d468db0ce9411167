/**
 * What an answer says of itself beside its content: the tokens it took, the model that wrote it and why it ended.
 *
 * The names are those of OpenTelemetry's conventions for generative AI, of which the tokens that come from a cache, go
 * into one or are spent on reasoning are parts of the input's and the output's:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/client-inference.md
 */
import type * as Tracer from "effect/Tracer"

/** What an answer says of itself; what it does not say is `undefined`. */
export interface Usage {
  /** The model in the provider's own words, which may name a version. */
  readonly model: string | undefined
  /** Why each choice ended, in the provider's own words; `undefined` for one of which it has not been said. */
  readonly finishReasons: ReadonlyArray<string | undefined>
  /** All tokens of the input, those of caches included. */
  readonly inputTokens: number | undefined
  /** All tokens of the output, those of reasoning included. */
  readonly outputTokens: number | undefined
  readonly cacheReadTokens: number | undefined
  readonly cacheWriteTokens: number | undefined
  readonly reasoningTokens: number | undefined
}

/** Characters of what a provider calls its model or its reasons. */
const maxText = 200

/** Says it of a span. */
export const annotate = (span: Tracer.Span, usage: Usage): void => {
  const { finishReasons, model } = usage
  if (model !== undefined) span.attribute("gen_ai.response.model", model.slice(0, maxText))
  if (finishReasons.length > 0) {
    span.attribute(
      "gen_ai.response.finish_reasons",
      Array.from(finishReasons, (reason) => reason?.slice(0, maxText) ?? "error")
    )
  }
  for (const [name, count] of tokens(usage)) {
    if (count !== undefined) span.attribute(`gen_ai.usage.${name}`, count)
  }
}

const tokens = (usage: Usage) =>
  [
    ["input_tokens", usage.inputTokens],
    ["output_tokens", usage.outputTokens],
    ["cache_read.input_tokens", usage.cacheReadTokens],
    ["cache_write.input_tokens", usage.cacheWriteTokens],
    ["reasoning.output_tokens", usage.reasoningTokens]
  ] as const
