/**
 * The status as it changes, for everybody who looks at it.
 *
 * A viewer gets the whole status first and then, twice a second at most, what has changed since. It is worked out once
 * for all viewers who keep up, and not at all while there is none. Nothing waits in a queue: who reads slowly is told
 * less often, and then of everything that has changed since; who does not read holds one message and no more.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Decision, isTroubled } from "../../observe/Decisions.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import type { Row, Status } from "./Status.ts"

/** What has changed. Fields are left out where nothing has. */
export interface Update {
  readonly at: number
  /** Rows as they are now, with their last steps only. */
  readonly rows?: ReadonlyArray<Row>
  /** Keys of rows that are no more. */
  readonly gone?: ReadonlyArray<string>
  /** Keys of the bench as they are now. */
  readonly benches?: Status["benches"]
  /** Keys that are off the bench. */
  readonly off?: ReadonlyArray<string>
  /** The last steps of all requests. */
  readonly requests?: Status["requests"]
  /** Requests that came or went on, the newest first. Under load the troubled ones and some of the others. */
  readonly decisions?: ReadonlyArray<Decision>
}

/** How often viewers hear of what has changed, in milliseconds. */
const pace = 500

/** Viewers hear something at least this often, in milliseconds, so that silence means trouble. */
const heartbeat = 3_000

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
    const isWatched = yield* Latch.make()
    const news = yield* Latch.make()
    let viewers = 0
    /** What viewers who keep up have been told, and the same as it was read last. */
    let [told, latest]: ReadonlyArray<Status | undefined> = []
    let spokenAt = 0
    /** Texts that are the same for many viewers: `latest` as a whole, and what is new in `told`, by what one knows. */
    let whole: string | undefined
    let updates = new Map<Status, string>()

    const publish = Effect.flatMap(read, (status) => {
      const update = told === undefined ? undefined : changed(told, status)
      latest = status
      whole = undefined
      if (update !== undefined && told !== undefined) {
        updates = new Map([[told, event("update", update)]])
        told = status
      } else if (status.at - spokenAt < heartbeat) return Effect.void
      spokenAt = status.at
      return news.release
    })

    yield* Effect.forkScoped(
      Effect.forever(isWatched.await.pipe(Effect.andThen(Effect.sleep(pace)), Effect.andThen(publish)))
    )

    /** For somebody who comes. */
    const greeting = Effect.map(
      Effect.suspend(() => (latest === undefined ? read : Effect.succeed(latest))),
      (status) => {
        latest ??= status
        told ??= status
        whole ??= event("status", latest)
        return [whole, told] as const
      }
    )

    const updateSince = (known: Status, now: Status): string => {
      const text = updates.get(known) ?? event("update", changed(known, now) ?? { at: now.at })
      updates.set(known, text)
      return text
    }

    /** For somebody who has been told already. */
    const next = (known: Status): Effect.Effect<readonly [string, Status]> =>
      Effect.suspend(() =>
        told === undefined || told === known
          ? Effect.flatMap(news.await, () => (told === known ? alive(known) : next(known)))
          : Effect.succeed([updateSince(known, told), told])
      )

    const enter = Effect.sync(() => {
      viewers++
      isWatched.openUnsafe()
    })
    const leave = Effect.sync(() => {
      if (--viewers > 0) return
      isWatched.closeUnsafe()
      told = latest = whole = undefined
      updates = new Map()
    })

    return {
      viewers: () => viewers,
      events: Stream.unwrap(
        Effect.as(
          Effect.acquireRelease(enter, () => leave),
          Stream.unfold<Status | undefined, string, never, never>(undefined, (known) =>
            known === undefined ? greeting : next(known)
          )
        )
      )
    }
  })

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

const alive = (known: Status): Effect.Effect<readonly [string, Status]> =>
  Effect.map(MonotonicClock.currentTimeMillis, (at) => [event("alive", { at }), known])

/** From one status to the next; `undefined` when nothing has changed. */
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

/** What is new or other than it was, and the keys of what is no more. */
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
  const left = { ...most }
  return now.filter(
    (decision) => !known.has(decision) && left[isTroubled(decision) ? "troubled" : "smooth"]-- > 0
  )
}
