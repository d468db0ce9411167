/**
 * The changes of the status, for all viewers.
 *
 * A viewer first gets the whole status, and then, at most twice a second, what changed. Updates are computed
 * once for all viewers that keep up, and not at all without viewers. Nothing is queued: a slow reader gets
 * fewer, larger updates, and a stalled reader holds one message.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type Decision, isTroubled } from "../../observe/Decisions.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Turns from "../../util/Turns.ts"
import type { Row, Status } from "./Status.ts"

/** What changed. Fields without changes are left out. */
export interface Update {
  readonly at: number
  /** Changed rows, with their last steps only. */
  readonly rows?: ReadonlyArray<Row>
  /** Keys of removed rows. */
  readonly gone?: ReadonlyArray<string>
  /** Changed benches. */
  readonly benches?: Status["benches"]
  /** Keys that are no longer benched. */
  readonly off?: ReadonlyArray<string>
  /** The last steps of all requests. */
  readonly requests?: Status["requests"]
  /** New and changed requests, newest first. Under load, those with failures and a sample of the others. */
  readonly decisions?: ReadonlyArray<Decision>
}

/** The interval of updates, in milliseconds. */
const interval = 500

/** From this number of rows on, a status is read, and compared, in turns of their own. */
const many = 1_000

/** The longest time without a message, in milliseconds, so that a viewer can detect a lost connection. */
const heartbeat = 3_000

/** The most decisions in one update: with failures, and without. */
const maxDecisions = { troubled: 30, smooth: 15 }

/** The changes of the status. */
export interface Watch {
  /** The number of viewers. */
  readonly viewers: () => number
  /**
   * Server-sent events: first `status`, then `update` for each change, and `alive` if there was none for a
   * while.
   */
  readonly events: Stream.Stream<string>
}

/** Builds a watch. It works in the background while there are viewers, until the scope ends. */
export const make = (read: Effect.Effect<Status>): Effect.Effect<Watch, never, Scope.Scope> =>
  Effect.gen(function* () {
    const isWatched = yield* Latch.make()
    const news = yield* Latch.make()
    const turn = yield* Semaphore.make(1)
    let viewers = 0
    /** The status that up-to-date viewers have, and the latest one. */
    let [published, latest]: ReadonlyArray<Status | undefined> = []
    let sentAt = 0
    /**
     * Texts shared by many viewers: the whole `latest`, and the updates to `published` by the status that a viewer
     * has.
     */
    let whole: string | undefined
    let updates = new Map<Status, string>()

    /** The last viewer may have left during the wait; what is read then would be old for the next one. */
    const publish = Effect.suspend(() =>
      viewers === 0
        ? Effect.void
        : Effect.flatMap(read, (status) =>
            // Comparing and writing many rows is work for a turn of the event loop of its own.
            status.rows.length >= many ? Effect.flatMap(Turns.next, () => tell(status)) : tell(status)
          )
    )

    const tell = (status: Status) => {
      const update = published === undefined ? undefined : changed(published, status)
      latest = status
      whole = undefined
      if (update !== undefined && published !== undefined) {
        updates = new Map([[published, event("update", update)]])
        published = status
      } else if (status.at - sentAt < heartbeat) return Effect.void
      sentAt = status.at
      return news.release
    }

    yield* Effect.forkScoped(
      Effect.forever(isWatched.await.pipe(Effect.andThen(Effect.sleep(interval)), Effect.andThen(publish)))
    )

    /** The first message of a viewer. Of many that come at once one reads the status, the others wait for it. */
    const first = turn.withPermits(1)(
      Effect.map(
        Effect.suspend(() => (latest === undefined ? read : Effect.succeed(latest))),
        (status) => {
          latest ??= status
          published ??= status
          whole ??= event("status", latest)
          return [whole, published] as const
        }
      )
    )

    const updateSince = (known: Status, now: Status): string => {
      const text = updates.get(known) ?? event("update", changed(known, now) ?? { at: now.at })
      updates.set(known, text)
      return text
    }

    /** The next message of a viewer. */
    const next = (known: Status): Effect.Effect<readonly [string, Status]> =>
      Effect.suspend(() =>
        published === undefined || published === known
          ? Effect.flatMap(news.await, () => (published === known ? alive(known) : next(known)))
          : Effect.succeed([updateSince(known, published), published])
      )

    const enter = Effect.sync(() => {
      viewers++
      isWatched.openUnsafe()
    })
    const leave = Effect.sync(() => {
      if (--viewers > 0) return
      isWatched.closeUnsafe()
      published = latest = whole = undefined
      updates = new Map()
    })

    return {
      viewers: () => viewers,
      events: Stream.unwrap(
        Effect.as(
          Effect.acquireRelease(enter, () => leave),
          Stream.unfold<Status | undefined, string, never, never>(undefined, (known) =>
            known === undefined ? first : next(known)
          )
        )
      )
    }
  })

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

const alive = (known: Status): Effect.Effect<readonly [string, Status]> =>
  Effect.map(MonotonicClock.currentTimeMillis, (at) => [event("alive", { at }), known])

/** The difference of two statuses; `undefined` if nothing changed. */
export const changed = (before: Status, now: Status): Update | undefined => {
  const since = Math.floor(before.at / now.stepMillis)
  const [rows, gone] = difference(before.rows, now.rows, Object.is)
  const [benches, off] = difference(before.benches, now.benches, isSame)
  const requests = now.requests === before.requests ? [] : now.requests.filter(([number]) => number >= since)
  const decisions = latest(before.decisions, now.decisions)
  const update = {
    ...(rows.length > 0 && {
      rows: rows.map((row) => ({ ...row, steps: row.steps.filter(([number]) => number >= since) }))
    }),
    ...(gone.length > 0 && { gone }),
    ...(benches.length > 0 && { benches }),
    ...(off.length > 0 && { off }),
    ...(requests.length > 0 && { requests }),
    ...(decisions.length > 0 && { decisions })
  }
  return Object.keys(update).length === 0 ? undefined : { at: now.at, ...update }
}

/** New and changed items, and the keys of removed ones. */
const difference = <A extends { readonly key: string }>(
  before: ReadonlyArray<A>,
  now: ReadonlyArray<A>,
  isSame: (a: A, b: A) => boolean
): readonly [ReadonlyArray<A>, ReadonlyArray<string>] => {
  const known = new Map(before.map((item) => [item.key, item]))
  const news = now.filter((item) => {
    const other = known.get(item.key)
    known.delete(item.key)
    return other === undefined || !isSame(other, item)
  })
  return [news, [...known.keys()]]
}

const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b)

const latest = (before: ReadonlyArray<Decision>, now: ReadonlyArray<Decision>): ReadonlyArray<Decision> => {
  const known = new Set(before)
  const left = { ...maxDecisions }
  return now.filter(
    (decision) => !known.has(decision) && left[isTroubled(decision) ? "troubled" : "smooth"]-- > 0
  )
}
