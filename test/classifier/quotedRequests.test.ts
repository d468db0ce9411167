/** Errors that quote the request: the content of a conversation says nothing about the provider. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"

/** Content of conversations. Each would bench a key or a target if the provider had said it. */
const held: ReadonlyArray<string> = [
  "HTTP 401: Unauthorized",
  "rpc error: code = Unauthenticated desc = x",
  "your account is inactive",
  "please log in again",
  "you are not allowed to use sudo",
  "this key has been revoked",
  "wallet empty, add funds",
  "used up for today",
  "Too many requests, try again in 20 s",
  "the model is not available"
]

const refusals: Readonly<Record<string, (text: string) => string>> = {
  "a message": (text) => `Invalid message content: '${text}'`,
  "a message by its place": (text) => `Unprocessable content in messages.3: "${text}"`,
  "the input of a field": (text) =>
    `[{'type': 'bad', 'loc': ('body', 'messages', 0), 'msg': 'Value error, bad role', 'input': '${text}'}]`,
  "a name": (text) => `'${text}' does not match '^[a-zA-Z0-9_-]+$' - 'tools.0.function.name'`
}

for (const [what, refusal] of Object.entries(refusals))
  describe(`a refusal that quotes ${what}`, () => {
    it.each(held)("blames the request: %s", (text) => {
      const error = { message: refusal(text), type: "invalid_request_error" }
      assert.strictEqual(classify({ status: 400, body: { error } })._tag, "BadRequest")
    })
  })

describe("an error that quotes no part of the request", () => {
  it("is read with what it quotes", () => {
    for (const [message, tag] of [
      ["Upstream said: 'your account is inactive'", "AuthDead"],
      ["The provider's message: 'Too many requests, try again in 20 s'", "RateLimit"],
      ["the user's key: this key has been revoked", "AuthDead"]
    ] as const)
      assert.strictEqual(classify({ status: 400, body: { error: { message } } })._tag, tag, message)
  })
})
