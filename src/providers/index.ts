/** Providers over HTTP: OpenAI, Anthropic and every compatible server. */
export { Anthropic } from "./Anthropic.ts"
export { OpenAi } from "./OpenAi.ts"
export * as HttpClientTransport from "./transport/HttpClientTransport.ts"
export { Transport } from "./transport/Transport.ts"
export * as UndiciTransport from "./transport/UndiciTransport.ts"
export { isProviderResponse, ProviderResponse } from "./wire/ProviderResponse.ts"
export * as Wire from "./wire/Wire.ts"
