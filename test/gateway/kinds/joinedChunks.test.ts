/** Whole answers that consist of the chunks of a stream. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, type Reply, stage } from "../../support/kinds.ts"

/** Requests a whole chat from an upstream with this answer. */
const asked = (reply: Reply) =>
  Effect.gen(function* () {
    const { post } = yield* stage({ one: { protocol: "openai", reply: () => reply } })
    return yield* post("/v1/chat/completions", {
      messages: [{ role: "user", content: "hi" }],
      model: "one/m"
    })
  })

describe("a whole answer made of chunks", () => {
  it.live("changes no object but itself", () =>
    Effect.gen(function* () {
      const chunks = [
        JSON.stringify(chunk({ role: "assistant", content: "from one" })),
        `{"choices":[{"index":0,"delta":{"__proto__":{"polluted":"yes"}}}]}`,
        JSON.stringify(chunk({}, "stop")),
        "[DONE]"
      ]
      const got = yield* asked({ events: chunks })
      assert.include(got.text, "from one")
      const leaked = ({} as { readonly polluted?: string }).polluted
      Reflect.deleteProperty(Object.prototype, "polluted")
      assert.strictEqual(leaked, undefined)
    })
  )

  it.live("has the fields that its chunks had, and not the names of their events", () =>
    Effect.gen(function* () {
      const text = [chunk({ role: "assistant", content: "from one" }), chunk({}, "stop")]
        .map((each) => `event: completion\ndata: ${JSON.stringify(each)}\n\n`)
        .join("")
      const got = yield* asked({ text: `${text}data: [DONE]\n\n`, type: "text/event-stream" })
      const json = JSON.parse(got.text)
      assert.strictEqual(json.choices[0].message.content, "from one")
      assert.notProperty(json, "type")
    })
  )
})
