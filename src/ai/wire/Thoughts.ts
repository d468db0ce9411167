/**
 * Signatures of reasoning: what Anthropic requires back, in the form of Effect's own module for Anthropic, so that a
 * conversation can continue in either.
 *
 * https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#preserving-thinking-blocks
 */
import * as Schema from "effect/Schema"

const Signed = Schema.Struct({
  anthropic: Schema.Struct({
    info: Schema.Union([
      Schema.Struct({ type: Schema.Literal("thinking"), signature: Schema.String }),
      Schema.Struct({ type: Schema.Literal("redacted_thinking"), redactedData: Schema.String })
    ])
  })
})

/** The metadata of signed reasoning, and the options it becomes. */
export type Signed = typeof Signed.Type

/** True for the options of signed or hidden reasoning. */
export const isSigned: (options: unknown) => options is Signed = Schema.is(Signed)

/** The metadata of reasoning with this signature. */
export const signed = (signature: string): Signed => ({
  anthropic: { info: { type: "thinking", signature } }
})

/** The metadata of reasoning that only its provider can read. */
export const hidden = (redactedData: string): Signed => ({
  anthropic: { info: { type: "redacted_thinking", redactedData } }
})
