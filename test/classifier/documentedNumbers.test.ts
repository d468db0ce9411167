/** Numbers of vendors and of HTTP, and codes of transports, as their documentation gives them; the source is beside each. */
import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (signal: Signal): Failure.FailureClass => Failure.classOf(classify(signal))

describe("a documented number of a vendor", () => {
  const numbered = (provider: string, body: unknown) => classOf({ status: 200, provider, body })

  it.each([
    // https://developers.cloudflare.com/workers-ai/platform/errors/: no LoRA inference with this model
    ["cloudflare", { success: false, errors: [{ code: 5005, message: "AiError" }] }, "Unsupported"],
    // https://github.com/cloudflare/cloudflare-docs/issues/32501
    ["cloudflare", { success: false, errors: [{ code: 5028, message: "AiError" }] }, "ModelMissing"],
    // https://docs.bigmodel.cn/cn/api/api-code: this model does not have this way of calling
    ["zhipu", { error: { code: "1212", message: "x" } }, "Unsupported"],
    // https://ai.baidu.com/ai-doc/WENXINWORKSHOP/tlmyncueh: no such API; the cluster is full
    ["baidu", { error_code: 3, error_msg: "Unsupported openapi method" }, "ModelMissing"],
    ["baidu", { error_code: 4, error_msg: "Open api request limit reached" }, "Overloaded"],
    // https://github.com/baidubce/bce-qianfan-sdk (python/qianfan/consts.py): the argument, the JSON, a parameter
    ["baidu", { error_code: 336001, error_msg: "Invalid Argument" }, "Invalid"],
    ["baidu", { error_code: 336002, error_msg: "Invalid JSON" }, "Invalid"],
    ["baidu", { error_code: 336003, error_msg: "the role is not as it should be" }, "Invalid"],
    // https://github.com/songquanpeng/one-api/issues/625
    ["baidu", { error_code: 336006, error_msg: "the length of messages must be an odd number" }, "Invalid"],
    // https://www.xfyun.cn/doc/spark: the connection to the engine, the engine; the request; the key
    ["spark", { code: 10010, message: "x", sid: "1" }, "ServerError"],
    ["spark", { code: 10012, message: "x", sid: "1" }, "ServerError"],
    ["spark", { code: 10006, message: "x", sid: "1" }, "RateLimit"],
    ["spark", { code: 10163, message: "x", sid: "1" }, "Invalid"],
    ["spark", { code: 10016, message: "x", sid: "1" }, "Forbidden"],
    ["spark", { code: 10021, message: "x", sid: "1" }, "ContentPolicy"],
    ["spark", { code: 10001, message: "x", sid: "1" }, "ServerError"],
    ["spark", { code: 11500, message: "x", sid: "1" }, "InvalidKey"],
    // https://platform.minimax.io/docs/api-reference/errorcode
    [
      "minimax",
      { base_resp: { status_code: 1042, status_msg: "invisible character ratio limit" } },
      "Invalid"
    ]
  ] as const)("of %s is read: %j", (provider, body, expected) => {
    assert.strictEqual(numbered(provider, body), expected)
  })
})

// https://docs.fireworks.ai/guides/inference-error-codes: "Account is suspended or there's an issue with account status"
it("a status 412 concerns the account: other providers may accept the request", () => {
  assert.strictEqual(classOf({ status: 412 }), "Forbidden")
  assert.strictEqual(classOf({ status: 412, body: { error: { message: "Precondition Failed" } } }), "Blocked")
})

// https://undici.nodejs.org/#/docs/api/Errors
it("what undici refuses to send is a failure of this process", () => {
  for (const code of [
    "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
    "UND_ERR_MAX_ORIGINS_REACHED",
    "ERR_WEBASSEMBLY_NOT_SUPPORTED"
  ]) {
    assert.strictEqual(classOf({ transport: { message: "fetch failed", cause: { code } } }), "Local", code)
  }
})
