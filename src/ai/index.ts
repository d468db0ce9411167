/** Failover for the language models and embedding models of `effect/ai`. */
export { fromAiError } from "../classifier/AiError.ts"
export * as ChainEmbeddingModel from "./ChainEmbeddingModel.ts"
export * as ChainLanguageModel from "./ChainLanguageModel.ts"
export * as FailoverEmbeddingModel from "./FailoverEmbeddingModel.ts"
export * as FailoverLanguageModel from "./FailoverLanguageModel.ts"
