/**
 * The provider names of OpenTelemetry's conventions, by the host of the provider.
 *
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/registry/attributes/gen-ai.md
 */
import type { Target } from "../../domain/Target.ts"

const byHost: ReadonlyArray<readonly [RegExp, string]> = [
  [/(^|\.)openai\.com$/, "openai"],
  [/(^|\.)anthropic\.com$/, "anthropic"],
  [/\.openai\.azure\.com$/, "azure.ai.openai"],
  [/^bedrock-runtime[\w.-]*\.amazonaws\.com$/, "aws.bedrock"],
  [/^generativelanguage\.googleapis\.com$/, "gcp.gemini"],
  [/(^|-)aiplatform\.googleapis\.com$/, "gcp.vertex_ai"],
  [/(^|\.)groq\.com$/, "groq"],
  [/(^|\.)mistral\.ai$/, "mistral_ai"],
  [/(^|\.)deepseek\.com$/, "deepseek"],
  [/(^|\.)x\.ai$/, "x_ai"],
  [/(^|\.)perplexity\.ai$/, "perplexity"],
  [/(^|\.)cohere\.(ai|com)$/, "cohere"],
  [/(^|\.)moonshot\.(ai|cn)$/, "moonshot_ai"]
]

/**
 * The `gen_ai.provider.name` of a target: the conventions' name for its host, or the provider's name in the
 * config.
 */
export const of = ({ endpoint, provider }: Pick<Target, "endpoint" | "provider">): string => {
  if (!URL.canParse(endpoint)) return provider
  const { hostname } = new URL(endpoint)
  return byHost.find(([host]) => host.test(hostname))?.[1] ?? provider
}
