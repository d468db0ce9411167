/** One session with Redis: sends what changed here, and applies what changed there, until the connection is lost. */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BenchKey } from "../../domain/BenchKey.ts"
import { ClockOffset } from "../../time/ClockOffset.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Bench from "../Bench.ts"

import type { LocalCopy } from "./LocalCopy.ts"
import * as ReadSaved from "./ReadSaved.ts"
import * as RedisProblem from "./RedisProblem.ts"
import * as Scripts from "./Scripts.ts"
import * as Shared from "./Shared.ts"

/** What a session needs to know. */
export interface Settings {
  readonly names: Scripts.Names
  /** The timeout of a command. */
  readonly timeout: Duration.Input
  /** How often everything is compared. */
  readonly resync: Duration.Input
  /** The delay before a full Redis is tried again, in milliseconds. */
  readonly pause: number
}

/** The next task of a session. */
type Work =
  | { readonly _tag: "Push" }
  | { readonly _tag: "Pull"; readonly isWhole: boolean }
  | { readonly _tag: "Message"; readonly text: string }
  | { readonly _tag: "Missing"; readonly keys: ReadonlyMap<BenchKey, Shared.Agreed> }
  | { readonly _tag: "Flush"; readonly done: Deferred.Deferred<void> }
  | { readonly _tag: "Lost"; readonly error: unknown }

/** The state of Redis when this process was last in sync; see `Scripts.pull`. */
interface SyncPoint {
  readonly era: string
  readonly epoch: number
  readonly size: number | undefined
}

/** A connection that answers. */
export interface Session {
  readonly redis: Redis.Redis["Service"]
  readonly work: Queue.Queue<Work>
}

/** The batch size of reads and writes: some milliseconds of work, here and in Redis. */
const batchSize = 500

/** Yields after this many unchanged keys. */
const yieldEvery = 5_000

/** After this many comparisons all records are read, even if Redis counted no change. */
const wholeEvery = 10

/** How long a message may be in flight before a key missing in a comparison counts as gone. */
const messageDelay = "100 millis"

/** An unreadable record is removed when its end is longer ago than this, in milliseconds. */
const keepUnreadable = 7 * 24 * 3_600_000

/** The sessions of a replica, one after the other; what it knows of Redis outlives them. */
export const make = (copy: LocalCopy, settings: Settings) => {
  const { names, pause, resync, timeout } = settings
  const unreadable = new ReadSaved.Unreadable()
  const offset = new ClockOffset()
  /** The version up to which everything was sent; `undefined`: everything has to be compared. */
  let sentVersion: Bench.State["entries"] | undefined
  /** The state of Redis when this process was last in sync. */
  let synced: SyncPoint = { era: "", epoch: 0, size: undefined }
  /** Whether the last comparison found an empty Redis, which has no era, and nothing here that it lacks. */
  let isBeginning = false
  /** The next change of an empty Redis begins its era. */
  const begins = (era: string | undefined, epoch: number) => {
    if (!isBeginning || era === undefined || epoch !== synced.epoch + 1) return
    isBeginning = false
    synced = { ...synced, era }
  }
  /** Names unreadable records in the log, each once. */
  const name = (records: ReadonlyMap<string, string>) => {
    const names = unreadable.tell(records)
    return names === undefined
      ? Effect.void
      : Effect.logWarning(
          `Records of the shared bench could not be read; they are left unchanged, and the others are used. ${names}`
        )
  }

  /** A message was lost, and everything will be compared in a moment. */
  let isCatchingUp = false
  const catchUp = (session: Session) =>
    Effect.suspend(() => {
      isBeginning = false
      if (isCatchingUp) return Effect.void
      isCatchingUp = true
      return later(session, messageDelay, { _tag: "Pull", isWhole: false })
    })

  const listen = Effect.fnUntraced(function* (session: Session, text: string) {
    const message = Shared.messageIn(text)
    if (message === undefined) return yield* name(new Map([["a message", "it is not a bench message"]]))
    const { byHand, epoch, era, key, record, writer } = message
    if (epoch !== undefined) begins(era, epoch)
    if (epoch === synced.epoch + 1) synced = { ...synced, epoch, size: undefined }
    else if (epoch !== undefined && epoch > synced.epoch) yield* catchUp(session)
    if (writer === copy.replica) return
    if (typeof record === "string") return yield* name(new Map([[key, record]]))
    const now = yield* MonotonicClock.currentTimeMillis
    if (record?.unreadable !== undefined) yield* name(new Map([[key, record.unreadable]]))
    if (record !== undefined) return copy.apply([[key, record]], offset.of(message.now, now), now)
    copy.cleared(key, byHand, now)
  })

  const push = Effect.fnUntraced(function* ({ redis }: Session) {
    const { entries } = copy
    const keys =
      sentVersion === undefined
        ? new Set([...entries.keys(), ...copy.agreed.keys()])
        : sentVersion.changedBy(entries)
    // Until everything is sent: after an error everything is compared again.
    sentVersion = undefined
    let said: Array<Scripts.Command> = []
    let entryOf = new Map<BenchKey, Bench.Entry>()
    const send = Effect.suspend(() => {
      const [part, sent] = [said, entryOf]
      said = []
      entryOf = new Map()
      const written = redis.eval(Scripts.write)(names, copy.replica, part)
      return Effect.map(Effect.timeout(written, timeout), ([era, epochs]) => {
        begins(era, epochs.find((epoch) => epoch > 0) ?? 0)
        copy.written(era, part, epochs, sent)
      })
    })
    const now = yield* MonotonicClock.currentTimeMillis
    let looked = 0
    for (const key of keys) {
      if (++looked % yieldEvery === 0) yield* Effect.yieldNow
      // Sends the latest version: reading an old one is slow, and changes made meanwhile are sent sooner.
      const entry = copy.entries.get(key)
      if (entry === undefined) {
        copy.agreed.delete(key)
        continue
      }
      const changes = Shared.changesOf(key, entry, copy.agreed.get(key), now)
      for (const change of changes) said.push(change)
      if (changes.length > 0) entryOf.set(key, entry)
      else {
        if (copy.claimed.has(key) && entry.probe !== copy.claimed.get(key))
          said.push({ _tag: "GiveBack", key })
        copy.agree(key, entry)
      }
      if (entry.probe !== copy.claimed.get(key)) copy.claimed.delete(key)
      if (said.length >= batchSize) yield* send
    }
    if (said.length > 0) yield* send
    sentVersion = entries
  })

  /** A Redis that accepts no changes gets them later; remote changes are still read meanwhile. */
  let isFull = false
  const tell = (session: Session) =>
    Effect.matchCauseEffect(push(session), {
      onSuccess: () => {
        const wasFull = isFull
        isFull = false
        return wasFull ? Effect.logInfo("Redis takes changes of the bench again.") : Effect.void
      },
      onFailure: (cause) => {
        const { kind, why } = RedisProblem.of(cause)
        if (kind !== "full") return Effect.failCause(cause)
        const isNew = !isFull
        isFull = true
        return Effect.andThen(
          isNew ? Effect.logWarning(`The bench cannot be shared over Redis now: ${why}.`) : Effect.void,
          later(session, pause, { _tag: "Push" })
        )
      }
    })

  const later = ({ work }: Session, delay: Duration.Input, next: Work) =>
    Effect.sleep(delay).pipe(Effect.andThen(Queue.offer(work, next)), Effect.forkScoped)

  /** Compares everything, if anything may have been missed. */
  const pull = Effect.fnUntraced(function* (session: Session, isWhole = false) {
    const { redis } = session
    isCatchingUp = false
    const before = synced
    const seen = new Set<BenchKey>()
    let known = isWhole ? "nothing" : `${synced.era} ${synced.epoch} ${synced.size ?? "?"}`
    let cursor = "0"
    let isSame = false
    do {
      const asked = yield* MonotonicClock.currentTimeMillis
      const page = yield* Effect.timeout(redis.eval(Scripts.pull)(names, cursor, batchSize, known), timeout)
      const [redisNow, era = "", epochText, size, next = "0"] = page
      const now = yield* MonotonicClock.currentTimeMillis
      const ahead = offset.measured(Number(redisNow), asked, now)
      if (next === "same") {
        synced = { ...synced, size: Number(size) }
        return
      }
      if (known !== "") {
        const epoch = Number(epochText) || 0
        isSame = era !== "" && era === before.era && epoch >= before.epoch
        copy.isAt(era, epoch)
        isBeginning = false
        synced = { era, epoch, size: Number(size) }
        known = ""
      }
      const records: Array<readonly [BenchKey, Shared.Record]> = []
      const nonsense = new Map<string, string>()
      const over: Array<string> = []
      for (let i = 5; i + 1 < page.length; i += 2) {
        const [key, text] = [page[i]!, page[i + 1]!]
        const record = Shared.recordIn(text)
        seen.add(key)
        if (Shared.isOver(record, text, Number(redisNow), keepUnreadable)) over.push(key, text)
        else if (typeof record === "string") nonsense.set(key, record)
        else {
          if (record.unreadable !== undefined) nonsense.set(key, record.unreadable)
          records.push([key, record])
        }
      }
      copy.apply(records, ahead, now)
      yield* name(nonsense)
      yield* tell(session)
      if (over.length > 0 && !isFull) {
        yield* Effect.timeout(redis.eval(Scripts.sweep)(names, over), timeout)
      }
      cursor = next
    } while (cursor !== "0")

    const now = yield* MonotonicClock.currentTimeMillis
    const missing = new Map<BenchKey, Shared.Agreed>()
    for (const [key, known] of copy.agreed) {
      if (seen.has(key) || known.epoch > synced.epoch || !Bench.isBenched(known.entry, now)) continue
      // It was cleared while this process was disconnected.
      if (isSame) copy.cleared(key, true, now)
      else missing.set(key, known)
    }
    isBeginning = synced.era === "" && synced.size === 0 && missing.size === 0
    if (missing.size > 0) yield* later(session, messageDelay, { _tag: "Missing", keys: missing })
  })

  const workOn = Effect.fnUntraced(function* (session: Session, all: ReadonlyArray<Work>) {
    let isPush = false
    let isPull = false
    let isWhole = false
    const waiting: Array<Deferred.Deferred<void>> = []
    for (const next of all) {
      if (next._tag === "Lost") return yield* Effect.fail(next.error)
      if (next._tag === "Message") yield* listen(session, next.text)
      else if (next._tag === "Pull") {
        isPull = true
        isWhole ||= next.isWhole
      } else isPush = true
      if (next._tag === "Missing") {
        copy.sendAgain(next.keys)
        sentVersion = undefined
      }
      if (next._tag === "Flush") waiting.push(next.done)
    }
    if (isPush) yield* tell(session)
    for (const done of waiting) yield* Deferred.succeed(done, undefined)
    if (isPull) yield* pull(session, isWhole)
  })

  /**
   * Runs one session until the connection is lost, and fails with why. `onJoin` runs in its scope once both sides are in sync.
   */
  return <E>(
    connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>,
    onJoin: (session: Session) => Effect.Effect<void, never, Scope.Scope>
  ) =>
    Effect.scoped(
      Effect.gen(function* () {
        const redis = yield* connect
        const work = yield* Queue.sliding<Work>(4096)
        const session: Session = { redis, work }
        const messages = yield* redis.subscribe(names.channel)
        sentVersion = undefined
        isBeginning = false
        copy.reconnected()
        // Holding a version would keep all changes since.
        yield* Effect.addFinalizer(() => Effect.sync(() => (sentVersion = undefined)))
        yield* tell(session)
        yield* pull(session, true)
        yield* onJoin(session)
        yield* Stream.fromQueue(messages).pipe(
          Stream.runForEach(({ message }) => Queue.offer(work, { _tag: "Message", text: message })),
          Effect.catchCause((error) => Queue.offer(work, { _tag: "Lost", error })),
          Effect.forkScoped({ startImmediately: true })
        )
        let round = 0
        yield* Effect.sleep(resync).pipe(
          Effect.andThen(
            Effect.suspend(() => Queue.offer(work, { _tag: "Pull", isWhole: ++round % wholeEvery === 0 }))
          ),
          Effect.forever,
          Effect.forkScoped
        )
        // Sends what changed during the setup.
        yield* Queue.offer(work, { _tag: "Push" })
        while (true) yield* workOn(session, yield* Queue.takeAll(work))
      })
    )
}
