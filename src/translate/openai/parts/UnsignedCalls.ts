/**
 * Calls without a signature, for a server that requires one on each call: Gemini 3 refuses the calls of another model
 * (`Function call is missing a thought_signature`). Google names a mark that replaces it.
 *
 * https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
 */
import type { JsonObject } from "../../common/Json.ts"

/** The mark in place of a signature, as a literal text: https://github.com/langchain-ai/langchain-google/pull/1972 */
const mark: JsonObject = { google: { thought_signature: "skip_thought_signature_validator" } }

/** The calls of a message with the mark. Where one of them is signed they are Gemini's own, and stay as they are. */
export const marked = (calls: ReadonlyArray<JsonObject>): ReadonlyArray<JsonObject> =>
  calls.some(isSigned) ? calls : calls.map((call) => ({ ...call, extra_content: mark }))

/** LiteLLM has the signature in fields of its own. */
const isSigned = ({ extra_content, provider_specific_fields }: JsonObject): boolean =>
  extra_content !== undefined || provider_specific_fields !== undefined
