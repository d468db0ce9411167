/**
 * How far the clock of this process is ahead of that of Redis.
 *
 * Each message from Redis states its time. The time at which it is read is later by the offset, and by how long the message took.
 * A process that stood still may read a message seconds late, and must not end a cooldown later for that. So the smallest
 * difference that was seen counts.
 */

/** A difference that grows by more than this is a clock that was set, not a late message, in milliseconds. */
const jump = 60_000

/** An answer that took longer may have been read late, in milliseconds. */
const quick = 250

/** The offset, in milliseconds. */
export class ClockOffset {
  #least = Number.POSITIVE_INFINITY

  /** The offset, after a message with Redis' time that is read `now`. */
  of(redisNow: number, now: number): number {
    const seen = now - redisNow
    if (seen < this.#least || seen > this.#least + jump) this.#least = seen
    return this.#least
  }

  /** The same after the answer to a command that was sent at `asked`. A quick answer replaces earlier differences: clocks drift. */
  measured(redisNow: number, asked: number, now: number): number {
    if (now - asked > quick) return this.of(redisNow, now)
    this.#least = now - redisNow
    return this.#least
  }
}
