/**
 * Translates requests, answers, streams and errors between the protocols of language models, so that a chain may mix
 * them. Everything here is plain and synchronous, takes time in proportion to its input, and never throws.
 */

export { withoutBilling } from "./Billing.ts"
export { type Context, make as makeContext, type Options as ContextOptions } from "./Context.ts"
export { type ContextError, contextError, saysContextExceeded } from "./ContextError.ts"
export { type Carrier, type Carry, type Memory as CarryMemory, make as makeCarrier } from "./carry/Carry.ts"
export { mayCarry, withoutCarried } from "./carry/Clean.ts"
export { declined } from "./Declined.ts"
export { encode } from "./Encode.ts"
export type { Restore } from "./fit/Restore.ts"
export type { JsonObject } from "./Json.ts"
export type { Dialect, OutEvent, Protocol, SseEvent } from "./Protocol.ts"
export { withoutForeignThoughts } from "./responses/Reasoning.ts"
export { itemsOf, withItems } from "./responses/References.ts"
export { isStateful, type Refusal, refuseStateful } from "./Stateful.ts"
export { makeStreamTranslator, type StreamTranslator } from "./StreamTranslator.ts"
export { estimateTokens } from "./TokenEstimate.ts"
export {
  type ExpressedRequest,
  expressRequest,
  type TranslatedAnswer,
  type TranslatedRequest,
  translateAnswer,
  translateError,
  translateRequest,
  translateWhole
} from "./Translate.ts"
export { withoutThinking, withoutUnsignedThinking } from "./Unsigned.ts"
