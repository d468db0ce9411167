/** Viewers of the status page that come at once, with very many targets. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Row, Status } from "../../../src/gateway/status/Status.ts"
import * as Watch from "../../../src/gateway/status/Watch.ts"
import * as Turns from "../../../src/util/Turns.ts"

const row = (index: number): Row => ({
  key: `p/m${index}#k`,
  provider: "p",
  model: `m${index}`,
  credential: "k",
  named: true,
  state: "serving",
  answered: 0,
  failed: 0,
  failures: {},
  steps: []
})

const status: Status = {
  at: 0,
  startedAt: 0,
  stepMillis: 10_000,
  steps: 60,
  control: false,
  providers: [],
  models: [],
  requests: [],
  rows: Array.from({ length: 2_000 }, (_, index) => row(index)),
  benches: [],
  decisions: []
}

describe("viewers that come at once", () => {
  it.live("share one reading of the status, which takes several turns of the event loop", () =>
    Effect.gen(function* () {
      let reads = 0
      const read = Effect.as(
        Effect.andThen(
          Effect.sync(() => reads++),
          Turns.next
        ),
        status
      )
      const { events } = yield* Watch.make(read)
      const firsts = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Stream.runHead(events).pipe(Effect.map((text) => JSON.stringify(text).length)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(firsts).size, 1)
      assert.strictEqual(reads, 1)
    }).pipe(Effect.scoped)
  )
})
