/**
 * The status as it changes, for everybody who looks at it.
 *
 * A viewer gets the whole status first and then, twice a second at most, what has changed since. It is worked out once
 * for all viewers, and not at all while there is none. What is said is absolute (a row as it is now), so hearing
 * something twice does no harm.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Decision, isTroubled } from "../../observe/Decisions.ts"
import type { Row, Status } from "./Status.ts"

/** What has changed. Fields are left out where nothing has. */
export interface Update {
  readonly at: number
  /** Rows as they are now, with their last steps only. */
  readonly rows?: ReadonlyArray<Row>
  /** Keys of rows that are no more. */
  readonly gone?: ReadonlyArray<string>
  /** All that is on the bench. */
  readonly benches?: Status["benches"]
  /** Requests that came or went on, the newest first. Under load the troubled ones and some of the others. */
  readonly decisions?: ReadonlyArray<Decision>
}

/** How often viewers hear of what has changed, in milliseconds. */
const pace = 500

/** Viewers hear something at least this often, in milliseconds, so that silence means trouble. */
const heartbeat = 3_000

/** Messages that may wait for a slow viewer. One that falls further behind is let go, and may come back. */
const patience = 32

/** How many decisions one update brings: of those in which something failed, and of the others. */
const most = { troubled: 30, smooth: 15 }

/** The status as it changes. */
export interface Watch {
  /** How many are looking. */
  readonly viewers: () => number
  /** Server-sent events: one `status`, then an `update` for each change, `alive` when there was none. */
  readonly events: Stream.Stream<string>
}

/** Builds it. It works in the background while somebody is looking, until the scope ends. */
export const make = (read: Effect.Effect<Status>): Effect.Effect<Watch, never, Scope.Scope> =>
  Effect.gen(function* () {
    const viewers = new Set<Queue.Queue<string, Cause.Done>>()
    const isWatched = yield* Latch.make()
    let published: Status | undefined
    let whole: string | undefined
    let spokenAt = 0

    const drop = (viewer: Queue.Queue<string, Cause.Done>) => {
      viewers.delete(viewer)
      if (viewers.size > 0) return
      isWatched.closeUnsafe()
      published = undefined
      whole = undefined
    }

    const tell = (text: string, at: number) => {
      spokenAt = at
      for (const viewer of viewers) {
        if (Queue.offerUnsafe(viewer, text)) continue
        drop(viewer)
        Queue.endUnsafe(viewer)
      }
    }

    const publish = Effect.map(read, (status) => {
      const update = published === undefined ? undefined : changed(published, status)
      published = status
      whole = undefined
      if (update !== undefined) tell(event("update", update), status.at)
      else if (status.at - spokenAt >= heartbeat) tell(event("alive", { at: status.at }), status.at)
    })

    /** The whole status for somebody who comes: worked out once for all who come before the next update. */
    const greeting = Effect.suspend(() =>
      whole !== undefined
        ? Effect.succeed(whole)
        : Effect.map(read, (status) => {
            published ??= status
            whole = event("status", status)
            return whole
          })
    )

    yield* Effect.forkScoped(
      Effect.forever(isWatched.await.pipe(Effect.andThen(Effect.sleep(pace)), Effect.andThen(publish)))
    )

    return {
      viewers: () => viewers.size,
      events: Stream.callback<string>(
        (queue) =>
          Effect.acquireRelease(
            Effect.map(greeting, (text) => {
              Queue.offerUnsafe(queue, text)
              viewers.add(queue)
              isWatched.openUnsafe()
            }),
            () => Effect.sync(() => drop(queue))
          ),
        { bufferSize: patience, strategy: "dropping" }
      )
    }
  })

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** From one status to the next; `undefined` when nothing has changed. */
export const changed = (before: Status, now: Status): Update | undefined => {
  const known = new Map(before.rows.map((row) => [row.key, row]))
  const since = Math.floor(before.at / now.stepMillis)
  const rows = now.rows.flatMap((row) =>
    known.get(row.key) === row ? [] : [{ ...row, steps: row.steps.filter(([number]) => number >= since) }]
  )
  const present = new Set(now.rows.map(({ key }) => key))
  const gone = before.rows.filter(({ key }) => !present.has(key)).map(({ key }) => key)
  const isSameBench = JSON.stringify(before.benches) === JSON.stringify(now.benches)
  const decisions = latest(before.decisions, now.decisions)
  if (rows.length + gone.length + decisions.length === 0 && isSameBench) return undefined
  return {
    at: now.at,
    ...(rows.length > 0 && { rows }),
    ...(gone.length > 0 && { gone }),
    ...(!isSameBench && { benches: now.benches }),
    ...(decisions.length > 0 && { decisions })
  }
}

const latest = (before: ReadonlyArray<Decision>, now: ReadonlyArray<Decision>): ReadonlyArray<Decision> => {
  const known = new Set(before)
  const left = { ...most }
  return now.filter(
    (decision) => !known.has(decision) && left[isTroubled(decision) ? "troubled" : "smooth"]-- > 0
  )
}
