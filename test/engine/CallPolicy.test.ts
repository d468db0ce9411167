/** Options of one call: which are allowed, and which are refused. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "../../src/engine/CallOptions.ts"
import { forCall } from "../../src/engine/CallPolicy.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Policy from "../../src/policy/Policy.ts"

const policy = Policy.make({ deadline: "1 minute", attempts: 5, whenAllBenched: "wait" })

describe("the policy of a call", () => {
  it("is that of its chain, unchanged, where the call sets nothing that concerns it", () => {
    for (const call of [
      undefined,
      {},
      { hedge: false, affinity: "thread", since: 1n, observer: () => {} },
      {
        deadline: undefined,
        attempts: undefined,
        classify: () => ({}),
        phase: () => ({}),
        isBusy: () => true
      }
    ]) {
      assert.strictEqual(forCall(policy, call), policy)
    }
  })

  for (const [field, said, kept] of [
    ["deadline", "5 seconds", 5_000],
    ["attempts", 2, 2],
    ["whenAllBenched", "fail", "fail"],
    ["commit", Commit.complete, Commit.complete]
  ] as const) {
    it(`takes ${field} (${JSON.stringify(said)}) from the call, and the rest from the chain`, () => {
      assert.deepStrictEqual(forCall(policy, { [field]: said }), { ...policy, [field]: kept })
    })
  }

  for (const [field, value, says] of [
    ["deadline", "soon", /deadline/],
    ["attempts", 1.5, /attempts/],
    ["whenAllBenched", "sleep", /whenAllBenched/],
    ["observer", "log", /observer/],
    ["hedge", "yes", /hedge has to be true or false/],
    ["affinity", 7, /affinity has to be a string or a function/],
    ["since", 7, /since has to be a bigint, as Clock\.monotonicTimeNanos gives it/],
    ["commit", "soon", /commit/],
    ["classify", "no", /classify/],
    ["phase", "no", /phase/],
    ["isBusy", true, /isBusy/]
  ] as const) {
    it(`refuses a ${field} that is ${JSON.stringify(value)}, and names the options of a call`, () => {
      const call = { [field]: value } as unknown as CallOptions
      assert.throws(() => forCall(policy, call), says)
      assert.throws(() => forCall(policy, call), /the options of a call/)
    })
  }

  it("takes a function as the key of a conversation", () => {
    assert.strictEqual(forCall(policy, { affinity: () => "thread" }), policy)
  })
})
