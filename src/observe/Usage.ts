/**
 * The metadata of an answer: the tokens it took, its model and why it ended.
 *
 * The names are those of OpenTelemetry's conventions for generative AI, in which cached and reasoning tokens are
 * included in the input and the output:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/client-inference.md
 */
import type * as Tracer from "effect/Tracer"

/** The metadata of an answer; `undefined` if not reported. */
export interface Usage {
  /** The model as named by the provider, which may include a version. */
  readonly model: string | undefined
  /** The finish reason of each choice as named by the provider; `undefined` if not reported. */
  readonly finishReasons: ReadonlyArray<string | undefined>
  /** All tokens of the input, including cached ones. */
  readonly inputTokens: number | undefined
  /** All tokens of the output, including reasoning. */
  readonly outputTokens: number | undefined
  readonly cacheReadTokens: number | undefined
  readonly cacheWriteTokens: number | undefined
  readonly reasoningTokens: number | undefined
}

/** The most characters of a model's name or a finish reason. */
const maxText = 200

/** Adds it to a span. */
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
