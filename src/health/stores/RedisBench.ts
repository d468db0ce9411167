/**
 * The bench shared by all replicas of a service over Redis.
 *
 * Every decision uses this process's own copy, so no request waits for Redis. A background fiber sends local changes
 * and applies remote ones within milliseconds. Only a probe first asks Redis, for at most 100 ms, whether another
 * replica is already probing: so one probe is sent, not one per replica.
 *
 * While Redis is slow, paused or gone, each process continues with its own copy, as with the in-memory bench. There
 * is one connection and one fiber that uses it; the first command without an answer in time ends that session, and
 * nothing else is sent until a new one is open. Then the states are merged: of two ends the later one wins.
 *
 * Unreadable records (of a newer version, or invalid) are skipped, named once in the log and left unchanged. The last
 * changes are sent before the scope closes, for at most half a second.
 *
 * Supported: one server from version 5 on, with or without TLS and with its own user (`~{PREFIX}:*` and
 * `&{PREFIX}:*`), or the cluster node that has the slot of `{PREFIX}`. A full server gets the changes once there is
 * room. A read-only replica and a Sentinel are not supported: the log says why nothing is shared, and a gateway does
 * not start.
 *
 * The clocks of the replicas need not agree. Counts for reports, and failure streaks below the bench threshold, stay
 * in each process.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BenchKey } from "../../domain/BenchKey.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Checks from "../../util/Checks.ts"
import * as Bench from "../Bench.ts"
import { BenchRegistry, makeMemory } from "../BenchRegistry.ts"
import * as ReadSaved from "./ReadSaved.ts"
import * as RedisProblem from "./RedisProblem.ts"
import { forgive, restore } from "./Saved.ts"
import * as Scripts from "./Scripts.ts"
import * as Shared from "./Shared.ts"

/** The default prefix of all keys in Redis. */
export const defaultPrefix = "effect-failover"

/** How replicas share their bench. */
export interface Options {
  /** The prefix of all keys in Redis; replicas with the same prefix share a bench. Default `effect-failover`. */
  readonly prefix?: string | undefined
  /** The timeout of a background command. Default 1 s. */
  readonly timeout?: Duration.Input | undefined
  /** How long a probe waits for Redis before it is sent anyway. Default 100 ms. */
  readonly claimTimeout?: Duration.Input | undefined
  /** How long a probe keeps other replicas from probing, at most. Default 30 s. */
  readonly lease?: Duration.Input | undefined
  /** How often everything is compared, in case a message was lost. Default 30 s. */
  readonly resync?: Duration.Input | undefined
  /** The delay before Redis is tried again. Default 1 s, plus up to the same again at random. */
  readonly retry?: Duration.Input | undefined
}

/** The bench in the Redis of the context. */
export const layer = (options?: Options): Layer.Layer<BenchRegistry, never, Redis.Redis> =>
  Layer.effect(
    BenchRegistry,
    Effect.flatMap(Redis.Redis, (redis) => make(Effect.succeed(redis), options))
  )

/** The next task of the background session. */
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
interface Session {
  readonly redis: Redis.Redis["Service"]
  readonly work: Queue.Queue<Work>
}

/** The batch size of reads and writes: some milliseconds of work, here and in Redis. */
const batchSize = 500

/** Yields after so many unchanged keys. */
const yieldEvery = 5_000

/** Every so many comparisons all records are read, even if Redis counted no change. */
const wholeEvery = 10

/** How long a message may be in flight before a key missing in a comparison counts as gone. */
const messageDelay = "100 millis"

/** How long the final write may take when the scope closes, in milliseconds. */
const finalWriteTimeout = 500

/** An unreadable record is removed when its end is longer ago than this, in milliseconds. */
const keepUnreadable = 7 * 24 * 3_600_000

/** A replica that was denied a probe tries again after this long, in milliseconds. */
const retryClaimAfter = 1_000

/** Ends that differ by less than this, in milliseconds, are equal: two clocks were read on the way. */
const slack = 500

/**
 * Builds the registry. `connect` opens the connection of a session and runs again after a session has ended. The
 * registry is available at once, whether it succeeds or not.
 */
export const make = Effect.fnUntraced(function* <E>(
  connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>,
  options: Options = {}
): Effect.fn.Return<BenchRegistry["Service"], never, Scope.Scope> {
  Checks.fields("RedisBench.make", options, {
    timeout: Checks.duration,
    claimTimeout: Checks.duration,
    lease: Checks.duration,
    resync: Checks.duration,
    retry: Checks.duration
  })
  const names = Scripts.names(options.prefix ?? defaultPrefix)
  const timeout = options.timeout ?? "1 second"
  const claimTimeout = options.claimTimeout ?? "100 millis"
  const resync = options.resync ?? "30 seconds"
  const lease = Duration.toMillis(options.lease ?? "30 seconds")
  const pause = Duration.toMillis(options.retry ?? "1 second")
  const replica = (yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)
  const registry = yield* makeMemory
  const agreed = new Map<BenchKey, Shared.Agreed>()
  /** Probes of this process that were announced to the others. */
  const claimed = new Map<BenchKey, number>()
  const unreadable = new ReadSaved.Unreadable()
  let online: Session | undefined
  /** The version up to which everything was sent; `undefined`: everything has to be compared. */
  let sentVersion: Bench.State["entries"] | undefined
  /** The state of Redis when this process was last in sync. */
  let synced: SyncPoint = { era: "", epoch: 0, size: undefined }
  /** What this session last heard of Redis: the epochs in `agreed` are of this era. */
  let heard = { era: "", epoch: 0 }

  /** Makes a state change that the other replicas need not know. */
  const modify = (key: BenchKey, now: number, f: (state: Bench.State) => Bench.State) => {
    const isToldOf = agreed.get(key)?.entry === registry.stateUnsafe().entries.get(key)
    registry.modifyUnsafe((state) => [undefined, f(state)], now)
    const entry = registry.stateUnsafe().entries.get(key)
    return { isToldOf, entry }
  }
  const agree = (
    key: BenchKey,
    entry: Bench.Entry | undefined,
    { epoch = 0, taken = 0 }: { readonly epoch?: number; readonly taken?: number } = agreed.get(key) ?? {}
  ) => {
    if (entry === undefined) agreed.delete(key)
    else agreed.set(key, { entry, epoch, taken })
  }
  const forgetEpochs = () => {
    for (const [key, { entry }] of agreed) agree(key, entry, {})
  }
  /** Forgets the epochs if Redis was replaced, or its counter has restarted. */
  const hear = (era: string, epoch: number) => {
    if (era !== heard.era || epoch < heard.epoch) forgetEpochs()
    heard = { era, epoch }
  }
  const name = (records: ReadonlyMap<string, string>) => {
    const names = unreadable.tell(records)
    return names === undefined
      ? Effect.void
      : Effect.logWarning(
          `Records of the shared bench could not be read; they are left unchanged, and the others are used. ${names}`
        )
  }

  /** Applies records in one step. */
  const applyRecords = (
    records: ReadonlyArray<readonly [BenchKey, Shared.Record]>,
    ahead: number,
    now: number
  ): void => {
    const { entries } = registry.stateUnsafe()
    const news = records.flatMap(([key, record]) => {
      const { epoch, writer } = record
      const known = agreed.get(key)
      // Applied before; later local changes are newer.
      if (known !== undefined && epoch <= (writer === replica ? known.epoch : known.taken)) return []
      const isToldOf = known?.entry === entries.get(key)
      const isLatest = isToldOf && epoch > (known?.epoch ?? 0)
      return [{ key, record, known, isToldOf, isLatest, from: Shared.fromWire(record, ahead) }]
    })
    if (news.length === 0) return
    registry.modifyUnsafe((state) => {
      let next = state
      for (const { from, isLatest, key } of news) next = restore(next, key, from, now, slack, isLatest)
      return [undefined, next]
    }, now)
    const after = registry.stateUnsafe().entries
    for (const { isToldOf, key, known, record } of news) {
      const { epoch, writer } = record
      const taken = writer === replica ? (known?.taken ?? 0) : epoch
      const entry = isToldOf ? after.get(key) : known?.entry
      agree(key, entry, { epoch: Math.max(epoch, known?.epoch ?? 0), taken })
    }
  }

  const listen = Effect.fnUntraced(function* (text: string) {
    const message = Shared.messageIn(text)
    if (message === undefined) return yield* name(new Map([["a message", "it is not a bench message"]]))
    const { byHand, epoch, key, record, writer } = message
    if (epoch === synced.epoch + 1) synced = { ...synced, epoch, size: undefined }
    if (writer === replica) return
    if (typeof record === "string") return yield* name(new Map([[key, record]]))
    const now = yield* MonotonicClock.currentTimeMillis
    if (record !== undefined) return applyRecords([[key, record]], now - message.now, now)
    clearedElsewhere(key, byHand, now)
  })

  const clearedElsewhere = (key: BenchKey, byHand: boolean, now: number) => {
    const known = agreed.get(key)
    const here = registry.stateUnsafe().entries.get(key)
    if (known?.entry !== here) {
      // A local bench that began meanwhile and has not been sent yet is newer than the one cleared remotely.
      if (!byHand) return
      if (here?.manual !== undefined && here.manual !== known?.entry.manual) return void agreed.delete(key)
    }
    const { entry } = modify(key, now, (state) => forgive(state, key, byHand, now))
    agree(key, entry)
  }

  const push = Effect.fnUntraced(function* ({ redis }: Session) {
    const { entries } = registry.stateUnsafe()
    const keys =
      sentVersion === undefined
        ? new Set([...entries.keys(), ...agreed.keys()])
        : sentVersion.changedBy(entries)
    // Until everything is sent: after an error everything is compared again.
    sentVersion = undefined
    let said: Array<Scripts.Command> = []
    let entryOf = new Map<BenchKey, Bench.Entry>()
    const send = Effect.suspend(() => {
      const [part, sent] = [said, entryOf]
      said = []
      entryOf = new Map()
      const agreeOn = ([era, epochs]: readonly [era: string, epochs: ReadonlyArray<number>]) => {
        hear(era, Math.max(era === heard.era ? heard.epoch : 0, ...epochs))
        for (const [index, { _tag, key }] of part.entries()) {
          const taken = agreed.get(key)?.taken ?? 0
          if (_tag === "Put") agree(key, sent.get(key), { epoch: epochs[index] ?? 0, taken })
          else if (_tag === "Clear") agree(key, sent.get(key))
        }
      }
      return Effect.map(Effect.timeout(redis.eval(Scripts.write)(names, replica, part), timeout), agreeOn)
    })
    const now = yield* MonotonicClock.currentTimeMillis
    let looked = 0
    for (const key of keys) {
      if (++looked % yieldEvery === 0) yield* Effect.yieldNow
      // Sends the latest version: reading an old one is slow, and changes made meanwhile are sent sooner.
      const entry = registry.stateUnsafe().entries.get(key)
      if (entry === undefined) {
        agreed.delete(key)
        continue
      }
      const changes = Shared.changesOf(key, entry, agreed.get(key), now)
      for (const change of changes) said.push(change)
      if (changes.length > 0) entryOf.set(key, entry)
      else {
        if (claimed.has(key) && entry.probe !== claimed.get(key)) said.push({ _tag: "GiveBack", key })
        agree(key, entry)
      }
      if (entry.probe !== claimed.get(key)) claimed.delete(key)
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
        if (kind !== "room") return Effect.failCause(cause)
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
    const before = synced
    const seen = new Set<BenchKey>()
    let known = isWhole ? "nothing" : `${synced.era} ${synced.epoch} ${synced.size ?? "?"}`
    let cursor = "0"
    let isSame = false
    do {
      const page = yield* Effect.timeout(redis.eval(Scripts.pull)(names, cursor, batchSize, known), timeout)
      const [redisNow, era = "", epochText, size, next = "0"] = page
      if (next === "same") {
        synced = { ...synced, size: Number(size) }
        return
      }
      const now = yield* MonotonicClock.currentTimeMillis
      if (known !== "") {
        const epoch = Number(epochText) || 0
        isSame = era !== "" && era === before.era && epoch >= before.epoch && Number(size) > 0
        hear(era, epoch)
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
        else records.push([key, record])
      }
      applyRecords(records, now - Number(redisNow), now)
      yield* name(nonsense)
      yield* tell(session)
      if (over.length > 0 && !isFull) {
        yield* Effect.timeout(redis.eval(Scripts.sweep)(names, over), timeout)
      }
      cursor = next
    } while (cursor !== "0")

    const now = yield* MonotonicClock.currentTimeMillis
    const missing = new Map<BenchKey, Shared.Agreed>()
    for (const [key, known] of agreed) {
      if (seen.has(key) || known.epoch > synced.epoch || !Bench.isResting(known.entry, now)) continue
      // It was cleared while this process was disconnected.
      if (isSame) clearedElsewhere(key, true, now)
      else missing.set(key, known)
    }
    if (missing.size > 0) yield* later(session, messageDelay, { _tag: "Missing", keys: missing })
  })

  /** Sends again what the others lack (after Redis came back empty). */
  const sendAgain = (keys: ReadonlyMap<BenchKey, Shared.Agreed>) => {
    for (const [key, known] of keys) if (agreed.get(key) === known) agreed.delete(key)
    sentVersion = undefined
  }

  const workOn = Effect.fnUntraced(function* (session: Session, all: ReadonlyArray<Work>) {
    let isPush = false
    let isPull = false
    let isWhole = false
    const waiting: Array<Deferred.Deferred<void>> = []
    for (const next of all) {
      if (next._tag === "Lost") return yield* Effect.fail(next.error)
      if (next._tag === "Message") yield* listen(next.text)
      else if (next._tag === "Pull") {
        isPull = true
        isWhole ||= next.isWhole
      } else isPush = true
      if (next._tag === "Missing") sendAgain(next.keys)
      if (next._tag === "Flush") waiting.push(next.done)
    }
    if (isPush) yield* tell(session)
    for (const done of waiting) yield* Deferred.succeed(done, undefined)
    if (isPull) yield* pull(session, isWhole)
  })

  const session = Effect.scoped(
    Effect.gen(function* () {
      const redis = yield* connect
      const work = yield* Queue.sliding<Work>(4096)
      const own: Session = { redis, work }
      const messages = yield* redis.subscribe(names.channel)
      sentVersion = undefined
      // Redis may have been replaced.
      forgetEpochs()
      heard = { era: "", epoch: 0 }
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          online = undefined
          // Holding a version would keep all changes since.
          sentVersion = undefined
        })
      )
      yield* tell(own)
      yield* pull(own, true)
      online = own
      isJoining = false
      if (lastProblem !== "") yield* Effect.logInfo("The bench is shared over Redis.")
      lastProblem = ""
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
      while (true) yield* workOn(own, yield* Queue.takeAll(work))
    })
  )

  let isJoining = true
  /** The last reported problem. */
  let lastProblem = "at first"
  const forEver = session.pipe(
    Effect.catchCause((cause) => {
      isJoining = false
      const { why } = RedisProblem.of(cause)
      if (why === lastProblem) return Effect.void
      lastProblem = why
      return why === RedisProblem.noAnswer
        ? Effect.logWarning("Redis does not answer: this process continues with its own bench.", cause)
        : Effect.logWarning(
            `The bench is not shared over Redis, this process continues with its own: ${why}.`
          )
    }),
    Effect.andThen(Random.nextBetween(pause, 2 * pause)),
    Effect.flatMap((millis) => Effect.sleep(millis)),
    Effect.forever
  )
  const background = yield* Effect.forkDetach(forEver, { startImmediately: true })
  // A connection that hangs while it is opened cannot be interrupted, and must not keep the process alive.
  yield* Effect.addFinalizer(() =>
    Fiber.interrupt(background).pipe(Effect.timeoutOption(timeout), Effect.asVoid)
  )
  // The final write: sends the last changes before the connection is closed.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      while (isJoining) yield* Effect.sleep("5 millis")
      if (online === undefined) return
      const done = yield* Deferred.make<void>()
      yield* Queue.offer(online.work, { _tag: "Flush", done })
      yield* Deferred.await(done)
    }).pipe(
      Effect.interruptible,
      Effect.timeoutOption(Math.min(finalWriteTimeout, Duration.toMillis(timeout))),
      Effect.asVoid
    )
  )
  yield* registry.changes.pipe(
    Stream.runForEachArray(() =>
      Effect.sync(() => online && Queue.offerUnsafe(online.work, { _tag: "Push" }))
    ),
    Effect.forkScoped({ startImmediately: true })
  )

  /** Another replica is probing: try again after a moment. */
  const deny = (probe: Bench.Probe, wait: number, now: number) => {
    const until = now + Math.min(wait, retryClaimAfter)
    for (const key of probe.keys) {
      claimed.delete(key)
      const { entry, isToldOf } = modify(key, now, (state) =>
        Bench.change(state, now, [key], (old) => (old.probe === probe.id ? { ...old, probe: 0, until } : old))
      )
      if (isToldOf) agree(key, entry)
    }
  }

  const claim = (probe: Bench.Probe): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const session = online
      if (session === undefined) return Effect.succeed(true)
      for (const key of probe.keys) claimed.set(key, probe.id)
      return session.redis
        .eval(Scripts.claim)(names, replica, lease, probe.keys)
        .pipe(
          Effect.timeout(claimTimeout),
          Effect.matchCauseEffect({
            onFailure: (error) => Effect.as(Queue.offer(session.work, { _tag: "Lost", error }), true),
            onSuccess: (wait) =>
              wait === 0
                ? Effect.succeed(true)
                : Effect.map(MonotonicClock.currentTimeMillis, (now) => {
                    deny(probe, wait, now)
                    return false
                  })
          })
        )
    })

  const admit: typeof registry.admit = (target) =>
    Effect.flatMap(registry.admit(target), (admission) =>
      admission._tag === "Probe"
        ? Effect.flatMap(claim(admission), (isGranted) =>
            isGranted ? Effect.succeed(admission) : registry.admit(target)
          )
        : Effect.succeed(admission)
    )

  return { ...registry, admit, claim }
})
