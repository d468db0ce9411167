/** Providers over HTTP: OpenAI, Anthropic and everything that speaks like them. */
export { Anthropic } from "./Anthropic.ts"
export * as HttpClientUpstream from "./HttpClientUpstream.ts"
export { OpenAi } from "./OpenAi.ts"
export { isProviderResponse, ProviderResponse } from "./ProviderResponse.ts"
export * as UndiciUpstream from "./UndiciUpstream.ts"
export { Upstream } from "./Upstream.ts"
export * as Wire from "./Wire.ts"
