/** The permission for an attempt: from the other processes before a probe, and from the limiter of a credential. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import * as AttemptPermission from "../../src/engine/run/AttemptPermission.ts"
import type * as Bench from "../../src/health/Bench.ts"
import type { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import type { EngineBench } from "../../src/health/EngineBench.ts"
import * as Policy from "../../src/policy/Policy.ts"

const go: Bench.Go = { _tag: "Go", generation: 0 }
const probe = { _tag: "Probe", generation: 0 } as unknown as Bench.Probe

/** The permission that is requested. `claim` and `take` are the answers, and absent if no request should be made. */
const ask = (
  admission: Bench.Go | Bench.Probe,
  { claim, take }: { readonly claim?: Effect.Effect<boolean>; readonly take?: Effect.Effect<boolean> }
) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const telling = (name: string, says: Effect.Effect<boolean>) =>
      Effect.suspend(() => {
        asked.push(name)
        return says
      })
    const registry = claim === undefined ? {} : { claim: () => telling("claim", claim) }
    const limits = { take: () => telling("take", take ?? Effect.succeed(true)) }
    const target = Target.make({
      provider: "a",
      model: "m",
      credential: Credential.make("k", { rpm: take === undefined ? undefined : 60 }),
      policy: Policy.defaults
    })
    const permission = AttemptPermission.ask(
      { limits: limits as unknown as CredentialLimits, registry: registry as unknown as EngineBench },
      target,
      admission
    )
    return [permission === undefined ? undefined : yield* permission, ...asked]
  })

const [yes, no, bug] = [Effect.succeed(true), Effect.succeed(false), Effect.die("a bug")]

describe("an attempt", () => {
  for (const [what, admission, others, said] of [
    ["needs no permission", go, {}, [undefined]],
    ["needs none of other processes if it is no probe", go, { claim: no }, [undefined]],
    ["needs none if it is a probe that no other process knows", probe, {}, [undefined]],
    ["that is a probe may be made if no other process probes", probe, { claim: yes }, ["granted", "claim"]],
    [
      "that is a probe may not be made while another process probes",
      probe,
      { claim: no },
      ["probing", "claim"]
    ],
    ["may be made within the limit of its credential", go, { take: yes }, ["granted", "take"]],
    [
      "within the limit of its credential needs nothing of other processes if it is no probe",
      go,
      { claim: no, take: yes },
      ["granted", "take"]
    ],
    ["may not be made above it", go, { take: no }, ["limited", "take"]],
    ["that is a probe needs both", probe, { claim: yes, take: no }, ["limited", "claim", "take"]],
    [
      "that is a probe takes nothing of the limit while another process probes",
      probe,
      { claim: no, take: yes },
      ["probing", "claim"]
    ],
    ["may be made where the limiter is broken", go, { take: bug }, ["granted", "take"]],
    ["that is a probe may be made where the bench is broken", probe, { claim: bug }, ["granted", "claim"]]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ask(admission, others), [...said])
      })
    )
  }
})
