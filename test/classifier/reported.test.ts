/** Kinds of errors from public reports, each with similar words of another meaning. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (status: number, body: unknown): Failure.FailureClass =>
  Failure.classOf(classify({ status, body: typeof body === "string" ? body : JSON.stringify(body) }))

const says = (message: string) => ({ error: { message } })

describe("several texts in one request for embeddings", () => {
  it.each([
    "The max allowed tokens per submitted batch is 120000. Your batch has 121138 tokens after truncation.",
    "Too many tokens in batch. Max is 16384 got 17555",
    "input must have less than 512 tokens"
  ])("are too long together: %s", (text) => {
    assert.strictEqual(classOf(400, says(text)), "ContextExceeded")
  })

  it("are throttled if the limit is one of a minute", () => {
    assert.strictEqual(classOf(429, says("The max allowed tokens per minute is 120000")), "RateLimit")
  })
})

describe("a machine value that no table has", () => {
  it.each([
    [409, { error: "budget_insufficient_before_dispatch" }, "Balance"],
    [500, { error: { code: "upstream_rate_limit_exceeded", message: "x" } }, "RateLimit"],
    [500, { error: { type: "WorkspaceBudgetExceeded", message: "x" } }, "Balance"],
    [500, { error: { code: "provider_over_capacity", message: "x" } }, "Overloaded"]
  ] as const)("is read as words: %s %j", (status, body, as) => {
    assert.strictEqual(classOf(status, body), as)
  })

  it("says nothing about the key or the model if it is only a thing that was not found", () => {
    assert.strictEqual(classOf(404, { error: { code: "container_not_found", message: "x" } }), "ModelMissing")
  })

  it("does not count beside a sentence that says more", () => {
    const body = { error: { code: "workspace_budget_exceeded", message: "Incorrect API key provided" } }
    assert.strictEqual(classOf(401, body), "InvalidKey")
  })
})

describe("a gateway that blames the request for its own fault", () => {
  it.each([
    "Open WebUI: Server Connection Error",
    "Backend Error",
    "vertexai import failed please run `pip install x`. Got error: No module named 'vertexai'"
  ])("has failed: %s", (text) => {
    assert.strictEqual(classOf(400, { detail: text }), "ServerError")
  })

  it("has not failed if there is more detail about the request", () => {
    assert.strictEqual(classOf(400, says("Backend error codes must be strings")), "Invalid")
    assert.strictEqual(classOf(400, says("Invalid value for text: backend error")), "Invalid")
  })
})

describe("a list of what a server takes", () => {
  it.each([
    "'response_format.type' must be 'json_schema' or 'text'",
    "'messages' array must only contain objects with a 'role' field that is in [user, assistant, system, tool]. Got 'developer'.",
    "Invalid 'content' type. Expected one of: ['str'], got list.",
    "768 is not a valid output_dimension, use one of 256, 512, 1024, 1536",
    "Currently only support response_format `text` or `json`",
    "A conversation must start with a user message."
  ])("concerns this model only: %s", (text) => {
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })
})

describe("a status at the end of a sentence", () => {
  it.each([
    [502, "AppChatReverse: Chat failed, 429", "RateLimit"],
    [400, "reason fetching subscription from SSC: unexpected status code 429", "RateLimit"],
    [502, "Chat failed after 429 attempts", "ServerError"]
  ] as const)("is that of the server behind: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })
})

describe("a template of a model", () => {
  it.each([
    "Model x does not have a default chat template defined in the tokenizer.",
    "This is usually an issue with the model's prompt template."
  ])("cannot render the request: %s", (text) => {
    assert.strictEqual(classOf(500, says(text)), "Unsupported")
  })
})

describe("a server that failed", () => {
  it.each(["User not found", "The project is locked by another process", "The user session is closed"])(
    "says nothing about the key: %s",
    (text) => {
      assert.strictEqual(classOf(500, says(text)), "ServerError")
      assert.strictEqual(classOf(503, says(text)), "Overloaded")
    }
  )

  it.each([
    ["User not found.", "InvalidKey"],
    ["Your project is locked", "Forbidden"],
    ["The account is closed", "Forbidden"]
  ] as const)("passes on what another one says about it: %s", (text, as) => {
    assert.strictEqual(classOf(401, says(text)), as)
    assert.strictEqual(classOf(500, { error: { message: text, code: 401 } }), as)
  })
})

describe("an MCP server of the caller that throttles", () => {
  it.each([424, 429])("benches no target for others: %s", (status) => {
    const text =
      "Error retrieving tool list from MCP server: 'mine'. Http status code: 429 (rate limit exceeded)"
    assert.strictEqual(classOf(status, says(text)), "Unsupported")
  })

  it("is not meant if the provider's own limit is named", () => {
    const text = "Rate limit reached for requests per min on calls from MCP servers"
    assert.strictEqual(classOf(429, says(text)), "RateLimit")
  })
})

describe("a code with a prefix", () => {
  it("is read without it: channel:invalid_key", () => {
    assert.strictEqual(classOf(409, { error: { code: "channel:invalid_key", message: "x" } }), "InvalidKey")
  })

  it("is read without what follows first: user_global_rate_limited:pro", () => {
    assert.strictEqual(
      classOf(500, { error: { code: "user_global_rate_limited:pro", message: "x" } }),
      "RateLimit"
    )
  })
})

describe("'not supported' without a known feature", () => {
  it("concerns this server without other signals", () => {
    assert.strictEqual(classOf(400, says("draft not supported")), "Unsupported")
  })

  it.each([
    [401, "OAuth is not supported", "InvalidKey"],
    [429, "This is not supported", "RateLimit"],
    [500, "This is not supported", "ServerError"]
  ] as const)("does not count against a status that says more: %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })
})

describe("credentials of a gateway that are all benched", () => {
  it("recover by themselves", () => {
    assert.strictEqual(
      classOf(503, says("auth_unavailable: no auth available (providers=codex)")),
      "Overloaded"
    )
  })
})

describe("the quota of a plan at a vendor with one code for all throttles", () => {
  it.each([
    ["Your token-plan 1-week quota has been exhausted.", "Balance"],
    ["Your token-plan quota has been exhausted.", "RateLimit"]
  ] as const)("ends by itself only if it is short: %s", (message, as) => {
    assert.strictEqual(classOf(429, { code: "Throttling.AllocationQuota", message }), as)
  })
})

describe("a model that has no such API", () => {
  it.each([
    "当前模型不支持 Responses API，请切换为 Chat Completions。",
    "当前模型或上游不支持 Responses 能力：tool.custom"
  ])("is not missing: %s", (text) => {
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })
})

describe("a limit of a gateway's own keys", () => {
  it.each([
    [412, "Portkey Error: Portkey API Key Usage Limit Exceeded. Error Code: 04", "Balance"],
    [429, "rate limit violated for Model:All: [token limit exceeded (71/50, resets every 1h)]", "RateLimit"]
  ] as const)("is one of money, or ends by itself: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })
})

describe("a short refusal of an account", () => {
  it.each(["Account suspended.", "Forbidden – key(abc123) allowed only from approved IP ranges."])(
    "names it: %s",
    (text) => {
      assert.strictEqual(classOf(403, says(text)), "Forbidden")
    }
  )
})

describe("tools that a server cannot compile", () => {
  it("concern that server only", () => {
    const text = "Failed to initialize samplers: failed to parse grammar"
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })
})

describe("a value that this server does not take", () => {
  it.each([
    "Invalid value: 'max'. Supported values are: 'none', 'low', 'medium', and 'high'.",
    "Input should be 'float'",
    'response_format type must be one of "text" or "json_object", but got: json_schema'
  ])("may suit another one: %s", (text) => {
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })

  it("is a mistake if its type is wrong", () => {
    assert.strictEqual(classOf(422, says("Input should be a valid integer")), "Invalid")
  })
})

describe("a desktop's server without memory for the model", () => {
  it("may have it later", () => {
    assert.strictEqual(classOf(507, says("Cannot free enough memory. Need 33.02GB.")), "Overloaded")
  })
})

describe("a model or an API that is switched off", () => {
  it.each([
    [403, "Model disabled.", "ModelMissing"],
    [400, "model: qwen does not support endpoint: completions", "Unsupported"],
    [400, "The requested operation is unsupported.", "Unsupported"]
  ] as const)("differs from an account's refusal: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })
})

describe("a plan's limit with its period twice", () => {
  it("lasts a week", () => {
    assert.strictEqual(classOf(429, says("You've reached your weekly (7-day) usage limit.")), "Balance")
  })
})

describe("a parameter that is wrong", () => {
  it("differs from one that a model lacks", () => {
    assert.strictEqual(classOf(400, says("A parameter specified in the request is not valid")), "Invalid")
    assert.strictEqual(
      classOf(400, says("Cannot set structured output to force tools for engine type: mlx-llm")),
      "Unsupported"
    )
    assert.strictEqual(classOf(400, says("model is not a multimodal model")), "Unsupported")
    assert.strictEqual(classOf(400, says("unsupported architecture: foo")), "ModelMissing")
  })
})

describe("a limit of one server", () => {
  it.each([
    "At most 1 image(s) may be provided in one request.",
    "This model does not support specifying dimensions.",
    "The value of the enable_thinking parameter is restricted to True."
  ])("may not hold for another: %s", (text) => {
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })

  it("counts the tokens of a window", () => {
    assert.strictEqual(
      classOf(400, says("Max context reached 135630 tokens but model supports only 60000")),
      "ContextExceeded"
    )
  })
})

describe("a list of what this server takes", () => {
  it.each([
    'Invalid audio format "m4a" for audio generation. Valid formats are: [wav, mp3]',
    "tools.0: Input tag 'function' found using 'type' does not match any of the expected tags: 'custom'",
    "thinking_budget is only supported when enable_thinking is true",
    "400: Duration is not supported in Ray 1.6 API"
  ])("may be another elsewhere: %s", (text) => {
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })
})

describe("an error inside detailMessage", () => {
  it("is read", () => {
    const body = {
      code: "MPE-429",
      detailMessage: '{"code":"Throttling.BurstRate","message":"Request rate increased too quickly."}'
    }
    assert.strictEqual(classOf(400, body), "RateLimit")
  })
})

describe("a frequency that names its unit", () => {
  it("is a throttle, also with 403", () => {
    assert.strictEqual(classOf(403, says("调用频率（qpm）超限")), "RateLimit")
  })
})

describe("a role that this server does not support", () => {
  it("may suit another one", () => {
    assert.strictEqual(classOf(400, says("Please use a valid role: user, model.")), "Unsupported")
  })
})

describe("an image that the provider could not fetch", () => {
  it("may be fetched by another one", () => {
    const text = "Fetching image failed with HTTP status 403 Forbidden."
    assert.strictEqual(classOf(400, says(text)), "Unsupported")
  })
})
