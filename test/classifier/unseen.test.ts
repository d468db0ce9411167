/** Kinds of errors from a blind sample, each with similar words of another meaning. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (status: number, body: unknown): Failure.FailureClass =>
  Failure.classOf(classify({ status, body: typeof body === "string" ? body : JSON.stringify(body) }))

const says = (message: string) => ({ error: { message } })

describe("a limit whose end is a date", () => {
  const text =
    "You have reached your specified API usage limits. You will regain access on 2026-02-01 at 00:00 UTC."

  it("needs a person if no clock shows how far away the date is", () => {
    assert.strictEqual(classOf(400, says(text)), "Balance")
  })

  it("is a throttle if the date is less than a day away", () => {
    const failure = classify({ status: 400, body: says(text), now: "2026-01-31T20:00:00Z" })
    assert.strictEqual(failure._tag, "RateLimit")
    assert.strictEqual(Failure.waitMillis(failure, 0), 4 * 3_600_000)
  })
})

describe("a number of Zhipu in brackets before its sentence", () => {
  const says = (message: string) => ({ type: "error", error: { type: "api_error", message } })

  it.each([
    [429, "[1113][xx][2026]", "Balance"],
    [429, "[1305][xx][2026]", "Overloaded"],
    [400, "[1261][xx][2026]", "ContextExceeded"],
    [429, "[1311][xx][2026]", "ModelMissing"]
  ] as const)("is read: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })

  it("shows that a date without a zone is in Beijing's time", () => {
    const text = "[1308][已达到 5 小时的使用上限。您的限额将在 2026-01-08 13:33:04 重置。][20260108]"
    const failure = classify({ status: 429, body: says(text), now: "2026-01-08T04:33:04Z" })
    assert.strictEqual(Failure.waitMillis(failure, 0), 3_600_000)
  })

  it("is none if it is only part of a sentence", () => {
    assert.strictEqual(classOf(400, says("messages [1113][0] must be a string")), "Invalid")
  })
})

describe("a plan without this model", () => {
  it.each([
    [429, "Your current subscription plan does not yet include access to GLM-5V-Turbo"],
    [400, "This model is not included in your plan"],
    [400, "Model gpt-5 is not part of your subscription"],
    [429, "Your subscription does not cover this model"]
  ] as const)("lacks it until a person acts: %s %s", (status, text) => {
    assert.strictEqual(classOf(status, says(text)), "ModelMissing")
  })

  it("differs from one whose quota is used up", () => {
    assert.strictEqual(classOf(429, says("Your subscription quota limit has been reached")), "RateLimit")
  })
})

describe("a deployment that a person has to start", () => {
  it.each([
    { error: { code: "dedicated_endpoint_not_running", message: "x" } },
    says("The dedicated endpoint for mistralai/Mixtral-8x22B-Instruct-v0.1 is not running."),
    says("The endpoint is paused, ask a maintainer to restart it"),
    says("The deployment is stopped. Start it to send requests."),
    says("模型未加载")
  ])("is a missing model: %j", (body) => {
    assert.strictEqual(classOf(400, body), "ModelMissing")
  })

  it("is not ready yet if the server takes the blame", () => {
    assert.strictEqual(classOf(503, says("The endpoint is paused")), "Overloaded")
    assert.strictEqual(classOf(400, says("模型正在加载中")), "Overloaded")
  })
})

describe("an option with which a server was not started", () => {
  it.each([
    [400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'],
    [500, "tools param requires --jinja flag"],
    [500, "This server does not support embeddings. Start it with `--embeddings`"],
    [400, "LoRA is not enabled. Please use --enable-lora to enable LoRA"],
    [400, "`prompt_logprobs` requires the server to be started with `--max-logprobs`"]
  ] as const)("is a feature that this server lacks: %s %s", (status, text) => {
    assert.strictEqual(classOf(status, says(text)), "Unsupported")
  })

  it("differs from a command that the caller should run", () => {
    assert.strictEqual(classOf(401, says("Session over. Run login with --device-auth")), "InvalidKey")
  })

  it("differs from a dash between words", () => {
    assert.strictEqual(classOf(400, says("use a number -- not a text")), "Invalid")
  })
})

describe("a key that was banned for what it was used for", () => {
  it("is a refused account", () => {
    assert.strictEqual(classOf(400, says("当前AK存在违规请求，禁止访问 (ce-011)")), "Forbidden")
  })
})

describe("a name with a dot in the middle of a sentence", () => {
  it.each([
    [400, "The model gpt-4.1 does not exist", "ModelMissing"],
    [400, "Model meta-llama/Llama-3.1-8B-Instruct is not available", "ModelMissing"],
    [400, "Rate limit for gpt-4.1-mini exceeded", "RateLimit"],
    [400, "The account mail@example.com has been suspended", "Forbidden"],
    [400, "The api key for api.example.com is invalid", "InvalidKey"],
    [400, "User john.doe does not have permission to use this", "Forbidden"],
    [400, "Access to https://api.example.com is forbidden", "Forbidden"],
    [400, "Your organization org.name is not authorized", "Forbidden"]
  ] as const)("does not end the sentence: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })

  it("is shown as it was in the evidence", () => {
    const failure = classify({ status: 400, body: says("The model gpt-4.1 does not exist") })
    assert.strictEqual(failure.evidence, 'text "model gpt-4.1 does not exist"')
  })

  it("differs from a dot between words in the evidence", () => {
    const failure = classify({ status: 429, body: says("Rate limit · exceeded") })
    assert.strictEqual(failure.evidence, 'text "rate limit · exceed"')
  })

  it("leaves two sentences apart", () => {
    assert.strictEqual(classOf(400, says("Set the model. The value does not exist yet")), "Invalid")
  })
})

describe("a limit of tokens without a time", () => {
  it.each([
    [400, "Token limit reached", "ContextExceeded"],
    [400, "The conversation hit the token limit", "ContextExceeded"],
    [429, "Token limit reached", "RateLimit"],
    [400, "Daily token limit reached", "RateLimit"],
    [400, "You exceeded your hourly token limit", "RateLimit"]
  ] as const)(
    "is about the prompt unless the status or a period says otherwise: %s %s",
    (status, text, as) => {
      assert.strictEqual(classOf(status, says(text)), as)
    }
  )
})

describe("a limit of one server", () => {
  it("is an overload, also where the status is that of a throttle", () => {
    assert.strictEqual(classOf(429, says("Worker local total request limit reached (16/16)")), "Overloaded")
  })

  it("differs from a limit of the caller", () => {
    assert.strictEqual(classOf(429, says("Your request limit reached its end")), "RateLimit")
  })
})

describe("a model whose own output cannot be used", () => {
  it.each([400, 500])("has failed, with status %s", (status) => {
    assert.strictEqual(classOf(status, says("The model produced invalid content.")), "Malformed")
  })
})

describe("sentences that are similar to those of another family", () => {
  it.each([
    [400, "This model is limited to 4096 output tokens", "Invalid"],
    [400, "temperature for this model is restricted to 1", "Invalid"],
    [400, "The fetch failed for the field x", "Invalid"],
    [400, "Set a balance of 0.5 between both", "Invalid"]
  ] as const)("say something else: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })
})

describe("a quota of Azure API Management", () => {
  const waits = (message: string, now?: string) =>
    classify({ status: 403, body: { statusCode: 403, message }, now })

  it.each(["call volume", "bandwidth"])("of %s that is refilled within a day is a throttle", (what) => {
    const failure = waits(`Out of ${what} quota. Quota will be replenished in 02:24:32.`)
    assert.strictEqual(failure._tag, "RateLimit")
    assert.strictEqual(Failure.waitMillis(failure, 0), 8_672_000)
  })

  it("that is refilled in weeks is used up", () => {
    const failure = waits(
      "Out of bandwidth quota. Quota will be replenished in 29.02:24:32.",
      "2026-01-01T00:00:00Z"
    )
    assert.strictEqual(Failure.classOf(failure), "Balance")
    assert.strictEqual(
      Failure.waitMillis(failure, Date.parse("2026-01-01T00:00:00Z")),
      (29 * 24 * 3600 + 8_672) * 1000
    )
  })
})

describe("a limit of a plan with a time of day or a weekday", () => {
  it.each([
    [400, "You've hit your limit · resets 5pm (America/New_York)", "RateLimit"],
    [400, "Weekly limit reached ∙ resets Mon 12am", "Balance"]
  ] as const)("is one of a plan: %s %s", (status, text, as) => {
    assert.strictEqual(classOf(status, says(text)), as)
  })
})

describe("a bucket of the caller that a provider may not read", () => {
  it("says nothing about the key", () => {
    const text =
      "Service account doesn't have permission to access the Cloud Storage bucket hosting image resources."
    assert.strictEqual(classOf(403, says(text)), "Unsupported")
  })
})

describe("tokens that are no key", () => {
  it.each(["Unknown token in grammar", "Invalid token at position 4", "Unexpected token } in JSON"])(
    "are those of a text: %s",
    (text) => {
      assert.strictEqual(classOf(400, says(text)), "Invalid")
    }
  )
})

describe("a limit of the input in tokens", () => {
  it.each(["The input must be at most 512 tokens", "This model supports at most 8192 tokens of input"])(
    "is one of the window: %s",
    (text) => {
      assert.strictEqual(classOf(400, says(text)), "ContextExceeded")
    }
  )

  it("differs from one of the output", () => {
    const text = "max_tokens is too large: 100000. This model supports at most 4096 completion tokens"
    assert.strictEqual(classOf(400, says(text)), "MaxTokens")
  })
})

describe("a gRPC status in a sentence", () => {
  it.each([
    ["rpc error: code = Unauthenticated desc = bad", "InvalidKey"],
    ["rpc error: code = NotFound desc = no", "ModelMissing"],
    ["rpc error: code = InvalidArgument desc = no", "Invalid"],
    ["failed: rpc error: code = Unavailable desc = EOF", "Overloaded"],
    ["7 PERMISSION_DENIED: no", "Forbidden"],
    ["8 RESOURCE_EXHAUSTED: no", "RateLimit"],
    ["status = StatusCode.RESOURCE_EXHAUSTED", "RateLimit"],
    ["rpc error: code = Nonsense desc = no", "ServerError"],
    ["7 items: no", "ServerError"]
  ] as const)("counts instead of a relay's own status: %s", (text, as) => {
    assert.strictEqual(classOf(500, says(text)), as)
  })

  it("does not count beside a status that says more, nor beside words", () => {
    assert.strictEqual(classOf(429, says("rpc error: code = InvalidArgument desc = no")), "RateLimit")
    assert.strictEqual(
      classOf(500, says("rpc error: code = ResourceExhausted desc = grpc: received message larger than max")),
      "TooLarge"
    )
  })
})

describe("a client that a provider does not approve of", () => {
  it("is refused, also with status 200", () => {
    const body = { code: 11128, msg: "Illegal API invocation from an unapproved channel" }
    assert.strictEqual(classOf(200, body), "Forbidden")
  })
})

describe("a gateway that could not reach the server behind it, with status 400", () => {
  it.each([
    'Post "https://api.example.com/chat/completions": EOF',
    'Post "https://api.example.com/v1": dial tcp 192.0.2.1:443: i/o timeout',
    "Cannot connect to host api.example.com:443 ssl:default [Name or service not known]",
    "HTTPSConnectionPool(host='api.example.com', port=443): Read timed out. (read timeout=60)",
    "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /v1/chat",
    "Server disconnected without sending a response.",
    "peer closed connection without sending complete message body (incomplete chunked read)",
    "[Errno 111] Connection refused",
    "request to https://api.example.com failed, reason: getaddrinfo ENOTFOUND api.example.com",
    "litellm.InternalServerError: InternalServerError: OpenAIException - x",
    "litellm.Timeout: APITimeoutError - x"
  ])("has failed: %s", (text) => {
    assert.strictEqual(classify({ status: 400, body: says(text) })._tag, "Transient")
  })

  it.each([
    "Failed to download the image: dial tcp 192.0.2.1:443: i/o timeout",
    "tool server: [Errno 111] Connection refused",
    "litellm.BadRequestError: OpenAIException - x"
  ])("is at fault only for its own calls: %s", (text) => {
    assert.strictEqual(classify({ status: 400, body: says(text) })._tag, "BadRequest")
  })
})
