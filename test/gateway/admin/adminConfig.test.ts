import { assert, describe, it } from "@effect/vitest"
import { fromFile } from "../../../src/config/GatewayConfig.ts"
import * as ConfigView from "../../../src/gateway/admin/ConfigView.ts"

describe("the config for an operator", () => {
  const view = ConfigView.make({
    number: 3,
    since: Date.parse("2026-05-01T12:00:00Z"),
    config: fromFile(
      {
        providers: {
          azure: {
            protocol: "openai",
            baseUrl: "https://me:pass@azure.example/openai/deployments/{model}?sig=abc",
            credentials: [
              { name: "main", apiKey: "sk-1234567890", baseUrl: "https://other.example", rpm: 60 },
              { name: "spare", enabled: false }
            ],
            headers: { "x-team": "secret-team" },
            query: { "api-version": "secret-version" },
            models: { "gpt-5.2": { contextWindow: 400_000, policy: { maxWait: "1 second" } } }
          }
        },
        models: { smart: { chain: "azure/gpt-5.2", policy: { deadline: "Infinity" } } },
        policy: { retries: { times: 1 }, rules: { Overloaded: { retry: { times: 3 }, rest: null } } },
        server: { tokens: ["t-1", "t-2"], adminToken: "a-1" }
      },
      []
    )
  })

  it("is plain JSON: infinity is a string, and undefined fields are left out", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(view)), view)
    assert.deepNestedInclude(view, {
      "models.smart": { chain: ["azure/gpt-5.2"], policy: { deadline: "Infinity" } },
      "policy.rules.Overloaded": { retry: "schedule", next: "endpoint" },
      "policy.retries": { times: 1 },
      "policy.deadline": 600_000,
      revision: 3,
      since: "2026-05-01T12:00:00.000Z",
      "providers.azure.strategy": "sequential"
    })
  })

  it("has no key, no token, no password and no value of a header or a query", () => {
    assert.deepNestedInclude(view, {
      "providers.azure.baseUrl": "https://<redacted>@azure.example/openai/deployments/{model}?<redacted>",
      "providers.azure.credentials": [
        {
          name: "main",
          apiKey: "<redacted>",
          baseUrl: "https://other.example",
          enabled: true,
          weight: 1,
          rpm: 60
        },
        { name: "spare", enabled: false, weight: 1 }
      ],
      "providers.azure.headers": { "x-team": "<redacted>" },
      "providers.azure.query": { "api-version": "<redacted>" },
      "server.tokens": ["<redacted>", "<redacted>"],
      "server.adminToken": "<redacted>"
    })
    for (const secret of ["sk-1234567890", "secret-", "pass", "abc", "t-1", "a-1"]) {
      assert.notInclude(JSON.stringify(view), secret)
    }
  })
})
