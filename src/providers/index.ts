/** Providers over HTTP: OpenAI, Anthropic and everything that speaks like them. */
export { Anthropic } from "./Anthropic.ts"
export { OpenAi } from "./OpenAi.ts"
export * as HttpClientUpstream from "./transport/HttpClientUpstream.ts"
export * as UndiciUpstream from "./transport/UndiciUpstream.ts"
export { Upstream } from "./transport/Upstream.ts"
export { isProviderResponse, ProviderResponse } from "./wire/ProviderResponse.ts"
export * as Wire from "./wire/Wire.ts"
