/** Errors in another form than that of the server's protocol: the client libraries still find message and type. */
import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { type Json, type Reply, stage } from "../../support/kinds.ts"

const page = "<html><head><title>400 Bad Request</title></head><body><center>nginx</center></body></html>"

/** The body, and the message in it. */
const forms: Readonly<Record<string, readonly [body: unknown, message: string, type?: string]>> = {
  "Google's list of one": [
    [{ error: { code: 400, message: "no seed", status: "INVALID_ARGUMENT" } }],
    "no seed"
  ],
  "FastAPI's list of details": [
    { detail: [{ loc: ["body", "seed"], msg: "field required", type: "missing" }] },
    "body.seed: field required"
  ],
  "FastAPI's detail": [{ detail: "no seed" }, "no seed"],
  "a detail that is an error": [{ detail: { error: { message: "no seed" } } }, "no seed"],
  "Ollama's text": [{ error: "no seed" }, "no seed"],
  "a message alone": [{ message: "no seed" }, "no seed"],
  "a message with a number": [{ code: 20015, message: "no seed", data: null }, "no seed"],
  "a message that is a list": [
    { object: "error", message: { detail: [{ loc: ["body", "seed"], msg: "not permitted" }] }, code: 400 },
    "body.seed: not permitted"
  ],
  "vLLM's former form": [{ object: "error", message: "no seed", param: null, code: 400 }, "no seed"],
  "Cloudflare's list": [
    { success: false, errors: [{ code: 7003, message: "no seed" }], result: null },
    "no seed"
  ],
  "a problem of RFC 9457": [{ title: "Bad Request", detail: "no seed", status: 400 }, "no seed"],
  "an XML of storage": ["<Error><Code>InvalidArgument</Code><Message>no seed</Message></Error>", "no seed"],
  "a plain text": ["no seed", "no seed"],
  "a page": [page, "400 Bad Request: nginx"],
  "an error without a type": [{ error: { message: "no seed", metadata: { provider_name: "X" } } }, "no seed"],
  nothing: ["", "The provider gave no reason."]
}

const replyOf = (body: unknown): Reply =>
  typeof body === "string"
    ? { status: 400, text: body, type: body.startsWith("<") ? "text/html" : "text/plain" }
    : { status: 400, json: body }

type Call = (url: string, stream: boolean) => PromiseLike<unknown>

const hi = [{ role: "user" as const, content: "hi" }]
const openai = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
const callers: Readonly<Record<string, Call>> = {
  chats: (url, stream) => openai(url).chat.completions.create({ model: "p/m", messages: hi, stream }),
  responses: (url, stream) => openai(url).responses.create({ model: "p/m", input: "hi", stream }),
  messages: (url, stream) =>
    new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 0 }).messages.create({
      model: "p/m",
      max_tokens: 9,
      messages: hi,
      stream
    })
}

/** What a client finds: the libraries keep the object at `error`, and Anthropic's the whole body. */
const thrown = (call: Call, url: string, stream: boolean) =>
  Effect.promise(async () => {
    const error = await call(url, stream).then(
      () => undefined,
      (error: unknown) => error
    )
    if (error instanceof Anthropic.APIError) {
      const { error: inner, type } = error.error as Json
      return { status: error.status, top: type, type: inner.type, message: inner.message }
    }
    assert.instanceOf(error, OpenAI.APIError)
    return {
      status: error.status,
      top: "error",
      type: error.type,
      message: (error.error as Json | undefined)?.message,
      code: error.code
    }
  })

describe("a client of the called protocol finds message and type in", () => {
  for (const protocol of ["openai", "anthropic"] as const)
    for (const [what, [body, message]] of Object.entries(forms))
      it.live(`${what}, from a server of ${protocol}`, () =>
        Effect.gen(function* () {
          const { url } = yield* stage({ p: { protocol, reply: () => replyOf(body) } })
          for (const [caller, call] of Object.entries(callers))
            for (const stream of [false, true]) {
              const got = yield* thrown(call, url, stream)
              const expected = { status: 400, top: "error", type: "invalid_request_error", message }
              assert.deepInclude(got, expected, caller)
            }
        })
      )
})

describe("an error of another form", () => {
  it.live("keeps its code, type and parameter, if it has them", () =>
    Effect.gen(function* () {
      const error = { code: "unsupported_value", message: "no seed", type: "new_api_error", param: "seed" }
      const { post } = yield* stage({ p: { protocol: "openai", reply: () => replyOf(error) } })
      const got = yield* post("/v1/chat/completions", { model: "p/m", messages: hi })
      assert.deepStrictEqual(got.json, { error })
      const numbered = { code: 20015, message: "no seed", data: null }
      const other = yield* stage({ p: { protocol: "openai", reply: () => replyOf(numbered) } })
      const second = yield* other.post("/v1/chat/completions", { model: "p/m", messages: hi })
      assert.strictEqual(second.at("error.code"), "20015")
    })
  )

  it.live("keeps its other fields beside its message", () =>
    Effect.gen(function* () {
      const error = { message: "no seed", code: null, metadata: { provider_name: "X" } }
      const reply = () => replyOf({ error, user_id: "u" })
      const { post } = yield* stage({ p: { protocol: "openai", reply } })
      const got = yield* post("/v1/chat/completions", { model: "p/m", messages: hi })
      assert.deepStrictEqual(got.json, { error: { ...error, type: "invalid_request_error" }, user_id: "u" })
    })
  )
})

describe("an error in the form of the called protocol", () => {
  const openais = `{"error" : {"message":"no","type":"invalid_request_error","param":null,"code":null}, "more": 1.0}`
  const anthropics = `{"type":"error", "error":{"type":"invalid_request_error","message":"no","more":1.0}}`
  for (const [protocol, path, text] of [
    ["openai", "/v1/chat/completions", openais],
    ["anthropic", "/v1/messages", anthropics]
  ] as const)
    it.live(`is passed on byte for byte: ${protocol}`, () =>
      Effect.gen(function* () {
        const { post } = yield* stage({ p: { protocol, reply: () => ({ status: 422, text }) } })
        const got = yield* post(path, { model: "p/m", max_tokens: 9, messages: hi })
        assert.deepStrictEqual([got.status, got.text], [422, text])
      })
    )
})
