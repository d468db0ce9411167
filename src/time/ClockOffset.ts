/**
 * How far the clock of this process is ahead of that of Redis.
 *
 * It is seen whenever Redis states its time: here it is later by the offset and by the time that the answer or the message
 * took. A message may be read seconds late, by a process that stood still for example, and a cooldown in it must not end
 * later for that. So the least offset that was seen counts.
 */

/** A difference above this is a jump of a clock and no late message, in milliseconds. */
const jump = 60_000

/** The offset, in milliseconds. */
export class ClockOffset {
  #least = Number.POSITIVE_INFINITY

  /** The offset after a message with Redis' time, which is read `now`. */
  of(redisNow: number, now: number): number {
    const seen = now - redisNow
    if (seen < this.#least || seen > this.#least + jump) this.#least = seen
    return this.#least
  }

  /** The same after an answer, which never takes long. Earlier ones are forgotten, since clocks drift apart. */
  measured(redisNow: number, now: number): number {
    this.#least = now - redisNow
    return this.#least
  }
}
