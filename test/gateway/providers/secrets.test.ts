/** Keys that a provider echoes to the gateway's callers, in any form. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Load from "../../../src/config/Load.ts"
import * as ConfigSecrets from "../../../src/gateway/providers/ConfigSecrets.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, key, openai, provider, start } from "../../support/gateway.ts"

const other = "another-credential-9876543210"
const inHeader = "header-secret-5555aaaa"
const inAddress = "address-secret-7777bbbb"
const secrets = [key, other, inHeader, inAddress]

const hexOf = (text: string, before: string, after = "") =>
  [...text].map((char) => `${before}${char.charCodeAt(0).toString(16).padStart(2, "0")}${after}`).join("")

const spellings = (secret: string): ReadonlyArray<string> => [
  secret,
  secret.replace("-", "\\u002d"),
  hexOf(secret, "\\u00"),
  hexOf(secret, "%"),
  secret.toUpperCase(),
  [...Buffer.from(secret)].join(","),
  hexOf(secret, "&#x", ";"),
  secret.replaceAll("-", "&#45;"),
  Buffer.from(secret).toString("base64"),
  Buffer.from(`user:${secret}`).toString("base64"),
  Buffer.from(`ab${secret}cd`).toString("base64url")
]

/** No spelling of any secret, except for the edges of base64. */
const assertClean = (said: string, what: string) => {
  for (const secret of secrets) {
    for (const spelled of spellings(secret)) {
      assert.notInclude(said, spelled.slice(4, -4), what)
    }
  }
}

const gateway = Effect.fnUntraced(function* (protocol: "openai" | "anthropic" = "openai") {
  const server = yield* FaultServer.make
  const made = provider(protocol, server, [key, other])
  const url = yield* start({
    providers: {
      a: { ...made, headers: { "x-custom-token": `Token ${inHeader}` } },
      b: { ...made, baseUrl: `https://user:${inAddress}@provider.example/v1` }
    },
    policy: { retries: { times: 0 }, threshold: { transient: 100 } }
  })
  return { server, url }
})

const said = secrets.flatMap(spellings)

describe("a key that a provider echoes", () => {
  it.live("is redacted in the headers of a good answer, whole or as a stream", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      for (const value of said) {
        const headers = {
          "x-debug-authorization": `Bearer ${value}`,
          link: `<https://x/?key=${value}>; rel=next`,
          "x-request-id": value,
          "x-plain": "100% plain"
        }
        server.play(FaultServer.json(openai.answer, 200, headers))
        const whole = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
        assert.strictEqual(whole.status, 200)
        assertClean(JSON.stringify(whole.headers), value)
        assert.include(String(whole.headers["x-debug-authorization"]), "[redacted]")
        assert.strictEqual(whole.headers["x-plain"], "100% plain")
      }
    })
  )

  it.live("is left out with the header that has it as its name", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      server.play(FaultServer.json(openai.answer, 200, { [`x-${key}`]: "1", "x-plain": "1" }))
      const { headers } = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
      assert.strictEqual(headers["x-plain"], "1")
      assert.notInclude(Object.keys(headers).join(), key)
    })
  )

  it.live("is redacted in a good answer, and every other byte is unchanged", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      for (const value of said) {
        const text = JSON.stringify(openai.answer).replace(
          /"content":"/,
          `$&${value.replaceAll("$", "$$$$")} ; `
        )
        server.play(FaultServer.text(text))
        const whole = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
        assert.strictEqual(whole.status, 200)
        assertClean(whole.text, value)
        assert.include(whole.text, "[redacted]")
        assert.isTrue(text.startsWith(whole.text.slice(0, whole.text.indexOf("[redacted]") - 8)))
      }
    })
  )

  it.live("is redacted in an event of a stream, however its bytes were split", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const [opening, ...rest] = openai.events
      for (const value of said) {
        const event = rest.find((each) => /"content":"[^"]/.test(each))!.replace(/"content":"/, `$&${value} `)
        const bytes = [opening!, rest[0]!, event, event, ...rest].join("")
        for (const size of [7, 1_000]) {
          const steps = bytes.match(new RegExp(`[^]{1,${size}}`, "g"))!.map((send) => ({ send }))
          server.play([FaultServer.sseHead, ...steps, { end: true }])
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x", { stream: true }) })
          assert.strictEqual(got.status, 200)
          assertClean(got.text, value)
          assert.lengthOf(got.text.match(/\[redacted\]/g) ?? [], 2, value)
          assert.include(got.text, "[DONE]")
        }
      }
    })
  )

  it.live("is redacted in an error, and so is that of another credential", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      for (const value of said) {
        server.play(
          FaultServer.text(
            `{"error":{"message":"bad request of ${value}","type":"invalid_request_error"}}`,
            400,
            { "content-type": "application/json", "x-echo": value }
          )
        )
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
        assert.strictEqual(got.status, 400, value)
        assertClean(got.text + JSON.stringify(got.headers), value)
        assert.include(got.text, "bad request of ")
      }
    })
  )

  it.live("is redacted in translated answers too", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway("anthropic")
      for (const value of said) {
        const text = JSON.stringify(anthropic.answer).replace(/"text":"/, `$&${value} ; `)
        server.play(FaultServer.text(text, 200, { "x-echo": value }))
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
        assert.strictEqual(got.status, 200)
        assertClean(got.text + JSON.stringify(got.headers), value)
      }
    })
  )

  it.effect("is any of the secrets of the config", () =>
    Effect.gen(function* () {
      const config = yield* Load.parse(
        JSON.stringify({
          providers: {
            a: {
              protocol: "openai",
              baseUrl: "https://user:secret-one@x.example/v1?api-key=secret-two",
              credentials: [
                { name: "k", apiKey: "secret-three", baseUrl: "https://u:secret%2Dfour@x.example" }
              ],
              headers: {
                authorization: `Basic ${Buffer.from("me:secret-five").toString("base64")}`,
                "x-api-key": "secret-six",
                accept: "application/json"
              },
              query: { key: "secret-seven", "api-version": "2024-10-21" }
            }
          },
          bench: { store: "redis://u:secret-eight@x.example" },
          telemetry: {
            otlp: { endpoint: "https://u:secret-nine@x.example", headers: { "x-any": "secret-ten" } }
          }
        }),
        { file: "f", folder: "/" }
      )
      const { text } = ConfigSecrets.of(config)
      const words = "one two three four five six seven eight nine ten".split(" ")
      for (const word of words) assert.strictEqual(text(`a secret-${word} b`), "a [redacted] b", word)
      assert.strictEqual(text("application/json of 2024-10-21"), "application/json of 2024-10-21")
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
