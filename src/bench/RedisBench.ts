/**
 * The bench shared by all replicas of a service, over Redis.
 *
 * Every decision is made on this process's own copy, so no request waits for Redis; a background fiber tells the others
 * what changed here and takes up what changed there, in some milliseconds. Only a probe asks first, for at most 100 ms,
 * whether another replica is probing already: so one probe is sent and not one per replica.
 *
 * While Redis is slow, paused or gone, each process goes on with its own copy, as with the bench in memory. There is one
 * connection and one fiber that talks over it; the first command that is not answered in time ends that session, and
 * nothing else is sent until a new one has been opened. Then the states are merged: of two ends the later one holds.
 *
 * Clocks of the replicas need not agree. Counts for reports, and rows of failures that have not led to a rest, stay with
 * each process.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Bench from "../core/Bench.ts"
import type { BenchKey } from "../core/BenchKey.ts"
import { BenchRegistry, makeMemory } from "../core/BenchRegistry.ts"
import * as Checks from "../core/Checks.ts"
import * as Steady from "../core/Steady.ts"
import { forgive, restore } from "./Saved.ts"
import * as Scripts from "./Scripts.ts"
import * as Shared from "./Shared.ts"

/** How replicas share their bench. */
export interface Options {
  /** What all keys in Redis begin with; replicas with the same prefix share a bench. Default `effect-failover`. */
  readonly prefix?: string | undefined
  /** How long a command in the background may take. Default 1 s. */
  readonly timeout?: Duration.Input | undefined
  /** How long a probe may wait for the word of Redis, before it is sent without. Default 100 ms. */
  readonly claimTimeout?: Duration.Input | undefined
  /** How long a probe keeps the other replicas from probing, at most. Default 30 s. */
  readonly lease?: Duration.Input | undefined
  /** How often everything is compared, should a message have been lost. Default 30 s. */
  readonly resync?: Duration.Input | undefined
  /** How long to wait before Redis is tried again. Default 1 s, with up to as much again by chance. */
  readonly retry?: Duration.Input | undefined
}

/** The bench in the Redis of the context. */
export const layer = (options?: Options): Layer.Layer<BenchRegistry, never, Redis.Redis> =>
  Layer.effect(
    BenchRegistry,
    Effect.flatMap(Redis.Redis, (redis) => make(Effect.succeed(redis), options))
  )

/** What the session in the background has to do next. */
type Work =
  | { readonly _tag: "Push" }
  | { readonly _tag: "Pull" }
  | { readonly _tag: "Message"; readonly text: string }
  | { readonly _tag: "Lost"; readonly error: unknown }

/** A connection that answers. */
interface Session {
  readonly redis: Redis.Redis["Service"]
  readonly work: Queue.Queue<Work>
}

/** A replica that was told of another one's probe looks again after this long, in milliseconds. */
const askAgain = 1_000

/** Ends that differ by less, in milliseconds, are the same end: two clocks were read on the way. */
const slack = 500

/**
 * Builds the registry. `connect` opens the connection of a session and is asked anew when one has ended; the registry is
 * there at once, whether it succeeds or not.
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
  const names = Scripts.names(options.prefix ?? "effect-failover")
  const timeout = options.timeout ?? "1 second"
  const claimTimeout = options.claimTimeout ?? "100 millis"
  const resync = options.resync ?? "30 seconds"
  const lease = Duration.toMillis(options.lease ?? "30 seconds")
  const pause = Duration.toMillis(options.retry ?? "1 second")
  const replica = (yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)
  const registry = yield* makeMemory
  const agreed = new Map<BenchKey, Shared.Agreed>()
  /** Probes of this process that the others were told of. */
  const claimed = new Map<BenchKey, number>()
  let online: Session | undefined

  /** Takes a step of the state machine that the others need not be told of. */
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

  const takeUp = (key: BenchKey, record: typeof Shared.Record.Type, ahead: number, now: number) => {
    const { epoch, writer } = record
    const known = agreed.get(key)
    // Taken up before; what has happened here since is newer.
    if (known !== undefined && epoch <= (writer === replica ? known.epoch : known.taken)) return
    const from = Shared.incoming(record, ahead)
    const { entry, isToldOf } = modify(key, now, (state) => restore(state, key, from, now, slack))
    const taken = writer === replica ? (known?.taken ?? 0) : epoch
    agree(key, isToldOf ? entry : known?.entry, { epoch: Math.max(epoch, known?.epoch ?? 0), taken })
  }

  const listen = Effect.fnUntraced(function* (text: string) {
    const message = yield* Schema.decodeEffect(Shared.Message)(text)
    const { byHand = false, key, record, writer } = message
    if (writer === replica) return
    const now = yield* Steady.currentTimeMillis
    if (record !== undefined) return takeUp(key, record, now - message.now, now)
    // What began here meanwhile and has not been told yet is newer than what was cleared there.
    if (!byHand && agreed.get(key)?.entry !== registry.stateUnsafe().entries.get(key)) return
    const { entry } = modify(key, now, (state) => forgive(state, key, byHand, now))
    agree(key, entry)
  })

  const push = Effect.fnUntraced(function* ({ redis }: Session) {
    const { entries } = registry.stateUnsafe()
    const now = yield* Steady.currentTimeMillis
    for (const [key, entry] of entries) {
      const known = agreed.get(key)
      const change = Shared.changeOf(key, entry, known, now)
      let epoch = known?.epoch ?? 0
      if (change?._tag === "Put") epoch = yield* redis.eval(Scripts.put)(names, key, replica, change.record)
      else if (change?._tag === "Clear") {
        yield* redis.eval(Scripts.clear)(names, key, replica, change.epoch, change.byHand)
      } else if (claimed.has(key) && entry.probe !== claimed.get(key)) {
        yield* redis.eval(Scripts.giveBack)(names, key, replica)
      }
      if (entry.probe !== claimed.get(key)) claimed.delete(key)
      agree(key, entry, { epoch, taken: known?.taken ?? 0 })
    }
    for (const key of agreed.keys()) if (!entries.has(key)) agreed.delete(key)
  })

  const pull = Effect.fnUntraced(function* ({ redis, work }: Session) {
    const [redisNow, ...pairs] = yield* redis.eval(Scripts.pull)(names)
    const now = yield* Steady.currentTimeMillis
    const seen = new Set<BenchKey>()
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const key = pairs[i]!
      seen.add(key)
      takeUp(key, yield* Schema.decodeEffect(Shared.RecordText)(pairs[i + 1]!), now - Number(redisNow), now)
    }
    // What the others do not have (a Redis that came back empty) is told again.
    let isMissing = false
    for (const [key, { entry }] of agreed) {
      if (seen.has(key) || !Bench.isResting(entry, now)) continue
      isMissing = true
      agreed.delete(key)
    }
    if (isMissing) yield* Queue.offer(work, { _tag: "Push" })
  })

  const session = Effect.scoped(
    Effect.gen(function* () {
      const redis = yield* connect
      const work = yield* Queue.sliding<Work>(4096)
      const own: Session = { redis, work }
      const messages = yield* redis.subscribe(names.channel)
      // It may be another Redis, or one that begins again at 1.
      for (const [key, { entry }] of agreed) agree(key, entry, {})
      yield* push(own).pipe(Effect.andThen(pull(own)), Effect.timeout(timeout))
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          online = undefined
        })
      )
      online = own
      isNews = true
      yield* Effect.logInfo("The bench is shared over Redis.")
      yield* Stream.fromQueue(messages).pipe(
        Stream.runForEach(({ message }) => Queue.offer(work, { _tag: "Message", text: message })),
        Effect.catchCause((error) => Queue.offer(work, { _tag: "Lost", error })),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* Effect.sleep(resync).pipe(
        Effect.andThen(Queue.offer(work, { _tag: "Pull" })),
        Effect.forever,
        Effect.forkScoped
      )
      // What changed while this was being set up.
      yield* Queue.offer(work, { _tag: "Push" })
      while (true) {
        const next = yield* Queue.take(work)
        if (next._tag === "Lost") return yield* Effect.fail(next.error)
        const done = next._tag === "Push" ? push(own) : next._tag === "Pull" ? pull(own) : listen(next.text)
        yield* Effect.timeout(done, timeout)
      }
    })
  )

  let isNews = true
  const forEver = session.pipe(
    Effect.catchCause((cause) => {
      const isFirst = isNews
      isNews = false
      return isFirst
        ? Effect.logWarning("Redis does not answer: this process goes on with its own bench.", cause)
        : Effect.void
    }),
    Effect.andThen(Random.nextBetween(pause, 2 * pause)),
    Effect.flatMap((millis) => Effect.sleep(millis)),
    Effect.forever
  )
  const background = yield* Effect.forkDetach(forEver, { startImmediately: true })
  // A connection that hangs while it is opened cannot be interrupted, and must not keep the process.
  yield* Effect.addFinalizer(() =>
    Fiber.interrupt(background).pipe(Effect.timeoutOption(timeout), Effect.asVoid)
  )
  yield* registry.changes.pipe(
    Stream.runForEach(() => Effect.sync(() => online && Queue.offerUnsafe(online.work, { _tag: "Push" }))),
    Effect.forkScoped({ startImmediately: true })
  )

  /** Another replica is probing: look again in a moment. */
  const deny = (probe: Bench.Probe, wait: number, now: number) => {
    const until = now + Math.min(wait, askAgain)
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
                : Effect.map(Steady.currentTimeMillis, (now) => {
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
