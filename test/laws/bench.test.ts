/** The bench as a state machine: laws that hold after any sequence of operations. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as Bench from "../../src/health/Bench.ts"
import { Credential, Failure, Policy, type Rule, Target } from "../../src/index.ts"
import { check } from "./scenario.ts"

const Pick = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const rests = ["target", "credential", "model", "provider"] as const

const Admit = Schema.TaggedStruct("admit", { target: Pick(3) })

const Operation = Schema.Union([
  // Three times as likely as the others, since an operation that ends an attempt needs an open one.
  Admit,
  Admit,
  Admit,
  /** A last attempt: the target is called although it is benched, since every target is. */
  Schema.TaggedStruct("anyway", { target: Pick(3) }),
  Schema.TaggedStruct("succeed", { attempt: Pick(4) }),
  Schema.TaggedStruct("fail", {
    attempt: Pick(4),
    after: Schema.Literals([-1, 0, 900, 30_000]),
    rest: Schema.Literals(["none", ...rests]),
    threshold: Pick(3)
  }),
  Schema.TaggedStruct("release", { attempt: Pick(4) }),
  Schema.TaggedStruct("reopen", { attempt: Pick(4) }),
  Schema.TaggedStruct("byHand", { key: Pick(7), millis: Schema.Literals([500, 60_000]) }),
  Schema.TaggedStruct("unbench", { key: Pick(7) }),
  Schema.TaggedStruct("pass", { millis: Schema.Literals([1, 300, 6_000, 40_000]) })
])
const Operations = Schema.Array(Operation).check(Schema.isBetweenLength(20, 60))
type Operation = typeof Operation.Type

const targets = ["m0#c0", "m0#c1", "m1#c0", "m1#c1"].map((name) => {
  const [model, credential] = name.split("#")
  return Target.make({
    provider: "p",
    model: model!,
    credential: Credential.make(credential!),
    policy: Policy.defaults
  })
})
const keys = [...new Set(targets.flatMap(({ benchKeys }) => Object.values(benchKeys)))]

interface Attempt {
  readonly target: Target.Target
  readonly admission: Bench.Go | Bench.Probe
}

interface Moment {
  readonly operation: Operation
  readonly before: Bench.State
  readonly after: Bench.State
  readonly now: number
  readonly said: Bench.Admission | undefined
  /** The attempt that the operation ended. */
  readonly ended: Attempt | undefined
}

/** A caller names a model that is not configured, and its target is benched for a day. */
const madeUp = (state: Bench.State, model: string, now: number): Bench.State => {
  const { credential, policy, provider } = targets[0]!
  const target = Target.make({ provider, model, credential, policy, unlisted: true })
  const rest: Rule.Rest = { scope: "target", threshold: 1, base: 86_400_000, max: 86_400_000 }
  const failure = new Failure.AuthDead({ reason: "ModelMissing", message: "no such model" })
  return Bench.fail(state, target, { _tag: "Go", generation: state.generation }, failure, rest, now)
}

/** Runs the operations in order, with this many made-up names before each. An operation that ends an attempt takes one that was admitted before. */
function* play(operations: ReadonlyArray<Operation>, made = 0): Generator<Moment, void> {
  const under: Array<Attempt> = []
  let now = 1_000_000
  let state = Bench.empty
  let said: Bench.Admission | undefined
  let ended: Attempt | undefined

  const ending = (index: number, f: (attempt: Attempt) => Bench.State): Bench.State => {
    ended = under.length === 0 ? undefined : under.splice(index % under.length, 1)[0]
    return ended === undefined ? state : f(ended)
  }
  const step = (operation: Operation): Bench.State => {
    switch (operation._tag) {
      case "admit": {
        const target = targets[operation.target]!
        const [admission, next] = Bench.admit(state, target, now)
        said = admission
        if (admission._tag !== "Benched") under.push({ target, admission })
        return next
      }
      case "anyway":
        under.push({
          target: targets[operation.target]!,
          admission: { _tag: "Go", generation: state.generation }
        })
        return state
      case "succeed":
        return ending(operation.attempt, (a) => Bench.succeed(state, a.target, a.admission, now))
      case "fail": {
        const { after, rest: scope, threshold } = operation
        const failure = new Failure.Transient({
          reason: "ServerError",
          message: "out of order",
          ...(after >= 0 && { retryAfter: Duration.millis(after) })
        })
        const rest: Rule.Rest | undefined =
          scope === "none" ? undefined : { scope, threshold, base: 5_000, max: 30_000 }
        return ending(operation.attempt, (a) => Bench.fail(state, a.target, a.admission, failure, rest, now))
      }
      case "release":
      case "reopen":
        return ending(operation.attempt, ({ admission }) =>
          admission._tag === "Probe"
            ? (operation._tag === "release" ? Bench.release : Bench.reopen)(state, admission, now)
            : state
        )
      case "byHand": {
        const manual = { since: now, until: now + operation.millis, reason: undefined, by: undefined }
        return Bench.bench(state, keys[operation.key % keys.length]!, manual)
      }
      case "unbench":
        return Bench.unbench(state, keys[operation.key % keys.length]!, now)
      case "pass":
        now += operation.millis
        return state
    }
  }

  for (const [index, operation] of operations.entries()) {
    for (let i = 0; i < made; i++) state = madeUp(state, `${index}-${i}`, now)
    const before = state
    said = undefined
    ended = undefined
    state = step(operation)
    yield { operation, before, after: state, now, said, ended }
  }
}

const law = (name: string, holds: (moment: Moment) => void) =>
  it.prop(name, [Operations], ([operations]) => [...play(operations)].forEach(holds), check(500))

describe("whatever happened before, the bench", () => {
  law(
    "shortens a cooldown only after an answer, or when an operator clears the key",
    ({ after, before, now, operation }) => {
      if (operation._tag === "succeed" || operation._tag === "unbench") return
      for (const [key, entry] of before.entries) {
        if (Bench.isBenched(entry, now))
          assert.isAtLeast(after.entries.get(key)?.until ?? 0, entry.until, key)
      }
    }
  )

  law(
    "ends a manual bench only at its end, or when an operator clears it",
    ({ after, before, now, operation }) => {
      if (operation._tag === "unbench") return
      for (const [key, { manual }] of before.entries) {
        if (manual === undefined || now >= manual.until) continue
        assert.isAtLeast(after.entries.get(key)?.manual?.until ?? 0, manual.until, `${operation._tag} ${key}`)
      }
    }
  )

  law(
    "admits nothing to a benched key, and one probe to a half-open one",
    ({ before, now, operation, said }) => {
      if (operation._tag !== "admit" || said === undefined) return
      const entries = Object.values(targets[operation.target]!.benchKeys).flatMap(
        (key) => before.entries.get(key) ?? []
      )
      const rests = entries.some((entry) => Bench.isBenched(entry, now))
      const probed = entries.some((entry) => entry.reason !== undefined && entry.probe !== 0)
      const halfOpen = entries.some((entry) => entry.reason !== undefined)
      assert.strictEqual(said._tag, rests || probed ? "Benched" : halfOpen ? "Probe" : "Go")
    }
  )

  law("ignores an answer whose attempt began before the bench", ({ after, before, ended, operation }) => {
    if (operation._tag !== "succeed" || ended === undefined) return
    for (const [key, entry] of before.entries) {
      if (entry.reason === undefined || entry.generation <= ended.admission.generation) continue
      assert.strictEqual(after.entries.get(key)?.until, entry.until, key)
      assert.strictEqual(after.entries.get(key)?.reason, entry.reason, key)
    }
  })

  law("never decreases a generation", ({ after, before, operation }) => {
    assert.isAtLeast(after.generation, before.generation, operation._tag)
  })

  it.prop("never mutates an earlier state", [Operations], ([operations]) => {
    const copied = ({ entries, generation }: Bench.State) => ({
      generation,
      entries: structuredClone([...entries].sort())
    })
    const held: Array<readonly [Bench.State, ReturnType<typeof copied>]> = [
      [Bench.empty, copied(Bench.empty)]
    ]
    for (const { after } of play(operations)) held.push([after, copied(after)])
    for (const [state, copy] of held) assert.deepStrictEqual(copied(state), copy)
  })

  it.prop(
    "treats configured keys the same, however many made-up names there are",
    [Operations],
    ([operations]) => {
      const known = ({ entries }: Bench.State) =>
        keys.map((key) => {
          const { evidence, failures, consecutiveBenches, manual, probe, reason, since, until } =
            entries.get(key) ?? {}
          const isProbed = (probe ?? 0) !== 0
          return {
            key,
            evidence,
            failures: failures ?? 0,
            consecutiveBenches: consecutiveBenches ?? 0,
            isProbed,
            manual,
            reason,
            since,
            until
          }
        })
      const crowded = [...play(operations, 60)]
      for (const [index, { after, said }] of [...play(operations)].entries()) {
        assert.deepStrictEqual(known(crowded[index]!.after), known(after), operations[index]!._tag)
        assert.strictEqual(crowded[index]!.said?._tag, said?._tag)
        assert.isAtMost(crowded[index]!.after.entries.size, keys.length + Bench.mostUnlisted)
        assert.isAtLeast(crowded[index]!.after.generation, crowded[index]!.before.generation)
      }
    },
    check(60)
  )

  it.prop(
    "releases every probe slot once all attempts have ended",
    [Operations],
    ([operations]) => {
      const endings = Array.from(
        { length: operations.length },
        (): Operation => ({ _tag: "release", attempt: 0 })
      )
      const last = [...play([...operations, ...endings])].at(-1)!
      assert.isEmpty([...last.after.entries].filter(([, entry]) => entry.probe !== 0))
    },
    check(300)
  )
})
