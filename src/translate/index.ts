/**
 * Translates requests, answers, streams and errors between the protocols of language models, so that a chain may mix
 * them. Everything here is synchronous, takes linear time, and never throws.
 */

export { mayCarry, withoutCarried } from "./Clean.ts"
export { type ContextError, contextError, saysContextExceeded } from "./ContextError.ts"
export { type Carrier, type Carry, type Memory as CarryMemory, make as makeCarrier } from "./carry/Carry.ts"
export { withoutBilling } from "./common/Billing.ts"
export type { JsonObject } from "./common/Json.ts"
export { estimateTokens } from "./common/TokenEstimate.ts"
export { declined } from "./Declined.ts"
export type { Restore } from "./fit/Restore.ts"
export { withoutSystemTurns } from "./fit/SystemTurns.ts"
export { withoutThinking, withoutUnsignedThinking } from "./fit/Unsigned.ts"
export { hasOtherForm } from "./MixedForms.ts"
export { type Context, make as makeContext, type Options as ContextOptions } from "./protocol/Context.ts"
export { encode, LargeEvent } from "./protocol/Encode.ts"
export type { Dialect, OutEvent, Protocol, SseEvent } from "./protocol/Protocol.ts"
export { withoutForeignThoughts } from "./responses/Reasoning.ts"
export { itemsOf, withItems } from "./responses/References.ts"
export { isStateful, type Refusal, refuseStateful } from "./Stateful.ts"
export { makeStreamTranslator, type StreamTranslator } from "./StreamTranslator.ts"
export {
  beginExpress,
  type ExpressedRequest,
  expressRequest,
  ownError,
  type TranslatedAnswer,
  type TranslatedRequest,
  type Translation,
  translateAnswer,
  translateError,
  translateRequest,
  translateWhole
} from "./Translate.ts"
