/**
 * Streams that break in the middle, when the gateway does not hold them back: what the caller has read cannot be taken
 * back, so the stream must end with an error that no client mistakes for the end of an answer.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Commit from "../../src/policy/Commit.ts"
import { play } from "./Play.ts"
import { scenarioOf } from "./Scenarios.ts"
import * as System from "./System.ts"

/** Each test has its own gateway, since a target whose stream broke is benched for a while. */
const stage = System.stage(1 / 40, { commit: Commit.firstContent, malformedEvents: "fail" })

const rows = [
  ["S08", "a cut stream", 40],
  ["S09", "a stalled stream", 20],
  ["S10", "a stream with an event that is not JSON", 10],
  ["S14", "a cut stream whose fallback takes no half answers", 40]
] as const

/** The events of a stream as they are on the wire. */
const listen = async (baseUrl: string, model: string): Promise<ReadonlyArray<string>> => {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer failoverbench", "content-type": "application/json" },
    body: JSON.stringify({
      model: System.nameOf(model),
      messages: [{ role: "user", content: "Go on." }],
      stream: true,
      fallbacks: [System.nameOf("fb-ok")]
    })
  })
  return (await response.text()).split("\n\n").filter((event) => event !== "")
}

describe("with the default commit point", () => {
  for (const [id, name, words] of rows) {
    it.live(`${id} ${name} ends in a clean error and never as an answer`, () =>
      Effect.gen(function* () {
        const { seen, verdict } = yield* play(scenarioOf(id), yield* stage)
        assert.strictEqual(verdict, "safe", JSON.stringify(seen))
        assert.strictEqual(seen.outcome, "error")
        assert.strictEqual(seen.code, "stream_broken")
        assert.strictEqual(seen.text.split(" ").length, words)
        assert.deepStrictEqual([seen.primary.length, seen.fallback.length], [1, 0])
        assert.isTrue(seen.isAlive)
      })
    )

    it.live(`${id} ${name} has no [DONE] on the wire, and the error is the final event`, () =>
      Effect.gen(function* () {
        const { baseUrl } = yield* stage
        const events = yield* Effect.promise(() => listen(baseUrl, scenarioOf(id).model))
        assert.isUndefined(events.find((event) => event === "data: [DONE]"))
        assert.match(events.at(-1) ?? "", /^data: \{"error":\{"message":"the answer broke off/)
      })
    )
  }
})
