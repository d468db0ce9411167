/** A fake Redis in this process and in virtual time, with what the scripts of the shared bench need. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Scripts from "../../src/health/stores/Scripts.ts"

type Fields = Record<string, unknown>

const isByHand = (manual: Fields | undefined, now: number): boolean =>
  manual !== undefined && (manual.until === undefined || Number(manual.until) > now)

/** The record with absolute times instead of durations. */
const absolute = (record: Fields, now: number): Fields => {
  const { age, hint, left, manual, ...rest } = record
  const made: Fields = { ...rest }
  if (record.reason !== undefined) {
    made.until = now + Number(left)
    made.since = now - Number(age)
  }
  if (hint !== undefined) made.hint = now + Number(hint)
  if (manual !== undefined) {
    const { age: since, left: rest, ...other } = manual as Fields
    made.manual = {
      ...other,
      since: now - Number(since),
      ...(rest !== undefined && { until: now + Number(rest) })
    }
  }
  return made
}

/** The winner of two records of a key, as in `Scripts.write`. */
const merged = (old: Fields | undefined, record: Fields, now: number): Fields => {
  const next = absolute(record, now)
  if (old?.reason !== undefined) {
    const isOther =
      old.fingerprint !== undefined && next.fingerprint !== undefined && old.fingerprint !== next.fingerprint
    if (next.reason === undefined || (Number(old.until) > Number(next.until) && !isOther)) {
      for (const field of ["reason", "evidence", "until", "since", "hint", "fingerprint"])
        next[field] = old[field]
      next.failures = Math.max(Number(old.failures), Number(next.failures))
    } else next.since = Math.min(Number(old.since), Number(next.since))
    next.consecutiveBenches = Math.max(Number(old.consecutiveBenches), Number(next.consecutiveBenches))
  }
  const held = old?.manual as Fields | undefined
  const given = next.manual as Fields | undefined
  const outlasts = (until: unknown) => held?.until === undefined || Number(held.until) > Number(until)
  if (isByHand(held, now) && (given === undefined || (given.until !== undefined && outlasts(given.until)))) {
    next.manual = held
  }
  return next
}

/** One server. `delay` is the time of a message to it or from it, in milliseconds. */
export class VirtualRedis {
  readonly #entries = new Map<string, Fields>()
  readonly #probes = new Map<string, { readonly replica: string; readonly deadline: number }>()
  readonly #listeners = new Set<Queue.Queue<Redis.RedisMessage, Redis.RedisError>>()
  readonly #delay: number
  readonly #clock: Clock.Clock | undefined
  #epoch = 0
  #era = ""

  /** Without a clock of its own it uses that of the calling process. */
  constructor(delay: number, clock?: Clock.Clock) {
    this.#delay = delay
    this.#clock = clock
  }

  /** A connection to it. */
  get connection(): Redis.Redis["Service"] {
    const answers = new Map<unknown, (...params: ReadonlyArray<never>) => Effect.Effect<unknown>>([
      [Scripts.write, this.#write],
      [Scripts.pull, this.#pull],
      [Scripts.claim, this.#claim],
      [Scripts.sweep, () => Effect.succeed(1)]
    ])
    const unknown = () => Effect.die(new Error("an unknown command"))
    return {
      send: unknown,
      reserve: Effect.die(new Error("an unknown command")),
      subscribe: () =>
        Effect.acquireRelease(
          Effect.tap(Queue.unbounded<Redis.RedisMessage, Redis.RedisError>(), (queue) =>
            Effect.sync(() => this.#listeners.add(queue))
          ),
          (queue) => Effect.sync(() => this.#listeners.delete(queue))
        ),
      eval:
        (script) =>
        (...params) => {
          const answer = answers.get(script)
          if (answer === undefined) return unknown()
          const done: Effect.Effect<unknown> = answer(
            ...(params as ReadonlyArray<unknown> as ReadonlyArray<never>)
          )
          const both = Effect.delay(done, this.#delay).pipe(Effect.tap(Effect.sleep(this.#delay)))
          return (
            this.#clock === undefined ? both : Effect.provideService(both, Clock.Clock, this.#clock)
          ) as never
        }
    }
  }

  readonly #write = (_: Scripts.Names, replica: string, commands: ReadonlyArray<Scripts.Command>) =>
    Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      if (this.#era === "") this.#era = `${replica}-${now}`
      const epochs: Array<number> = []
      for (const command of commands) {
        const { key } = command
        if (this.#probes.get(key)?.replica === replica) this.#probes.delete(key)
        if (command._tag === "Put")
          epochs.push(yield* this.#put(replica, key, JSON.parse(command.record), now))
        else if (command._tag === "Clear") epochs.push(yield* this.#clear(replica, command, now))
        else epochs.push(0)
      }
      return [this.#era, epochs]
    })

  #put(replica: string, key: string, record: Fields, now: number) {
    const epoch = ++this.#epoch
    const made = { ...merged(this.#entries.get(key), record, now), epoch, writer: replica }
    this.#entries.set(key, made)
    return Effect.as(this.#publish({ key, writer: replica, now, record: made }), epoch)
  }

  #clear(replica: string, { byHand, epoch, key }: Scripts.Command & { readonly _tag: "Clear" }, now: number) {
    const old = this.#entries.get(key)
    const isNewer = !byHand && Number(old?.epoch) > epoch && old?.writer !== replica
    if (old === undefined || isNewer) return Effect.succeed(0)
    const count = ++this.#epoch
    const manual = old.manual as Fields | undefined
    if (!byHand && isByHand(manual, now)) {
      const rest = { since: 0, until: 0, consecutiveBenches: 0, failures: 0 }
      this.#entries.set(key, { ...rest, manual, writer: replica, epoch: count })
    } else this.#entries.delete(key)
    return Effect.as(this.#publish({ key, writer: replica, now, byHand, epoch: count }), count)
  }

  #publish(message: Fields): Effect.Effect<void> {
    const text = JSON.stringify({ ...message, era: this.#era })
    const send = Effect.sync(() => {
      for (const queue of this.#listeners) Queue.offerUnsafe(queue, { channel: "", message: text })
    })
    return Effect.asVoid(Effect.forkDetach(Effect.delay(send, this.#delay)))
  }

  readonly #pull = (_: Scripts.Names, __: string, ___: number, known: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const size = String(this.#entries.size)
      const head = [String(now), this.#era, String(this.#epoch), size]
      const at = `${this.#era} ${this.#epoch} `
      if (known === at + size || (known === `${at}?` && size !== "0")) return [...head, "same"]
      return [...head, "0", ...[...this.#entries].flatMap(([key, record]) => [key, JSON.stringify(record)])]
    })

  readonly #claim = (_: Scripts.Names, replica: string, lease: number, keys: ReadonlyArray<string>) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      for (const key of keys) {
        const held = this.#probes.get(key)
        if (held !== undefined && held.replica !== replica && held.deadline > now) return held.deadline - now
      }
      for (const key of keys) this.#probes.set(key, { replica, deadline: now + lease })
      return 0
    })
}
