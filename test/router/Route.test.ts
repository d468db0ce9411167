import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as Failure from "../../src/failure/Failure.ts"
import * as Ramp from "../../src/router/Ramp.ts"
import * as Route from "../../src/router/Route.ts"

const rules: Route.Rules = {
  hasBackup: true,
  threshold: 3,
  cooldown: 300_000,
  ramp: Ramp.make(),
  judge: Route.judge
}
const throttled = new Failure.RateLimit({ message: "slow down" })
const fault = new Failure.Transient({ reason: "Connection", message: "refused" })
const refused = new Failure.BadRequest({ reason: "Invalid", message: "no" })

/** Failures of the primary, one after another at the same time. */
const failing = (state: Route.State, now: number, ...failures: ReadonlyArray<Failure.Failure>) =>
  failures.reduce((next, failure) => Route.failed(next, rules, "primary", next.epoch, failure, now), state)
const start = Route.initial(0)
const moved = failing(start, 1_000, throttled)

describe("a route", () => {
  it("moves at once for a throttle or a dead key, and for the third fault in a row", () => {
    const dead = new Failure.AuthDead({ reason: "InvalidKey", message: "no" })
    const rows: ReadonlyArray<readonly [ReadonlyArray<Failure.Failure>, Route.Phase]> = [
      [[throttled], "backup"],
      [[dead], "backup"],
      [[fault], "primary"],
      [[fault, fault], "primary"],
      [[fault, fault, fault], "backup"],
      [[fault, refused, fault], "primary"],
      [[fault, refused, fault, fault], "backup"],
      [[refused, refused, refused, refused], "primary"]
    ]
    for (const [failures, phase] of rows) {
      assert.strictEqual(failing(start, 0, ...failures).phase, phase, failures.map(Failure.classOf).join())
    }
  })

  it("resets the count of faults with an answer", () => {
    const answered = Route.succeeded(failing(start, 0, fault, fault), "primary", 0)
    assert.strictEqual(answered.primary.failuresInRow, 0)
    assert.strictEqual(failing(answered, 0, fault, fault).phase, "primary")
  })

  it("has the cooldown of its rule, or the wait the primary requested if that is longer", () => {
    const asking = (wait: Duration.Input) =>
      new Failure.RateLimit({ message: "slow down", retryAfter: Duration.fromInputUnsafe(wait) })
    assert.strictEqual(moved.until, 301_000)
    assert.strictEqual(failing(start, 1_000, asking("1 minute")).until, 301_000)
    assert.strictEqual(failing(start, 1_000, asking("10 minutes")).until, 601_000)
    assert.strictEqual(failing(start, 1_000, asking("30 days")).until, 1_000 + 24 * 3_600_000)
  })

  it("returns only with a passed check after the cooldown", () => {
    const check = (failure: Failure.Failure | undefined, now: number) =>
      Route.checked(moved, rules, moved.epoch, failure, now).phase
    assert.strictEqual(check(undefined, 300_999), "backup")
    assert.strictEqual(check(fault, 301_000), "backup")
    assert.strictEqual(check(undefined, 301_000), "returning")
  })

  it("does not count an answer of the primary as a check while the backup is in use", () => {
    assert.strictEqual(Route.succeeded(moved, "primary", moved.epoch), moved)
  })

  it("moves again during the ramp, and the ramp ends if nothing happens", () => {
    const returning = Route.checked(moved, rules, moved.epoch, undefined, 301_000)
    assert.strictEqual(failing(returning, 302_000, throttled).phase, "backup")
    assert.strictEqual(Route.settle(returning, 360_999), returning)
    const settled = Route.settle(returning, 400_000)
    assert.strictEqual(settled.phase, "primary")
    assert.strictEqual(settled.since, 361_000)
  })

  it("returns at once without a ramp", () => {
    const sudden = { ...rules, ramp: Ramp.none }
    assert.strictEqual(Route.checked(moved, sudden, moved.epoch, undefined, 301_000).phase, "primary")
  })

  it("is not moved by outcomes of the backup, which are still recorded", () => {
    const worse = Route.failed(moved, rules, "backup", moved.epoch, throttled, 2_000)
    assert.strictEqual(worse.phase, "backup")
    assert.deepStrictEqual(worse.backup, {
      failuresInRow: 1,
      down: true,
      lastFailure: { class: "RateLimit", at: 2_000 }
    })
    assert.isFalse(Route.succeeded(worse, "backup", worse.epoch).backup.down)
  })

  it("ignores requests that began before it returned", () => {
    const returning = Route.checked(moved, rules, moved.epoch, undefined, 301_000)
    const late = Route.failed(returning, rules, "primary", moved.epoch, throttled, 302_000)
    assert.strictEqual(late, returning)
  })

  it("can use another verdict function", () => {
    const patient: Route.Rules = { ...rules, judge: () => "count", threshold: 1 }
    assert.strictEqual(Route.failed(start, patient, "primary", 0, refused, 0).phase, "backup")
  })
})

/** One thing that can happen to a route. */
const Happening = Schema.Struct({
  what: Schema.Literals(["answer", "throttle", "fault", "refusal", "pass", "miss", "nothing"]),
  at: Schema.Literals(["primary", "backup"]),
  /** The number of epochs since it began: mostly none. */
  ago: Schema.Literals([0, 0, 0, 1]),
  /** Seconds that go by before it. */
  later: Schema.Literals([0, 1, 20, 50, 299, 300, 400])
})
const Happenings = Schema.Array(Happening).check(Schema.isMinLength(10))
const many = { arbitrary: { runs: 300 } }

const happen = (
  state: Route.State,
  by: Route.Rules,
  { ago, at, what }: typeof Happening.Type,
  now: number
): Route.State => {
  const epoch = state.epoch - ago
  switch (what) {
    case "answer":
      return Route.succeeded(state, at, epoch)
    case "throttle":
      return Route.failed(state, by, at, epoch, throttled, now)
    case "fault":
      return Route.failed(state, by, at, epoch, fault, now)
    case "refusal":
      return Route.failed(state, by, at, epoch, refused, now)
    case "pass":
      return Route.checked(state, by, epoch, undefined, now)
    case "miss":
      return Route.checked(state, by, epoch, fault, now)
    case "nothing":
      return state
  }
}

/** Every step of a history: the event, its time, and the states before and after it. */
const history = (by: Route.Rules, happenings: ReadonlyArray<typeof Happening.Type>) => {
  let now = 0
  let state = Route.initial(now)
  return happenings.map((happening) => {
    now += happening.later * 1_000
    const before = Route.settle(state, now)
    state = happen(before, by, happening, now)
    return { ...happening, now, before, after: state }
  })
}

describe("a route after any sequence of events", () => {
  it.prop(
    "without a backup nothing moves",
    [Happenings],
    ([happenings]) => {
      for (const { after, now } of history({ ...rules, hasBackup: false }, happenings)) {
        assert.strictEqual(after.phase, "primary")
        assert.strictEqual(Route.share(after, rules, now), 1)
      }
    },
    many
  )

  it.prop(
    "only a passed check after the cooldown leads away from the backup",
    [Happenings],
    ([happenings]) => {
      for (const { after, before, now, what } of history(rules, happenings)) {
        if (before.phase !== "backup" || after.phase === "backup") continue
        assert.strictEqual(what, "pass")
        assert.isAtLeast(now, before.until)
        assert.isAtLeast(now - before.since, rules.cooldown)
      }
    },
    many
  )

  it.prop(
    "what is stale changes nothing",
    [Happenings],
    ([happenings]) => {
      for (const { after, ago, before } of history(rules, happenings)) {
        if (ago > 0) assert.strictEqual(after, before)
      }
    },
    many
  )

  it.prop(
    "the primary is in use only with a row shorter than the threshold",
    [Happenings],
    ([happenings]) => {
      for (const { after } of history(rules, happenings)) {
        assert.isTrue(after.phase === "backup" || after.primary.failuresInRow < rules.threshold)
        assert.strictEqual(after.phase === "backup", after.primary.down)
      }
    },
    many
  )

  it.prop(
    "the share is all, nothing, or something that grows",
    [Happenings],
    ([happenings]) => {
      for (const { after, now } of history(rules, happenings)) {
        const share = Route.share(after, rules, now)
        if (after.phase === "primary") assert.strictEqual(share, 1)
        if (after.phase === "backup") assert.strictEqual(share, 0)
        assert.isAtMost(share, Route.share(Route.settle(after, now + 1_000), rules, now + 1_000))
      }
    },
    many
  )

  it.prop(
    "every move is counted, and starts an epoch",
    [Happenings],
    ([happenings]) => {
      for (const { after, before } of history(rules, happenings)) {
        const left = before.phase !== "backup" && after.phase === "backup"
        assert.strictEqual(after.moves - before.moves, left ? 1 : 0)
        assert.strictEqual(after.epoch - before.epoch, before.phase === after.phase ? 0 : 1)
      }
    },
    many
  )
})
