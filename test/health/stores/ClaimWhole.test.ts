/** A claim of several probes over a real Redis: all of them or none. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as Scripts from "../../../src/health/stores/Scripts.ts"
import * as Redis from "../../support/redis.ts"

describe.skipIf(!Redis.isInstalled)("a claim of several probes", () => {
  it.live("takes none of them when another holder has one", () =>
    Effect.gen(function* () {
      const redis = yield* connect(Redacted.make((yield* Redis.make).url))
      const names = Scripts.names("claims")
      const claim = (replica: string, ...keys: ReadonlyArray<string>) =>
        redis.eval(Scripts.claim)(names, replica, 60_000, keys)
      assert.strictEqual(yield* claim("first", "b"), 0)
      assert.isAbove(yield* claim("second", "a", "b"), 0, "b is held")
      assert.strictEqual(yield* claim("third", "a"), 0, "the second one has not kept a")
    }).pipe(Effect.scoped)
  )
})
