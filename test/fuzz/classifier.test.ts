/** Every response of a provider is one of the five failures, and reading it throws nothing. */
import { assert, describe } from "@effect/vitest"
import { faults } from "../../benchmark/chaos/faults.ts"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { fuzz, json, mutated } from "../support/fuzz.ts"
import type * as Random from "../support/Random.ts"

const bodies: ReadonlyArray<string> = Object.values(faults).flatMap(({ make }) =>
  (["chat", "messages", "responses"] as const).flatMap((path) =>
    make({ asked: { path, stream: false, tool: false }, text: "x", piece: 1, by: 1 }).flatMap((step) =>
      "send" in step && typeof step.send === "string" ? [step.send] : []
    )
  )
)

const statuses = [
  undefined,
  null,
  -1,
  0,
  100,
  200,
  302,
  400,
  401,
  402,
  403,
  404,
  408,
  413,
  422,
  429,
  499,
  500,
  503,
  529,
  999
]
const headerNames = [
  "retry-after",
  "Retry-After-Ms",
  "x-ratelimit-reset",
  "anthropic-ratelimit-requests-reset",
  "date",
  "content-type",
  "x-should-retry"
]
const headerValues = [
  "",
  "0",
  "-1",
  "1e9",
  "99999999999999999999",
  "NaN",
  "Infinity",
  "soon",
  "Wed, 21 Oct 2026 07:28:00 GMT",
  "1m30s",
  "2026-11-28T00:00:00Z",
  "text/html",
  "true",
  "\ud800"
]

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const bytesOf = (random: Random.Random, text: string): Uint8Array => {
  const bytes = Buffer.from(text)
  for (let count = random.int(6); count > 0 && bytes.length > 0; count--)
    bytes[random.int(bytes.length)] = random.int(256)
  return bytes.subarray(0, random.chance(0.3) ? random.int(bytes.length + 1) : bytes.length)
}

const bodyOf = (random: Random.Random): unknown => {
  const body = mutated(random, parse(random.pick(bodies)), random.pick([0, 0.05, 0.3]))
  switch (random.int(5)) {
    case 0:
      return body
    case 1:
      return bytesOf(random, JSON.stringify(body) ?? "")
    case 2:
      return (JSON.stringify(body) ?? "").slice(0, random.int(400))
    case 3:
      return `data: ${JSON.stringify(body)}\n\n`.repeat(random.int(3))
    default:
      return JSON.stringify(body)
  }
}

describe("the classifier", () => {
  fuzz(
    "gives one of the five for any answer, with a message and a wait that can be used",
    4_000,
    (random) => {
      const headers = Object.fromEntries(
        Array.from({ length: random.int(4) }, () => [
          random.pick(headerNames),
          random.chance(0.1) ? json(random) : random.pick(headerValues)
        ])
      )
      const failure = classify({
        status: random.pick(statuses),
        headers: random.chance(0.05) ? json(random) : headers,
        body: bodyOf(random),
        inStream: random.chance(0.3),
        transport: random.chance(0.2)
          ? { code: random.pick(["ECONNRESET", "", "EMFILE"]), cause: json(random) }
          : undefined,
        now: random.pick([undefined, 0, Date.UTC(2026, 10, 28), "2026-11-28", "never"])
      })
      assert.isTrue(Failure.isFailure(failure))
      assert.include(Failure.failureClasses, Failure.classOf(failure))
      assert.isNotEmpty(failure.message)
      assert.isAtMost(failure.message.length, 300)
      const wait = Failure.waitMillis(failure, 0)
      assert.isTrue(wait === undefined || (Number.isFinite(wait) && wait >= 0), `a wait of ${wait}`)
    }
  )
})
