import { assert, describe, it } from "@effect/vitest"
import * as ProviderName from "../../../src/gateway/observe/ProviderName.ts"

const of = (endpoint: string) => ProviderName.of({ endpoint, provider: "mine" })

describe("the name of a provider on spans", () => {
  for (const [endpoint, name] of [
    ["https://api.openai.com/v1", "openai"],
    ["https://eu.api.openai.com/v1", "openai"],
    ["https://api.anthropic.com", "anthropic"],
    ["https://mine.openai.azure.com/openai/deployments/{model}", "azure.ai.openai"],
    ["https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "aws.bedrock"],
    ["https://generativelanguage.googleapis.com/v1beta/openai", "gcp.gemini"],
    ["https://us-central1-aiplatform.googleapis.com/v1/projects/p", "gcp.vertex_ai"],
    ["https://aiplatform.googleapis.com/v1/projects/p", "gcp.vertex_ai"],
    ["https://api.groq.com/openai/v1", "groq"],
    ["https://api.x.ai/v1", "x_ai"],
    ["https://api.moonshot.cn/v1", "moonshot_ai"]
  ] as const) {
    it(`is that of the conventions for ${endpoint}`, () => {
      assert.strictEqual(of(endpoint), name)
    })
  }

  it("is that of the config for a host that the conventions do not name, or that only looks like one", () => {
    for (const endpoint of [
      "http://127.0.0.1:11434/v1",
      "https://notopenai.com/v1",
      "https://openai.com.example/v1",
      "https://linux.ai/v1",
      "https://bedrock-runtime.example/v1",
      "mine"
    ]) {
      assert.strictEqual(of(endpoint), "mine")
    }
  })
})
